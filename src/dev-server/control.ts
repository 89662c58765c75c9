// The `--control` API: what a test in another process may tell the server, as JSON under /control/, with the secret
// that was printed at start.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientConfiguration, UserConfiguration } from './configuration.ts';
import { DevServerError } from './dev-server-error.ts';
import type { Director } from './director.ts';
import type { Fault } from './faults.ts';
import { sendJson } from './respond.ts';

const limit = 65_536;

type Command = (body: Readonly<Record<string, unknown>>) => unknown;

export function createControlHandler(director: Director, secret: string) {
  const commands = commandsOf(director);

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!isAuthorized(request, secret)) {
      const headers = { 'WWW-Authenticate': 'Bearer realm="control"' };
      sendJson(response, 401, { error: 'unauthorized' }, headers);
      return;
    }
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const command = commands.get(`${request.method ?? ''} ${path.replace('/control/', '')}`);
    if (command === undefined) {
      sendJson(response, 404, { error: 'not_found', commands: [...commands.keys()] });
      return;
    }
    const body = await readJsonObject(request);
    if (body === null) {
      sendJson(response, 400, { error: 'invalid_request', message: 'the body is no JSON object' });
      return;
    }
    try {
      sendJson(response, 200, (await command(body)) ?? {});
    } catch (error) {
      if (!(error instanceof DevServerError)) throw error;
      sendJson(response, 400, { error: 'invalid_request', message: error.message });
    }
  };
}

function commandsOf(director: Director): ReadonlyMap<string, Command> {
  return new Map<string, Command>([
    ['GET users', () => ({ users: director.users() })],
    [
      'POST users',
      async (body) => {
        requireString(body, 'username');
        return { password: await director.addUser(body as UserConfiguration) };
      },
    ],
    ['GET clients', () => ({ clients: director.clients() })],
    [
      'POST clients',
      (body) => {
        requireString(body, 'client_id');
        return director.addClient(body as ClientConfiguration);
      },
    ],
    ['GET faults', () => ({ faults: director.faults() })],
    [
      'POST faults',
      (body) => {
        requireString(body, 'endpoint');
        director.addFault(body as Fault);
      },
    ],
    ['DELETE faults', () => director.clearFaults()],
    ['GET requests', () => ({ requests: director.requests() })],
    [
      'POST clock',
      ({ advance }) => {
        if (typeof advance !== 'number' || !Number.isFinite(advance)) {
          throw new DevServerError('configuration', 'advance: expected a number of seconds');
        }
        director.advanceClock(advance);
      },
    ],
    ['POST expire', () => director.expireAll()],
    ['POST revoke', () => director.revokeAll()],
    ['POST rotate-keys', () => director.rotateKeys()],
    ['POST reset', () => director.reset()],
  ]);
}

function requireString(body: Readonly<Record<string, unknown>>, name: string): void {
  if (typeof body[name] === 'string' && body[name] !== '') return;
  throw new DevServerError('configuration', `${name}: expected a string that is not empty`);
}

function isAuthorized({ headers }: IncomingMessage, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(headers.authorization ?? ''), digest(`Bearer ${secret}`));
}

/** An empty body is an empty object; null when it is something else or longer than 64 KiB. */
async function readJsonObject(request: IncomingMessage): Promise<Record<string, unknown> | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) return null;
    chunks.push(chunk);
  }
  if (length === 0) return {};
  try {
    const value = JSON.parse(Buffer.concat(chunks).toString()) as unknown;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
