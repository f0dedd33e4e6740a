"""The certificate authorities that the environment adds to the usual ones: ``REQUESTS_CA_BUNDLE`` and its relatives.

requests, OpenSSL and the SDK each read variables of their own; here all are read, for programs that read none.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import logging
import re
import ssl
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

log = logging.getLogger(__name__)

_FILE_OR_FOLDER_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_FOLDERS_VARIABLE = "SSL_CERT_DIR"
_PEM = re.compile(
    r"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----.+?-----END (?:TRUSTED |X509 )?CERTIFICATE-----", re.DOTALL
)
_MAX_FILE_BYTES = 16 * 1024 * 1024
_PUBLIC_LISTS = (
    "/usr/share/ca-certificates/mozilla",
    "/usr/share/ca-certificates/trust-source/mozilla.trust.p11-kit",
    "/usr/share/pki/ca-trust-source/ca-bundle.trust.p11-kit",
    "/usr/share/pki/trust/ca-certificates-mozilla.trust.p11-kit",
)
"""The paths of Mozilla's list in the packages of Debian and Alpine, Arch, Fedora, and SUSE; an authority that the
machine's owner has added is elsewhere."""


def added_certificates(environ: Mapping[str, str]) -> list[bytes]:
    """The certificates in the files and folders that the environment names, without the public authorities.

    The variables often name the whole list of the system. A program with a list of its own goes on by that: it may have
    withdrawn its trust in a public authority that an older list still has.

    Args:
        environ: The environment, with ``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE``, ``SSL_CERT_FILE`` and
            ``SSL_CERT_DIR``.

    Returns:
        Each once, in DER. Those that cannot be read are logged and left out.
    """
    found = {certificate for path in sorted(set(_named(environ))) for certificate in _read(path)}
    return sorted(found - _public_authorities()) if found else []


def _named(environ: Mapping[str, str]) -> Iterator[Path]:
    for name in _FILE_OR_FOLDER_VARIABLES:
        if environ.get(name):
            yield Path(environ[name])
    yield from (Path(folder) for folder in environ.get(_FOLDERS_VARIABLE, "").split(":") if folder)


def _read(path: Path) -> Iterator[bytes]:
    try:
        # A link to a file in the same folder, as OpenSSL wants it for each, adds nothing.
        files = {file.resolve() for file in path.iterdir()} if path.is_dir() else {path}
    except OSError as error:
        log.warning("The certificates in %s cannot be read: %s", path, error.strerror)
        return
    for file in sorted(files):
        try:
            if file.is_file() and file.stat().st_size <= _MAX_FILE_BYTES:
                yield from _certificates(file.read_text(encoding="ascii", errors="replace"))
            elif file == path:
                log.warning("%s is not a file of certificates", path)
        except OSError as error:
            log.warning("The certificates of %s cannot be read: %s", file, error.strerror)


def _certificates(text: str) -> Iterator[bytes]:
    for block in _PEM.findall(text):
        try:
            found = ssl.PEM_cert_to_DER_cert(re.sub(r"(BEGIN|END) (?:TRUSTED |X509 )", r"\1 ", block))
        except ValueError:
            log.warning("A certificate was left out: it is not in PEM format")
            continue
        yield _without_trust(found)


def _without_trust(certificate: bytes) -> bytes:
    """The certificate alone: OpenSSL appends its own notes to one that is called trusted."""
    if len(certificate) < 4 or certificate[1] & 0x80 == 0:  # noqa: PLR2004 - tag, length of the length, length
        return certificate
    octets = certificate[1] & 0x7F
    return certificate[: 2 + octets + int.from_bytes(certificate[2 : 2 + octets], "big")]


@cache
def _public_authorities() -> frozenset[bytes]:
    """The authorities of Mozilla's list, as the system's packages have it and as certifi does."""
    paths = [Path(path) for path in _PUBLIC_LISTS]
    system = {certificate for path in paths if path.exists() for certificate in _read(path)}
    return frozenset(system.union(_certificates(_unaltered_certifi())))


def _unaltered_certifi() -> str:
    """The file of certifi, which comes with requests; empty if it is another: some organisations append to it."""
    try:
        files = importlib.metadata.files("certifi") or []
        file = next(file for file in files if file.name == "cacert.pem" and file.hash is not None)
        content = Path(str(file.locate())).read_bytes()
    except (importlib.metadata.PackageNotFoundError, StopIteration, OSError):
        return ""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    unaltered = file.hash is not None and (file.hash.mode, file.hash.value) == ("sha256", digest)
    return content.decode("ascii", errors="replace") if unaltered else ""
