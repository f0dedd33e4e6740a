"""A certificate store of our own for the browser, with the authorities that the environment names.

Chromium reads no variable for certificates. On Linux it trusts its own list and the NSS database below its home folder,
so it is given a home folder of ours, which holds that database alone; the user's is read and never changed. Chromium's
switches for certificates would trust every chain that merely contains one of them, so they are not used. macOS and
Windows have a store of the system's, where an organisation's authority is already.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wandb_tui.core.home import home_folder
from wandb_tui.services.browser import nss_writer
from wandb_tui.services.certificates import added_certificates
from wandb_tui.services.disk.paths import private_folder

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

log = logging.getLogger(__name__)

_WRITE_TIMEOUT_S = 60.0
_DATABASE = Path(".pki/nssdb")
_USER_TRUST_SQL = """
SELECT certificate.a11, trust.ace536358 FROM nssPublic AS certificate JOIN nssPublic AS trust
ON certificate.a81 = trust.a81 AND certificate.a82 = trust.a82
WHERE certificate.a0 = x'00000001' AND trust.a0 = x'ce534353'
"""
"""NSS's tables name a column after the number of a PKCS #11 attribute: class, value, issuer, serial, trust for TLS."""
_USER_TRUST = {
    bytes.fromhex("ce534351"): "itself",
    bytes.fromhex("ce534352"): "authority",
    bytes.fromhex("ce53435a"): "distrusted",
}


def certificate_environment(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The variables that make Chromium trust the certificates that others name; none if they add none.

    Without a store the browser trusts less, never more, so a failure is only logged.

    Args:
        environ: The environment.
        folder: Stores are made below it, one for each set of certificates, and used again.
    """
    if not sys.platform.startswith("linux"):
        return {}
    added = {der: trust for der in added_certificates(environ) if (trust := _trust(der))}
    if not added:
        return {}
    home = home_folder(environ)
    trusted = {**added, **_user_trust(home)}
    try:
        store = _store(folder / "certificates", sorted(f"{trusted[der]} {_base64(der)}" for der in trusted))
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("The browser does not get the certificates that the environment names: %s", error)
        return {}
    log.info("The browser trusts %d certificates of the environment", len(added))
    return {"HOME": str(store), **(_other_places(environ, home) if home is not None else {})}


def _other_places(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """The variables that keep all else in the user's home folder: settings of fonts and desktop, the display's key."""
    places = {
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_DATA_HOME": home / ".local/share",
        "XAUTHORITY": home / ".Xauthority",
    }
    return {name: str(place) for name, place in places.items() if not environ.get(name) and place.exists()}


def _trust(der: bytes) -> str:
    """The trust in a named certificate: to issue others, for itself alone, or (empty) none.

    OpenSSL takes one that is no authority only if it is self-signed.
    """
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(der)
        authority = _is_authority(certificate)
        self_issued = certificate.issuer == certificate.subject
    except ValueError:
        log.warning("A certificate was left out: it cannot be understood")
        return ""
    if authority:
        return "authority"
    return "itself" if self_issued else ""


def _is_authority(certificate: Certificate) -> bool:
    from cryptography import x509

    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        # The first version of X.509 has no extensions; its authorities are those that issued themselves.
        return certificate.version is x509.Version.v1 and certificate.issuer == certificate.subject


def _user_trust(home: Path | None) -> dict[bytes, str]:
    """The certificates in the user's own store with their trust there, which holds for our browser as before."""
    if home is None or not (file := home / _DATABASE / "cert9.db").exists():
        return {}
    try:
        with contextlib.closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute(_USER_TRUST_SQL).fetchall()
    except sqlite3.Error as error:
        log.warning("The user's certificate store %s cannot be read: %s", file, error)
        return {}
    return {der: _USER_TRUST[trust] for der, trust in rows if trust in _USER_TRUST}


def _store(folder: Path, lines: list[str]) -> Path:
    """The home folder with the store of these certificates, made unless it exists.

    Raises:
        OSError: It cannot be made.
        SubprocessError: The program that makes it did not end.
    """
    store = folder / hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
    if (store / _DATABASE).is_dir():
        return store
    private_folder(folder)
    with _new_folder(folder) as made:
        _write(private_folder(made / _DATABASE), lines)
        try:
            made.rename(store)
        except OSError:
            # Another process was quicker.
            if not (store / _DATABASE).is_dir():
                raise
    return store


@contextlib.contextmanager
def _new_folder(parent: Path) -> Iterator[Path]:
    """A folder that is removed at the end unless it has been renamed."""
    made = Path(tempfile.mkdtemp(prefix="new-", dir=parent))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _write(database: Path, lines: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", nss_writer.__file__, str(database)],
        input="".join(f"{line}\n" for line in lines),
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_WRITE_TIMEOUT_S,
        check=False,
    )
    if done.returncode == nss_writer.NO_LIBRARY_STATUS:
        raise OSError("the NSS library is missing (on Debian and Ubuntu: apt install libnss3)")
    if done.returncode != 0:
        raise OSError(f"NSS failed: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.returncode}")
    if (refused := done.stdout.strip()) != "0":
        log.warning("NSS refused %s certificates", refused)


def _base64(der: bytes) -> str:
    return base64.b64encode(der).decode()
