// What the browser gets from the loopback listener: fixed text, never anything of a request or of the
// authorization server (RFC 9700 §4.2.4, RFC 6749 §3.1.2.5), and the headers that keep it to itself.

import { createHash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { CallbackOutcome } from '../../environment.ts';

/** A whole answer: status, headers in order of sending, body. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

type Page = {
  readonly status: number;
  readonly tone: 'good' | 'bad' | 'neutral';
  readonly title: string;
  readonly text: string;
};

const pages: Record<CallbackOutcome | 'refused' | 'already_used', Page> = {
  logged_in: {
    status: 200,
    tone: 'good',
    title: 'You are logged in',
    text: 'You can close this tab and go back to the terminal.',
  },
  denied: {
    status: 200,
    tone: 'bad',
    title: 'Access was not granted',
    text: 'The authorization server turned the request down. You can close this tab and go back to the terminal, which says why.',
  },
  failed: {
    status: 200,
    tone: 'bad',
    title: 'The login failed',
    text: 'Something went wrong in the last step. You can close this tab and go back to the terminal, which says what to do.',
  },
  refused: {
    status: 400,
    tone: 'neutral',
    title: 'Not the expected answer',
    text: 'This address does not belong to the login in your terminal. You can close this tab and go on there.',
  },
  already_used: {
    status: 410,
    tone: 'neutral',
    title: 'This address has been used already',
    text: 'A login takes one answer, and it has had it. You can close this tab and go back to the terminal.',
  },
};

// Marks drawn on a 24 × 24 grid: a check, a cross, an i.
const marks: Record<Page['tone'], string> = {
  good: 'M6.5 12.5l3.7 3.7 7.3-8',
  bad: 'M8 8l8 8M16 8l-8 8',
  neutral: 'M12 11v6M12 7v.5',
};

const style = `
:root { color-scheme: light dark; --paper: #f6f7f9; --card: #fff; --line: #e2e5ea; --ink: #1b1f24; --soft: #57606a; --good: #1a7f37; --bad: #b42318; --neutral: #57606a }
@media (prefers-color-scheme: dark) {
  :root { --paper: #0f1216; --card: #181c22; --line: #2b313a; --ink: #eceff3; --soft: #a3adb9; --good: #4ac26b; --bad: #ff8a7f; --neutral: #a3adb9 }
}
* { box-sizing: border-box; margin: 0 }
body { min-height: 100vh; display: grid; place-items: center; padding: 1.25rem; background: var(--paper); color: var(--ink); font: 1.0625rem/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif }
main { width: 100%; max-width: 30rem; padding: clamp(1.75rem, 8vw, 3rem) clamp(1.25rem, 7vw, 2.75rem); border: 1px solid var(--line); border-radius: 1rem; background: var(--card); text-align: center }
svg { display: block; width: 3.5rem; height: 3.5rem; margin: 0 auto 1.25rem; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round }
.good { color: var(--good) }
.bad { color: var(--bad) }
.neutral { color: var(--neutral) }
h1 { margin-bottom: .6rem; font-size: 1.5rem; font-weight: 650; line-height: 1.25; letter-spacing: -.01em; text-wrap: balance }
p { color: var(--soft); text-wrap: pretty }
footer { margin-top: 1.75rem; color: var(--soft); font: .875rem ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
`;

/** The page for an outcome. */
export function pageAnswer(name: keyof typeof pages): Answer {
  const { status, tone, title, text } = pages[name];
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main>
<svg class="${tone}" viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="10.5"/><path d="${marks[tone]}"/></svg>
<h1>${title}</h1>
<p>${text}</p>
<footer>oauth-cli</footer>
</main>
</body>
</html>
`;
  return { status, headers: answerHeaders('text/html', body), body };
}

/** The status in words, for what no person is meant to see. */
export function plainAnswer(status: number, more: Readonly<Record<string, string>> = {}): Answer {
  const body = `${STATUS_CODES[status] ?? 'Error'}\n`;
  return { status, headers: { ...answerHeaders('text/plain', body), ...more }, body };
}

/** Writes an answer; its connection ends with it. */
export function sendAnswer(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers).end(body);
}

/** Writes an answer where node:http could not make sense of the request. */
export function sendRawAnswer(socket: Socket, { status, headers, body }: Answer): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\n${lines.join('')}\r\n${body}`,
  );
  socket.destroySoon();
}

function answerHeaders(mediaType: string, body: string): Record<string, string> {
  const styleHash = createHash('sha256').update(style).digest('base64');
  return {
    'Content-Type': `${mediaType}; charset=utf-8`,
    'Content-Length': String(Buffer.byteLength(body)),
    'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${styleHash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    'X-Frame-Options': 'DENY',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    Connection: 'close',
  };
}
