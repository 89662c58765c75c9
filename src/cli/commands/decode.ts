// oauth-cli decode: a JWT's header and claims, marked as not verified; never a network request.

import type { Command } from 'commander';
import type { Environment } from '../../environment.ts';
import { CliError } from '../../errors.ts';
import { readUtf8 } from '../../strict-json.ts';
import type { CommandContext, Frame } from '../command.ts';
import { passphraseOption, withAction } from '../command.ts';
import type { OutputOptions } from '../output.ts';

type DecodeOptions = OutputOptions & { readonly profile?: string; readonly idToken?: boolean };

const inputLimit = 16 * 1024 * 1024;

export function addDecodeCommand(program: Command, frame: Frame): void {
  const command = program
    .command('decode')
    .argument('[token]', 'a JWT; - reads one per line from stdin, as does a pipe')
    .description('show the header and the claims of a JWT; checks nothing, contacts nobody')
    .option('--profile <name>', 'show the token of this profile (OAUTH_CLI_PROFILE)')
    .addOption(passphraseOption())
    .option('--id-token', "the profile's ID token instead of its access token");
  withAction<DecodeOptions>(frame, command, runDecode);
}

async function runDecode(
  { environment, output }: CommandContext,
  options: DecodeOptions,
  argument: string | undefined,
): Promise<undefined> {
  const { decodeToken } = await import('../../flows/decode-token.ts');
  const { renderDecodedToken } = await import('../decoded-token.ts');
  const tokens = await tokensToDecode(environment, options, argument);
  for (const [index, token] of tokens.entries()) {
    const decoded = decodeToken(token);
    if (output.isJson) {
      const { header, payload, signature } = decoded;
      await output.printJson({ header, payload, signature, verified: false });
      continue;
    }
    if (index === 0)
      await output.report(
        output.reportPaint.yellow('NOT VERIFIED: anybody could have written this'),
      );
    const text = renderDecodedToken(decoded, { now: environment.clock.now(), paint: output.paint });
    // On a terminal stderr has said so; in a file or a pager it has to stand beside the claims.
    const mark = environment.stdout.isTTY ? '' : 'NOT VERIFIED\n';
    await output.print(index === 0 ? `${mark}${text}` : `\n${mark}${text}`);
  }
  return undefined;
}

async function tokensToDecode(
  environment: Environment,
  options: DecodeOptions,
  argument: string | undefined,
): Promise<readonly string[]> {
  if (argument !== undefined && argument !== '-') return [argument];
  if (argument === '-' || (environment.stdin.isFed && options.profile === undefined)) {
    return tokensFromStdin(environment);
  }
  const { storedToken } = await import('../../flows/stored-token.ts');
  return [await storedToken(environment, options.profile, options.idToken === true)];
}

async function tokensFromStdin(environment: Environment): Promise<readonly string[]> {
  let text;
  try {
    text = readUtf8(await environment.stdin.readAll(inputLimit));
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError('jwt_invalid', 'stdin is not text');
  }
  const tokens = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (tokens.length > 0) return tokens;
  throw new CliError('jwt_invalid', 'there is no token on stdin');
}
