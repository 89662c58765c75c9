// Instants in words and in local time.

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

// Each unit up to two of the next, so that rounding down never hides half of a duration.
const units = [
  { name: 'second', length: second, below: minute },
  { name: 'minute', length: minute, below: 2 * hour },
  { name: 'hour', length: hour, below: 2 * day },
  { name: 'day', length: day, below: 730 * day },
  { name: 'year', length: 365.25 * day, below: Infinity },
] as const;

/** How `toMs` looks from `fromMs`, rounded down: `in 59 minutes`, `3 minutes ago`, `now`. */
export function relativeTime(fromMs: number, toMs: number): string {
  const distance = Math.abs(toMs - fromMs);
  if (distance < second) return 'now';
  return toMs > fromMs ? `in ${duration(distance)}` : `${duration(distance)} ago`;
}

/** An instant in the local time zone: `2026-11-03T10:00:00+01:00`; null when no calendar reaches that far. */
export function localTime(ms: number): string | null {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return null;
  const offset = -date.getTimezoneOffset();
  const local = new Date(ms + offset * minute);
  if (Number.isNaN(local.getTime())) return null;
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
  return `${local.toISOString().replace(/\.\d+Z$/, '')}${offset < 0 ? '-' : '+'}${twoDigits(hours)}:${twoDigits(minutes)}`;
}

/** A length of time in words, rounded down: `5 minutes`. */
export function duration(ms: number): string {
  const unit = units.find(({ below }) => ms < below) ?? units[4];
  const count = Math.floor(ms / unit.length);
  if (count > 9999) return 'over 9999 years';
  return `${count} ${unit.name}${count === 1 ? '' : 's'}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
