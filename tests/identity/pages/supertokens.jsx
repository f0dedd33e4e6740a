// SuperTokens' pre-built pages; what their backend would say comes from our stub of it.
import { createRoot } from "react-dom/client";
import SuperTokens, { SuperTokensWrapper } from "supertokens-auth-react";
import EmailPassword from "supertokens-auth-react/recipe/emailpassword";
import { EmailPasswordPreBuiltUI } from "supertokens-auth-react/recipe/emailpassword/prebuiltui";
import MultiFactorAuth from "supertokens-auth-react/recipe/multifactorauth";
import { MultiFactorAuthPreBuiltUI } from "supertokens-auth-react/recipe/multifactorauth/prebuiltui";
import Session from "supertokens-auth-react/recipe/session";
import TOTP from "supertokens-auth-react/recipe/totp";
import { TOTPPreBuiltUI } from "supertokens-auth-react/recipe/totp/prebuiltui";
import { canHandleRoute, getRoutingComponent } from "supertokens-auth-react/ui";

const { back, secondFactor } = window.lab;
SuperTokens.init({
  appInfo: {
    appName: "Lab", apiDomain: location.origin, websiteDomain: location.origin, apiBasePath: "/api", websiteBasePath: "/auth",
  },
  recipeList: [
    EmailPassword.init(),
    ...(secondFactor ? [MultiFactorAuth.init(), TOTP.init()] : []),
    Session.init({ tokenTransferMethod: "header" }),
  ],
  getRedirectionURL: async ({ action }) => (action === "SUCCESS" ? back : undefined),
});
const pages = [EmailPasswordPreBuiltUI, ...(secondFactor ? [MultiFactorAuthPreBuiltUI, TOTPPreBuiltUI] : [])];

createRoot(document.getElementById("root")).render(
  <SuperTokensWrapper>{canHandleRoute(pages) ? getRoutingComponent(pages) : <p>404</p>}</SuperTokensWrapper>,
);
