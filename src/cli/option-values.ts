// Option values that are more than text.

import { CliError } from '../errors.ts';

/** @throws CliError `usage` */
export function wholeNumber(option: string, value: string, maximum: number): number {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : NaN;
  if (number <= maximum) return number;
  throw new CliError('usage', `${option} takes a whole number up to ${maximum}`);
}
