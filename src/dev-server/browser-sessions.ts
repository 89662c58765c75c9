// Who is logged in at the account page, in which browser. Apart from the library's sessions, which belong to logins of
// clients.

import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export type BrowserSession = { readonly id: string; username: string | null };

export interface BrowserSessions {
  /** The browser's session, or a new one, for which a cookie is set on the response. */
  open(request: IncomingMessage, response: ServerResponse): BrowserSession;
  /** A new id with the same browser, as after every login (session fixation). */
  renew(response: ServerResponse, session: BrowserSession, username: string | null): BrowserSession;
}

const limit = 10_000;

/** `path` and the port are part of the cookie's name: cookies of 127.0.0.1 go to every port. */
export function createBrowserSessions(issuer: string): BrowserSessions {
  const { port, pathname, protocol } = new URL(issuer);
  const name = `oauth_cli_serve_${port}${pathname.replaceAll('/', '_')}_account`;
  const secure = protocol === 'https:' ? '; Secure' : '';
  const sessions = new Map<string, BrowserSession>();

  const start = (response: ServerResponse, username: string | null): BrowserSession => {
    const session = { id: randomBytes(24).toString('base64url'), username };
    sessions.set(session.id, session);
    if (sessions.size > limit) sessions.delete(sessions.keys().next().value ?? '');
    response.setHeader(
      'Set-Cookie',
      `${name}=${session.id}; Path=${pathname}; HttpOnly; SameSite=Lax${secure}`,
    );
    return session;
  };

  return {
    open(request, response) {
      const cookies = (request.headers.cookie ?? '').split(/; */);
      const id = cookies.find((cookie) => cookie.startsWith(`${name}=`))?.slice(name.length + 1);
      return sessions.get(id ?? '') ?? start(response, null);
    },
    renew(response, session, username) {
      sessions.delete(session.id);
      return start(response, username);
    },
  };
}
