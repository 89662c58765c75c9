// Refreshes while the server is out of order: what is tried again, what is fallen back on, what is told.

import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Recorded, Script, ScriptedServer } from '../support/authorization-server.ts';
import { sendJson } from '../support/authorization-server.ts';
import {
  expired,
  logInAt,
  serverPool,
  storedTokens,
  withoutWaiting,
} from '../support/logged-in.ts';
import { runCliIn } from '../support/run-cli.ts';

const pool = serverPool();
afterEach(() => pool.close());

type Answer = (response: ServerResponse) => void;

/** Each refresh takes the next answer; when there are none left, refreshes go on as usual. */
function refreshAnswers(answers: Answer[]): Script {
  return {
    token: (response) => ({ ...response, expires_in: 30 }),
    intercept: (path, request, response) => {
      if (path !== '/token' || !isRefresh(request)) return false;
      const answer = answers.shift();
      answer?.(response);
      return answer !== undefined;
    },
  };
}

const isRefresh = (request: Recorded) => request.body.get('grant_type') === 'refresh_token';
const refreshes = (server: ScriptedServer) => server.requests.filter(isRefresh);

const dropped: Answer = (response) => response.destroy();
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end();
const refused: Answer = (response) => sendJson(response, 400, { error: 'invalid_grant' });
const unavailable: Answer = (response) =>
  sendJson(response, 400, { error: 'temporarily_unavailable' });

async function loggedIn(answers: Answer[]) {
  const server = await pool.start(refreshAnswers([...answers]));
  return { server, environment: await logInAt(server) };
}

describe('an outage that passes', () => {
  const cases: [title: string, answers: Answer[], requests: number][] = [
    ['one 503', [status(503)], 2],
    ['two 500', [status(500), status(500)], 3],
    ['429 and then temporarily_unavailable', [status(429), unavailable], 3],
    ['REF-07: a lost answer', [dropped], 2],
    ['REF-07: a lost answer and then 503', [dropped, status(503)], 3],
  ];

  it.each(cases)('%s costs nothing but time', async (_title, answers, requests) => {
    const { server, environment } = await loggedIn(answers);
    const result = await runCliIn(expired(environment), ['token']);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(refreshes(server)).toHaveLength(requests);
    const [sent, ...again] = refreshes(server).map(({ body }) => body.get('refresh_token'));
    expect(again.every((token) => token === sent)).toBe(true);
    expect(storedTokens(environment)[0]!.accessToken).toBe(result.stdout.trim());
  });

  it('TOK-10: Retry-After is waited for, in seconds or as a date', async () => {
    const date = new Date(Date.now()).toUTCString();
    const later = new Date(Date.parse(date) + 4000).toUTCString();
    const { environment } = await loggedIn([
      status(503, { 'retry-after': '2' }),
      status(503, { 'retry-after': later, date }),
    ]);
    const slept: number[] = [];
    expect((await runCliIn(expired(environment, slept), ['token'])).exitCode).toBe(0);
    expect(slept).toEqual([2000, 4000]);
  });

  it('TOK-10: a Retry-After beyond the bound ends it at once', async () => {
    const { server, environment } = await loggedIn([status(503, { 'retry-after': '3600' })]);
    const result = await runCliIn(expired(environment), ['token']);
    expect(result).toMatchObject({ exitCode: 5, stdout: '' });
    expect(refreshes(server)).toHaveLength(1);
  });
});

describe('an outage that does not pass', () => {
  const outages: [title: string, answers: Answer[], exitCode: number, requests: number][] = [
    ['500 for ever', [status(500), status(500), status(500)], 5, 3],
    ['REF-07: two lost answers', [dropped, dropped], 7, 2],
  ];

  it.each(outages)('%s falls back on a token that is still valid', async (_title, answers) => {
    const { environment } = await loggedIn(answers);
    const before = storedTokens(environment);
    const result = await runCliIn(withoutWaiting(environment), ['token']);
    expect(result).toMatchObject({
      exitCode: 0,
      stderr: '',
      stdout: `${before[0]!.accessToken}\n`,
    });
    expect(storedTokens(environment)).toEqual(before);
  });

  it.each(outages)(
    '%s is told when it has expired, and the login is kept',
    async (_title, answers, code, requests) => {
      const { server, environment } = await loggedIn(answers);
      const late = expired(environment);
      const before = storedTokens(environment);
      const result = await runCliIn(late, ['token']);
      expect(result).toMatchObject({ exitCode: code, stdout: '' });
      expect(refreshes(server)).toHaveLength(requests);
      expect(storedTokens(environment)).toEqual(before);
    },
  );

  it('is told with --refresh, also when the token is valid', async () => {
    const { environment } = await loggedIn([status(500), status(500), status(500)]);
    const result = await runCliIn(withoutWaiting(environment), ['token', '--refresh']);
    expect(result).toMatchObject({ exitCode: 5, stdout: '' });
  });

  it('REF-07: a lost answer after which the old refresh token is refused is told as what it is', async () => {
    const { environment } = await loggedIn([dropped, refused]);
    const result = await runCliIn(expired(environment), ['token']);
    expect(result).toMatchObject({ exitCode: 3, stdout: '' });
    expect(result.stderr).toContain('the login was lost: the connection broke');
    expect(result.stderr).toContain('hint: oauth-cli login');
    expect(storedTokens(environment)).toEqual([]);
  });
});

describe('the keys of the ID token at a refresh', () => {
  it('REF-01, REF-08: are fetched before the refresh token is redeemed', async () => {
    const { server, environment } = await loggedIn([]);
    await runCliIn(expired(environment), ['token']);
    expect(server.requests.map(({ path }) => path).slice(-2)).toEqual(['/jwks', '/token']);
  });

  it('need not be there: the rotated refresh token is stored all the same', async () => {
    let isBroken = false;
    const server = await pool.start({
      intercept: (path, _request, response) => {
        if (path !== '/jwks' || !isBroken) return false;
        response.destroy();
        return true;
      },
    });
    const environment = await logInAt(server);
    const [before] = storedTokens(environment);
    isBroken = true;
    const result = await runCliIn(expired(environment), ['token']);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    const [after] = storedTokens(environment);
    expect(after!.refreshToken).not.toBe(before!.refreshToken);
    expect(after!.idToken).toBe(before!.idToken);
  });
});
