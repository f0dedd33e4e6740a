// Amplify's Authenticator, on a user pool that is our stub of Cognito.
import { useEffect } from "react";
import { createRoot } from "react-dom/client";
import { Amplify } from "aws-amplify";
import { Authenticator, translations, useAuthenticator } from "@aws-amplify/ui-react";
import { I18n } from "aws-amplify/utils";
import "@aws-amplify/ui-react/styles.css";

const { back, language } = window.lab;
I18n.putVocabularies(translations);
I18n.setLanguage(language);
Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: "us-east-1_lab", userPoolClientId: "lab", userPoolEndpoint: `${location.origin}/cognito`,
      loginWith: { email: true },
    },
  },
});

function GoBack() {
  const { authStatus } = useAuthenticator((context) => [context.authStatus]);
  useEffect(() => { if (authStatus === "authenticated") location.assign(back); }, [authStatus]);
  return null;
}
const services = window.lab.plain
  // Cognito's other flow, which sends the password itself, over TLS, in place of a proof that one knows it.
  ? { handleSignIn: async (input) => (await import("aws-amplify/auth")).signIn({ ...input, options: { authFlowType: "USER_PASSWORD_AUTH" } }) }
  : {};
createRoot(document.getElementById("root")).render(
  <Authenticator.Provider><Authenticator services={services} loginMechanisms={["email"]}>{() => <p>…</p>}</Authenticator><GoBack /></Authenticator.Provider>,
);
