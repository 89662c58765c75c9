// What a person sees of the device flow: the code, the address, a QR code and the time left (RFC 8628 §3.3, §5.4).

import type { Environment } from '../environment.ts';
import type { DeviceProgress } from '../flows/authorize-device.ts';
import { displayUrl, sanitize, sanitizeUserCode } from '../sanitize.ts';
import type { Output } from './output.ts';
import { qrCode } from './qr-code.ts';

export function deviceProgress(
  environment: Environment,
  output: Output,
  quiet: boolean,
): DeviceProgress {
  const { stderr } = environment;
  const { bold, dim } = output.reportPaint;
  const counts = stderr.isTTY && !quiet;
  return {
    async enterCode({ userCode, verificationUri, verificationUriComplete }, { scope }) {
      const code = sanitizeUserCode(userCode);
      // Not `report`: without the code nobody could go on, also with --quiet.
      await stderr.write(
        `On any device, open\n\n  ${bold(displayUrl(verificationUri))}\n\nand enter the code\n\n  ${bold(code.text)}\n\n`,
      );
      if (code.isSuspicious) {
        await output.warn('the code has characters that no such code has; do not trust it blindly');
      }
      if (counts) await showQrCode(environment, output, verificationUriComplete ?? verificationUri);
      await output.report(
        dim(
          `This gives this computer access${scope === undefined ? '' : ` (${sanitize(scope)})`}. Enter no code that somebody else sent you.`,
        ),
      );
      if (!counts) await output.report(dim('Waiting for you to finish there; Ctrl-C stops.'));
    },
    async waiting(left) {
      if (counts)
        await stderr.write(`\r\u001b[K${dim(`Waiting, ${timeLeft(left)} left; Ctrl-C stops.`)}`);
    },
    async waited() {
      if (counts) await stderr.write('\r\u001b[K');
    },
  };
}

/** Left out where it would not fit. */
async function showQrCode(environment: Environment, output: Output, url: string): Promise<void> {
  // Long addresses make codes that no terminal shows whole.
  if (url.length > 200) return;
  const lines = await qrCode(url, output.reportPaint.bold('x') !== 'x');
  const width = lines.length * 2;
  if (width + 2 > (environment.stderr.columns ?? 0)) return;
  for (const line of lines) await output.report(`  ${line}`);
  await output.report();
}

function timeLeft(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
