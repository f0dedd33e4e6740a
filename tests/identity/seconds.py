"""Seconds from ``/login`` to signed in on each host, beside a hand-written script for its page.

``python -m tests.identity.seconds [--rounds N] [NAME]…`` prints a table of medians; both take turns in one browser.
The installed programs are cached in the folder ``wandb-tui-identity`` of the temporary folder.
"""

import argparse
import math
import statistics
import tempfile
import time
from pathlib import Path

from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from tests.identity.all_hosts import HOSTS
from tests.identity.front import Front
from tests.integration.fake_login_server import PASSWORD, USER
from tests.integration.sign_in_driver import SignInDriver

_LOST_AFTER_MS = 10_000
# Canaille checks a name half a second after its last letter and then draws its field again, with this mark.
# A key pressed before that may lose the text.
_CHECKED = "input[name=login][autocomplete=off]"
# Of each page, the fields for the name and the password, and the button, as its author's own test would write them.
BY_HAND = {
    "amplify": ["input[name=username]", "input[name=password]", "button[type=submit]"],
    "auth0-lock": ["input[name=email]", "input[name=password]", "button[name=submit]"],
    "canaille": ["input[name=login]", _CHECKED, "button[type=submit]", "input[name=password]", "button[type=submit]"],
    "django": ["#id_username", "#id_password", "input[type=submit]"],
    "flask-security": ["#email", "#password", "#submit"],
    "jupyterhub": ["#username_input", "#password_input", "#login_submit"],
    "keycloak": ["#username", "#password", "#kc-login"],
    "lemonldap": ["#userfield", "#passwordfield", "button[type=submit]"],
    "oidc-provider": ["input[name=login]", "input[name=password]", "button[type=submit]"],
    "okta": ["input[name=identifier]", "input[name='credentials.passcode']", "input[type=submit]"],
    "ory": ["input[name=identifier]", "input[name=password]", "button[value=password]"],
    "supertokens": ["input[name=email]", "input[name=password]", "button[type=submit]"],
}


async def by_hand(driver, front, steps):
    """Sign in as the script for this page alone does; returns the seconds, or None if the page lost what it typed."""
    began = time.monotonic()
    context = await driver.browser.new_context()
    context.set_default_timeout(_LOST_AFTER_MS)
    try:
        await _follow(await context.new_page(), front, steps)
    except PlaywrightTimeoutError:
        return None
    finally:
        await context.close()
    return time.monotonic() - began


async def _follow(page, front, steps):
    await page.goto(f"{front.sandbox.app_url}/login", wait_until="domcontentloaded")
    for step in steps:
        place = page.locator(step).first
        if step == _CHECKED:
            await place.wait_for()
        elif "button" in step or "submit" in step or step == "#kc-login":
            await place.click()
        else:
            await place.fill(PASSWORD if "passw" in step or "passcode" in step else USER)
    await page.wait_for_url(lambda url: url.startswith(front.sandbox.app_url) and "/login" not in url)


def ours(driver, front):
    """Sign in as wandb-tui does; returns the seconds."""
    began = time.monotonic()
    came = front.sign_in(driver)
    if came.error is not None:
        raise came.error
    return time.monotonic() - began


def measured(driver, name, folder, rounds):
    """Medians for one host: ours, by hand; and how often the script by hand has failed."""
    (folder / name).mkdir(exist_ok=True)
    host = HOSTS[name](folder / name)
    try:
        with Front(host) as front:
            pairs = [
                (ours(driver, front), driver.runner.run(by_hand(driver, front, BY_HAND[name])))
                for _ in range(rounds + 1)
            ][1:]
    finally:
        host.close()
    mine, theirs = zip(*pairs, strict=True)
    done = [seconds for seconds in theirs if seconds is not None]
    return statistics.median(mine), statistics.median(done) if done else math.nan, rounds - len(done)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.identity.seconds", description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(HOSTS)}")
    parser.add_argument(
        "--rounds", type=int, default=5, help="how often each signs in, after a first time for warming up"
    )
    given = parser.parse_args()
    folder = Path(tempfile.gettempdir()) / "wandb-tui-identity"
    folder.mkdir(exist_ok=True)
    driver = SignInDriver(folder)
    try:
        print("| host | wandb-tui | by hand | ratio | by hand, failed |\n| --- | --- | --- | --- | --- |", flush=True)
        for name in given.names or HOSTS:
            seconds, theirs, failed = measured(driver, name, folder, given.rounds)
            print(f"| {name} | {seconds:.1f} s | {theirs:.1f} s | {seconds / theirs:.2f} | {failed} |", flush=True)
    finally:
        driver.close()


if __name__ == "__main__":
    main()
