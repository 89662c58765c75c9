// oidc-provider's entry module does nothing but re-export these, and prints a warning on Node 20 while it does.
// The dependency is pinned to one exact version, so its inner paths are as stable as its outer one.

declare module 'oidc-provider/lib/provider.js' {
  export { Provider } from 'oidc-provider';
}

declare module 'oidc-provider/lib/helpers/errors.js' {
  import type { errors } from 'oidc-provider';

  export const InvalidScope: typeof errors.InvalidScope;
  export const InvalidTarget: typeof errors.InvalidTarget;
  export const InvalidRequest: typeof errors.InvalidRequest;
  export const SessionNotFound: typeof errors.SessionNotFound;
  export const UnsupportedTokenType: typeof errors.UnsupportedTokenType;
}

declare module 'oidc-provider/lib/helpers/interaction_policy/index.js' {
  import type { interactionPolicy } from 'oidc-provider';

  export const base: typeof interactionPolicy.base;
}
