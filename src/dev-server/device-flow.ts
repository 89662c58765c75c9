// The device authorization grant (RFC 8628): its pages, its polling interval with `slow_down`, and a limit on guessing
// user codes (§5.1). CIBA's polling (OpenID Connect CIBA §11) is held to the same interval.

import type { Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { deviceConfirmPage, deviceDonePage, deviceInputPage } from './pages/device-pages.ts';
import type { Page } from './pages/page.ts';
import type { ProviderSettings } from './provider-configuration.ts';
import { describeScope } from './scopes.ts';

type DeviceFlow = NonNullable<NonNullable<Configuration['features']>['deviceFlow']>;

/** Wrong user codes within ten minutes, over all browsers; a user code has 34 bits. */
const guessLimit = 20;
const guessWindow = 600_000;

export function deviceFlow({ scopes }: ProviderSettings): DeviceFlow {
  return {
    enabled: true,
    charset: 'base-20',
    mask: '****-****',
    deviceInfo: () => ({}),
    userCodeInputSource: (context, _form, _out, error) => {
      const problem = error === undefined ? undefined : problems[error.name];
      const text = error === undefined ? undefined : (problem ?? 'That did not work.');
      if (error !== undefined) context.status = 400;
      show(context, deviceInputPage({ ...formOf(context), problem: text }));
    },
    userCodeConfirmSource: (context, _form, client, _info, userCode) => {
      const { scope } = (context.oidc.entities.DeviceCode?.params ?? {}) as { scope?: string };
      const clientName = client.clientName ?? client.clientId;
      const words = scopes.known(scope ?? scopes.default).map(describeScope);
      show(context, deviceConfirmPage({ ...formOf(context), clientName, userCode, scopes: words }));
    },
    successSource: (context) => {
      const { client } = context.oidc;
      const clientName = client?.clientName ?? client?.clientId ?? '';
      show(context, deviceDonePage({ clientName }));
    },
  };
}

const problems: Readonly<Record<string, string>> = {
  NotFoundError: 'There is no such code. Look at the device again.',
  NoCodeError: 'Enter the code that the device shows.',
  ExpiredError: 'This code has expired. Start again on the device.',
  AlreadyUsedError: 'This code was used before. Start again on the device.',
  AbortedError: 'You refused. The device gets no access.',
};

function formOf({ oidc }: KoaContextWithOIDC): { action: string; xsrf: string } {
  const state = oidc.session?.state as { secret?: string } | undefined;
  return { action: oidc.urlFor('code_verification'), xsrf: state?.secret ?? '' };
}

function show(context: KoaContextWithOIDC, page: Page): void {
  context.set(page.headers);
  context.body = page.body;
}

type Polling = { readonly notBefore: number; readonly interval: number };

/** Adds to the library what it leaves out: `interval`, `slow_down`, and the limit on guesses. */
export function limitPolling(provider: Provider, initialInterval: number): void {
  const polls = new Map<string, Polling>();
  const guesses: number[] = [];

  provider.use(async (context, next) => {
    const withOidc = context as KoaContextWithOIDC;
    const tooMany = () =>
      guesses.filter((at) => at > Date.now() - guessWindow).length >= guessLimit;
    if (context.method === 'POST' && context.path.endsWith('/device') && tooMany()) {
      context.status = 429;
      context.body = 'Too many wrong codes. Wait ten minutes.';
      return;
    }
    await next();
    // Undefined where no endpoint has the address.
    const { route } = (withOidc as { oidc?: KoaContextWithOIDC['oidc'] }).oidc ?? {};
    const body = context.body as Record<string, unknown> | string | undefined;
    if (route === 'code_verification' && context.status === 400) guesses.push(Date.now());
    if (typeof body !== 'object') return;
    if ('user_code' in body || 'auth_req_id' in body) {
      body['interval'] = initialInterval;
      const id = String(body['device_code'] ?? body['auth_req_id']);
      polls.set(id, { notBefore: 0, interval: initialInterval });
    } else if (route === 'token' && body['error'] === 'authorization_pending') {
      const { device_code, auth_req_id } = withOidc.oidc.params ?? {};
      slowDown(polls, String(device_code ?? auth_req_id), body);
    }
  });
}

/** RFC 8628 §3.5: whoever polls too early is told so, and has to wait five seconds longer from then on. */
function slowDown(polls: Map<string, Polling>, id: string, body: Record<string, unknown>): void {
  const { notBefore = 0, interval = 5 } = polls.get(id) ?? {};
  const tooEarly = Date.now() < notBefore;
  const next = tooEarly ? interval + 5 : interval;
  // Half a second for a clock and a network that are not exact.
  polls.set(id, { notBefore: Date.now() + next * 1000 - 500, interval: next });
  if (!tooEarly) return;
  body['error'] = 'slow_down';
  body['error_description'] = `wait ${next} seconds between two polls`;
}
