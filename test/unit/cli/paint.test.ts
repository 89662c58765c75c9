import { describe, expect, it } from 'vitest';
import { colorLevel, createPaint } from '../../../src/cli/paint.ts';

const terminal = { isTTY: true };
const pipe = { isTTY: false };
const names = ['dim', 'bold', 'red', 'yellow', 'green', 'cyan'] as const;

describe('createPaint', () => {
  it.each(names)('TTY-11: %s writes no escape sequence at level 0', (name) => {
    expect(createPaint(0)[name]('text')).toBe('text');
  });

  it.each(names)('%s writes an escape sequence at levels 1 to 3', (name) => {
    for (const level of [1, 2, 3] as const) {
      expect(createPaint(level)[name]('text')).toMatch(/^\u001b\[\d+mtext\u001b\[\d+m$/);
    }
  });
});

describe('colorLevel', () => {
  it.each([
    ['a terminal', {}, terminal, undefined, 1],
    ['a pipe', {}, pipe, undefined, 0],
    ['a terminal with --color=auto', {}, terminal, 'auto', 1],
    ['NO_COLOR', { NO_COLOR: '1' }, terminal, undefined, 0],
    ['an empty NO_COLOR', { NO_COLOR: '' }, terminal, undefined, 1],
    ['TERM=dumb', { TERM: 'dumb' }, terminal, undefined, 0],
    ['FORCE_COLOR on a pipe', { FORCE_COLOR: '1' }, pipe, undefined, 1],
    ['FORCE_COLOR=0', { FORCE_COLOR: '0' }, terminal, undefined, 0],
    ['NO_COLOR and FORCE_COLOR', { NO_COLOR: '1', FORCE_COLOR: '1' }, terminal, undefined, 0],
    ['--color=always on a pipe', { NO_COLOR: '1', TERM: 'dumb' }, pipe, 'always', 1],
    ['--color=never', { FORCE_COLOR: '1' }, terminal, 'never', 0],
  ])('TTY-11: %s', (_, variables, stream, color, level) => {
    expect(colorLevel({ variables }, stream, color)).toBe(level);
  });

  it('refuses another value of --color', () => {
    expect(() => colorLevel({ variables: {} }, terminal, 'sometimes')).toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
  });
});
