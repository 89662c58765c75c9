// Decoding for display (RFC 7515 §5.2 steps 1 to 5): the command line goes through here to src/jwt.

export { decodeJws as decodeToken } from '../jwt/decode.ts';
export type { DecodedJws } from '../jwt/decode.ts';
