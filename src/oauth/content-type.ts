// Reads a Content-Type header (RFC 9110 §8.3) and knows which media types are JSON (RFC 8259 §11, RFC 6839 §3.1).

export type ContentType = {
  /** Lower case; empty when the header is malformed. */
  readonly type: string;
  /** Lower case; undefined when there is none. */
  readonly charset: string | undefined;
};

/** Never throws: of a malformed header, nothing is believed. */
export function readContentType(value: string): ContentType {
  const [type = '', ...parameters] = value.split(';').map((part) => part.trim().toLowerCase());
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+\/[!#$%&'*+.^_`|~0-9a-z-]+$/.test(type)) {
    return { type: '', charset: undefined };
  }
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  return { type, charset: charset?.slice('charset='.length).replace(/^"(.*)"$/, '$1') };
}

/** `application/json` and `application/*+json`. */
export function isJsonType(type: string): boolean {
  return /^application\/(?:[^/]+\+)?json$/.test(type);
}
