// The token type as HTTP spells it (RFC 6750 §2.1, RFC 9449 §7.1).

export function tokenTypeName(tokenType: 'bearer' | 'dpop'): 'Bearer' | 'DPoP' {
  return tokenType === 'bearer' ? 'Bearer' : 'DPoP';
}
