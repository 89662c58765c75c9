// Challenges of a protected resource: the WWW-Authenticate header (RFC 9110 §11.6.1, RFC 9728 §5.1).

export type Challenge = {
  /** Lower case. */
  readonly scheme: string;
  /** Names in lower case; of a repeated one the first counts. */
  readonly parameters: ReadonlyMap<string, string>;
};

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameterPattern = new RegExp(
  `\\s*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,"]+))\\s*`,
  'y',
);
const schemePattern = new RegExp(`\\s*(${token})(?=\\s|,|$)\\s*`, 'y');
const blobPattern = /[A-Za-z0-9._~+/-]+=*\s*(?=,|$)/y;
const commaPattern = /[\s,]*,[\s,]*/y;

/**
 * The challenges of one header field value, in order; what comes after something malformed is left out.
 * @see RFC 9110 §11.6.1
 */
export function parseChallenges(value: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(value);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  while (at < value.length) {
    take(commaPattern);
    const parameter = challenges.length === 0 ? null : take(parameterPattern);
    if (parameter !== null) {
      const [, name = '', quoted, plain = ''] = parameter;
      const { parameters } = challenges.at(-1) ?? { parameters: new Map<string, string>() };
      const key = name.toLowerCase();
      if (!parameters.has(key)) parameters.set(key, quoted?.replace(/\\(.)/g, '$1') ?? plain);
      continue;
    }
    const scheme = take(schemePattern);
    if (scheme === null) break;
    challenges.push({ scheme: (scheme[1] ?? '').toLowerCase(), parameters: new Map() });
    // `Negotiate YII…=`: credentials without a name.
    if (value[at] !== ',') take(blobPattern);
  }
  return challenges;
}
