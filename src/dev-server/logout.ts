// RP-initiated logout: the page that asks and the page that confirms, in place of the library's.

import type { KoaContextWithOIDC } from 'oidc-provider';
import { formTargets } from './form-targets.ts';
import { loggedOutPage, logoutPage } from './pages/logout-pages.ts';

export function logoutPages(issuer: string) {
  return {
    logoutSource: (context: KoaContextWithOIDC): void => {
      const { oidc } = context;
      const state = oidc.session?.state as
        { secret?: string; postLogoutRedirectUri?: string } | undefined;
      const redirectUri = state?.postLogoutRedirectUri;
      const page = logoutPage({
        action: oidc.urlFor('end_session_confirm'),
        xsrf: state?.secret ?? '',
        username: oidc.session?.accountId ?? '',
        clientName: oidc.client?.clientName ?? oidc.client?.clientId,
        formTargets: redirectUri === undefined ? [] : formTargets(redirectUri),
      });
      context.set(page.headers);
      context.body = page.body;
    },
    postLogoutSuccessSource: (context: KoaContextWithOIDC): void => {
      const page = loggedOutPage({ issuer });
      context.set(page.headers);
      context.body = page.body;
    },
  };
}
