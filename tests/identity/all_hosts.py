"""All identity hosts by name, and how to have one."""

from tests.identity.amplify import AmplifyHost
from tests.identity.auth0_lock import LockHost
from tests.identity.canaille import CanailleHost
from tests.identity.django_allauth import DjangoHost
from tests.identity.flask_security import FlaskSecurityHost
from tests.identity.jupyterhub import JupyterHubHost
from tests.identity.keycloak import KeycloakHost
from tests.identity.lemonldap import LemonLdapHost
from tests.identity.oidc_provider import OidcProviderHost
from tests.identity.okta import OktaHost
from tests.identity.ory import OryHost
from tests.identity.supertokens import SuperTokensHost

HOSTS = {
    "amplify": AmplifyHost,
    "auth0-lock": LockHost,
    "canaille": CanailleHost,
    "django": DjangoHost,
    "flask-security": FlaskSecurityHost,
    "jupyterhub": JupyterHubHost,
    "keycloak": KeycloakHost,
    "lemonldap": LemonLdapHost,
    "oidc-provider": OidcProviderHost,
    "okta": OktaHost,
    "ory": OryHost,
    "supertokens": SuperTokensHost,
}
