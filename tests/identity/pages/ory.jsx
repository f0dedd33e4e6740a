// Ory Elements' login, on a flow that our stub of Ory Identities has begun.
import { createRoot } from "react-dom/client";
import { Login } from "@ory/elements-react/theme";
import "@ory/elements-react/theme/styles.css";

const { flow, language } = window.lab;
const config = {
  sdk: { url: location.origin },
  project: {
    name: "Lab", default_locale: language, locale_behavior: "force_default", registration_enabled: true, recovery_enabled: true,
    login_ui_url: `${location.origin}/ui`, registration_ui_url: `${location.origin}/up`, recovery_ui_url: `${location.origin}/recover`,
    default_redirect_url: `${location.origin}/done`, error_ui_url: `${location.origin}/error`, settings_ui_url: `${location.origin}/settings`,
    verification_enabled: true, verification_ui_url: `${location.origin}/verify`, hide_ory_branding: true,
  },
  intl: { locale: language },
};
createRoot(document.getElementById("root")).render(<Login flow={flow} config={config} />);
