// What the operating system answered, as text for people.

import { getSystemErrorMap } from 'node:util';

/** The errno name of a failed system call (`ENOENT`); undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** `no such file or directory`; the errno name where the system has no text for it. */
export function systemReason(error: unknown): string {
  if (error instanceof Error && 'errno' in error && typeof error.errno === 'number') {
    const known = getSystemErrorMap().get(error.errno);
    if (known !== undefined) return known[1];
  }
  return systemCode(error) ?? 'unknown error';
}
