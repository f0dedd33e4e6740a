"""The reasons for refusals, in the translations of Django and django-allauth: messages that others have written."""

import gettext
from pathlib import Path

import allauth
import django
import pytest

from wandb_tui.core.errors import SignInProblem
from wandb_tui.services.signin import refusal_phrases
from wandb_tui.services.signin.phrases import says
from wandb_tui.services.signin.responses import classify

READ = (
    "ar bg ca cs da de el en_GB es es_AR es_MX fa fi fr he hr hu id it ja ko lt nb nl nn pl pt pt_BR pt_PT ro ru sk sl "
    "sr sr_Latn sv th tr uk vi zh_Hans zh_Hant"
)
CATALOGS = (Path(django.__file__).parent / "contrib/auth/locale", Path(allauth.__file__).parent / "locale")
MESSAGES = {
    "This account is inactive.": SignInProblem.INACTIVE,
    "This account is currently inactive.": SignInProblem.INACTIVE,
    "Too many failed login attempts. Try again later.": SignInProblem.BLOCKED,
    "The email address and/or password you specified are not correct.": SignInProblem.WRONG_PASSWORD,
    "The username and/or password you specified are not correct.": SignInProblem.WRONG_PASSWORD,
}


def translations(message):
    """All translations of a message into languages that we read."""
    for folder in CATALOGS:
        for language in READ.split():
            catalog = folder / language / "LC_MESSAGES/django.mo"
            if catalog.exists():
                with catalog.open("rb") as file:
                    yield language, gettext.GNUTranslations(file).gettext(message)


@pytest.mark.parametrize("message", MESSAGES)
def test_every_translation_has_its_meaning(message):
    found = dict(translations(message))
    assert len(found) > 30
    assert {language: classify(text) for language, text in found.items()} == dict.fromkeys(found, MESSAGES[message])


def test_a_temporary_lock_is_no_wrong_password():
    assert classify("Your account is temporarily disabled.") is SignInProblem.LOCKED


def test_an_address_to_be_verified_with_a_code_asks_for_the_code():
    assert classify("Verify your e-mail address with the code that we sent") is SignInProblem.CODE_NEEDED


@pytest.mark.parametrize("text", ["Die Anwendung Lab bittet um Zugang zu:", "L'application Lab demande un accès à :"])
def test_a_consent_asks_for_access(text):
    assert says(text, refusal_phrases.ACCESS)
