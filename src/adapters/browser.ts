// Opens the system's browser (RFC 8252 §6), or the program that BROWSER names; never through a shell.

import type { Browser } from '../environment.ts';
import { CliError } from '../errors.ts';
import { isLoopbackHost } from '../loopback-host.ts';

type Variables = Readonly<Record<string, string | undefined>>;

export type BrowserOptions = {
  readonly platform: string;
  readonly variables: Variables;
  /** Whether a person is at a terminal. */
  readonly isTTY: boolean;
  /** What opens a URL where `BROWSER` is not set; rejects when it cannot be started. */
  readonly openUrl?: ((url: string) => Promise<unknown>) | undefined;
};

/** The browser of the person at this machine. */
export function createBrowser(options: BrowserOptions): Browser {
  const { variables, openUrl = openWithSystem } = options;
  const program = variables['BROWSER'] ?? '';
  return {
    available: () => program !== '' || hasDesktop(options),
    async open(url) {
      const safeUrl = launchableUrl(url);
      try {
        await (program === '' ? openUrl(safeUrl) : start(program, safeUrl, variables));
        return true;
      } catch {
        // Whatever kept it from starting, the URL is on the terminal as well.
        return false;
      }
    },
  };
}

function hasDesktop({ platform, variables, isTTY }: BrowserOptions): boolean {
  const isSet = (name: string) => (variables[name] ?? '') !== '';
  const isCI = isSet('CI') && variables['CI'] !== 'false' && variables['CI'] !== '0';
  if (!isTTY || isCI || isSet('SSH_CONNECTION') || isSet('SSH_TTY')) return false;
  if (platform === 'darwin' || platform === 'win32') return true;
  return ['DISPLAY', 'WAYLAND_DISPLAY', 'WSL_DISTRO_NAME'].some(isSet);
}

/**
 * `input` as the URL standard writes it, without a character that a shell or a launcher could interpret.
 * @throws CliError `protocol_violation` unless it is https:, or http: to a loopback host, without userinfo
 */
function launchableUrl(input: string): string {
  if (!URL.canParse(input)) throw refusal('is not a URL');
  const url = new URL(input);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(url) !== 'no')) {
    throw refusal('is neither https nor http to this machine');
  }
  if (url.username !== '' || url.password !== '')
    throw refusal('has a user name or password in it');
  return url.href.replaceAll(
    /[$(){};|<>'"`\\^! ]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function refusal(why: string): CliError {
  return new CliError('protocol_violation', `the URL to open in the browser ${why}`);
}

async function openWithSystem(url: string): Promise<void> {
  const { default: open } = await import('open');
  await open(url);
}

async function start(program: string, url: string, variables: Variables): Promise<void> {
  const { spawn } = await import('node:child_process');
  // Detached, so that Ctrl-C here does not close the browser; no streams, so that it cannot write among ours.
  const child = spawn(program, [url], {
    detached: true,
    stdio: 'ignore',
    env: withoutOwnVariables(variables),
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', resolve);
  });
  child.unref();
}

/** OAUTH_CLI_* can hold secrets; the rest is what the user would start the browser with. */
function withoutOwnVariables(variables: Variables): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(variables).filter(([name]) => !name.toUpperCase().startsWith('OAUTH_CLI_')),
  );
}
