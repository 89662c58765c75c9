// The version of this program; a test holds it against package.json.

export const version = '0.1.0';

/** The User-Agent of every request. */
export const userAgent = `oauth-cli/${version}`;
