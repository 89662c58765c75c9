// JSON for --json: one document on one line, with every character that could steer a terminal escaped.

/** ASCII controls are escaped by JSON itself; DEL, C1, bidirectional and invisible characters are not. */
const steering =
  /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g;

export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(steering, (text) =>
    [...Array(text.length).keys()]
      .map((index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
