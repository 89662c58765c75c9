// oidc-provider's entry module does nothing but re-export these, and prints a warning on Node 20 while it does.
// The dependency is pinned to one exact version, so its inner paths are as stable as its outer one.

declare module 'oidc-provider/lib/provider.js' {
  export { Provider } from 'oidc-provider';
}

declare module 'oidc-provider/lib/helpers/errors.js' {
  import type { errors } from 'oidc-provider';

  export const InvalidScope: typeof errors.InvalidScope;
  export const InvalidTarget: typeof errors.InvalidTarget;
  export const InvalidClientMetadata: typeof errors.InvalidClientMetadata;
  export const InvalidGrant: typeof errors.InvalidGrant;
  export const InvalidRequest: typeof errors.InvalidRequest;
  export const SessionNotFound: typeof errors.SessionNotFound;
  export const UnknownUserId: typeof errors.UnknownUserId;
  export const UnsupportedTokenType: typeof errors.UnsupportedTokenType;
}

declare module 'oidc-provider/lib/helpers/interaction_policy/index.js' {
  import type { interactionPolicy } from 'oidc-provider';

  export const base: typeof interactionPolicy.base;
}

declare module 'oidc-provider/lib/helpers/challenge.js' {
  /** Nonces that need no memory: made from a secret and the time. */
  export default class ServerChallenge {
    constructor(secret: Buffer, info: string);
    nextChallenge(): string;
    checkChallenge(challenge: string): boolean;
  }
}

declare module 'oidc-provider/lib/helpers/initialize_keystore.js' {
  import type { Provider } from 'oidc-provider';

  /** Gives the provider these private keys, and its JWK Set their public halves. */
  export default function initializeKeystore(this: Provider, jwks: { keys: object }): void;
}

declare module 'oidc-provider/lib/helpers/add_client.js' {
  import type { Client, ClientMetadata, Provider } from 'oidc-provider';

  /** Checks the metadata as dynamic registration does, and keeps the client. */
  export default function addClient(
    provider: Provider,
    metadata: ClientMetadata,
    options: { store: true },
  ): Promise<Client>;
}

declare module 'oidc-provider/lib/helpers/validate_dpop.js' {
  import type { KoaContextWithOIDC, Provider } from 'oidc-provider';

  type Proof = { readonly thumbprint: string; readonly jti: string };

  /** Undefined when the request has no proof. */
  export default function validateDpop(
    provider: Provider,
    context: KoaContextWithOIDC,
  ): Promise<Proof | undefined>;

  export function checkDpopReplay(
    provider: Provider,
    context: KoaContextWithOIDC,
    proof: Proof,
    clientId: string,
  ): Promise<void>;
}
