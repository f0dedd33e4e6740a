// Renders one page of Keycloak's login theme, as keycloakify ships it; the server says which in `window.page`.
import { Suspense } from "react";
import { createRoot } from "react-dom/client";
import DefaultPage from "keycloakify/login/DefaultPage";
import Template from "keycloakify/login/Template";
import UserProfileFormFields from "keycloakify/login/UserProfileFormFields";
import { i18nBuilder } from "keycloakify/login/i18n";
import { fetchMessages_defaultSet } from "keycloakify/login/i18n/messages_defaultSet";
import { createGetKcContextMock } from "keycloakify/login/KcContext";

const { pageId, overrides, messageKey, fieldError } = window.page;
const { useI18n } = i18nBuilder.build();
const { getKcContextMock } = createGetKcContextMock({ kcContextExtension: { properties: {} }, kcContextExtensionPerPage: {} });

// Keycloak puts its messages into the page in the language of the user.
const messages = await fetchMessages_defaultSet(overrides.locale.currentLanguageTag);
const message = messages[messageKey];
const kcContext = getKcContextMock({ pageId, overrides });
if (message && fieldError)
  Object.assign(kcContext.messagesPerField, {
    existsError: (...names) => names.includes(fieldError), get: (name) => (name === fieldError ? message : ""),
    getFirstError: (...names) => (names.includes(fieldError) ? message : ""),
    printIfExists: (name, text) => (name === fieldError ? text : undefined), exists: (name) => name === fieldError,
  });
else if (message) kcContext.message = { type: "error", summary: message };

function Page() {
  const { i18n } = useI18n({ kcContext });
  return (
    <Suspense>
      <DefaultPage kcContext={kcContext} i18n={i18n} Template={Template} doUseDefaultCss
        UserProfileFormFields={UserProfileFormFields} doMakeUserConfirmPassword />
    </Suspense>
  );
}
createRoot(document.getElementById("root")).render(<Page />);
