// Text from servers and tokens, made safe to show on a terminal: nothing invisible, nothing that moves the cursor.
// RFC 6749 §A.7 and §A.8 (error texts), RFC 8628 §6.1 (user codes).

export type SanitizeOptions = {
  /** Lets line feeds and tabs through. */
  readonly multiline?: boolean | undefined;
  /** Of the result, in UTF-16 code units; 512 when absent. */
  readonly maxLength?: number | undefined;
};

// Controls, format characters (bidi, zero width, tags), surrogates, private use, unassigned, line separators,
// and letters and marks without a glyph, such as the Hangul filler and variation selectors.
const unprintable = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const outsideErrorText = /[^\x20-\x21\x23-\x5b\x5d-\x7e]/u;
const outsideUserCode = /[^A-Za-z0-9-]/u;

/** One line of visible characters, the rest as `\x1b`, `\u202e` or `\u{e0041}`; what is too long ends in `… (truncated)`. */
export function sanitize(text: string, options: SanitizeOptions = {}): string {
  const { multiline = false, maxLength = 512 } = options;
  const isPlain = (character: string) =>
    (multiline && (character === '\n' || character === '\t')) || !unprintable.test(character);
  return escapeExcept(text, isPlain, maxLength);
}

/**
 * For `error` and `error_description`: escapes all that the RFC does not allow in them.
 * @see RFC 6749 §A.7, §A.8
 */
export function sanitizeErrorText(text: string): string {
  return escapeExcept(text, (character) => !outsideErrorText.test(character), 512);
}

/**
 * For `user_code`: anything but letters, digits and `-` is escaped and makes it suspicious.
 * @see RFC 8628 §6.1
 */
export function sanitizeUserCode(code: string): { text: string; isSuspicious: boolean } {
  return {
    text: escapeExcept(code, (character) => !outsideUserCode.test(character), 512),
    isSuspicious: code === '' || outsideUserCode.test(code),
  };
}

/** A URL to read: host in punycode, no user information, never shortened; what is no URL is only sanitized. */
export function displayUrl(text: string, emphasizeHost = (host: string) => host): string {
  if (!URL.canParse(text)) return sanitize(text);
  const url = new URL(text);
  url.username = '';
  url.password = '';
  const href = sanitize(url.href, { maxLength: Infinity });
  const origin = `${url.protocol}//`;
  if (url.host === '' || !href.startsWith(origin + url.host)) return href;
  return origin + emphasizeHost(url.host) + href.slice(origin.length + url.host.length);
}

/** Terminal columns of sanitized text: two for East Asian wide characters and emoji, none for combining marks. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue;
    width += wide.test(character) ? 2 : 1;
  }
  return width;
}

const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;

function escapeExcept(
  text: string,
  isPlain: (character: string) => boolean,
  maxLength: number,
): string {
  let result = '';
  for (const character of text) {
    const shown = isPlain(character) ? character : escape(character);
    if (result.length + shown.length > maxLength) return `${result}… (truncated)`;
    result += shown;
  }
  return result;
}

function escape(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`;
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}
