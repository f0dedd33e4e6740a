"""Writes certificates into a new NSS database, the kind that Chromium on Linux reads. Run as a program of its own.

``python nss_writer.py FOLDER`` reads lines of ``TRUST DER`` on its standard input, the certificate in base64. It uses
the library that Chromium itself needs, so ``certutil`` need not be installed. That library keeps a state for the whole
process and does not survive a fork, hence a process of its own; this file needs only the standard library.
"""

from __future__ import annotations

import base64
import ctypes
import sys

_LIBRARY = "libnss3.so"
# The bits of NSS's trust of one certificate for TLS servers.
TRUST_FLAGS = {"authority": 0b11000, "itself": 0b11, "distrusted": 0b1}
NO_LIBRARY_STATUS = 3
"""Exit status where NSS is not installed."""


class _Item(ctypes.Structure):
    """NSS's ``SECItem``: bytes with a kind."""

    _fields_ = (("kind", ctypes.c_int), ("data", ctypes.c_char_p), ("length", ctypes.c_uint))


class _Trust(ctypes.Structure):
    """NSS's ``CERTCertTrust``."""

    _fields_ = (("tls", ctypes.c_uint), ("mail", ctypes.c_uint), ("code", ctypes.c_uint))


def _nss() -> ctypes.CDLL:
    nss, pointer = ctypes.CDLL(_LIBRARY), ctypes.c_void_p
    for name in ("PK11_GetInternalKeySlot", "CERT_GetDefaultCertDB", "CERT_NewTempCertificate"):
        getattr(nss, name).restype = pointer
    nss.PK11_NeedUserInit.argtypes = [pointer]
    nss.PK11_InitPin.argtypes = [pointer, ctypes.c_char_p, ctypes.c_char_p]
    nss.CERT_NewTempCertificate.argtypes = [pointer, ctypes.POINTER(_Item), ctypes.c_char_p, ctypes.c_int, ctypes.c_int]
    nss.PK11_ImportCert.argtypes = [pointer, pointer, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_int]
    nss.CERT_ChangeCertTrust.argtypes = [pointer, pointer, ctypes.POINTER(_Trust)]
    return nss


def _write(nss: ctypes.CDLL, folder: str, lines: list[str]) -> int:
    """Make the database; returns how many certificates it refused."""
    if nss.NSS_InitReadWrite(f"sql:{folder}".encode()) != 0:
        raise OSError(nss.PORT_GetError(), "NSS cannot open the database")
    slot, database = nss.PK11_GetInternalKeySlot(), nss.CERT_GetDefaultCertDB()
    # The database holds no keys, so it has no password.
    if nss.PK11_NeedUserInit(slot) and nss.PK11_InitPin(slot, None, b"") != 0:
        raise OSError(nss.PORT_GetError(), "NSS cannot prepare the database")
    refused = 0
    for number, line in enumerate(lines):
        trust, _, text = line.partition(" ")
        der = base64.b64decode(text)
        item = _Item(0, der, len(der))
        certificate = nss.CERT_NewTempCertificate(database, ctypes.byref(item), None, 0, 1)
        flags = _Trust(TRUST_FLAGS[trust], 0, 0)
        refused += not (
            certificate
            and nss.PK11_ImportCert(slot, certificate, 0, f"certificate {number}".encode(), 0) == 0
            and nss.CERT_ChangeCertTrust(database, certificate, ctypes.byref(flags)) == 0
        )
    return refused


def _main() -> int:
    try:
        nss = _nss()
    except OSError:
        return NO_LIBRARY_STATUS
    refused = _write(nss, sys.argv[1], sys.stdin.read().splitlines())
    sys.stdout.write(str(refused))
    return 0


if __name__ == "__main__":
    sys.exit(_main())
