"""A certificate authority for a test, and a server with its certificate in front of a sandbox."""

import contextlib
import socket
import socketserver
import ssl
import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Authority:
    """An authority that has issued one certificate, for ``localhost``."""

    def __init__(self, folder, name="Lab"):
        folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.certificate = self._issue(self._name, self._key, x509.BasicConstraints(ca=True, path_length=None))
        self.pem = folder / "authority.pem"
        self.pem.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        issued = self._issue(subject, key, x509.SubjectAlternativeName([x509.DNSName("localhost")]))
        self.server_pem = folder.with_name(f"{folder.name}-server.pem")
        self.server_pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + issued.public_bytes(serialization.Encoding.PEM)
        )

    @property
    def der(self):
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def _issue(self, subject, key, extension):
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
            .sign(self._key, hashes.SHA256())
        )

    @contextlib.contextmanager
    def in_front_of(self, sandbox):
        """The address of a TLS server with this authority's certificate, which hands every byte on to the sandbox."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server_pem)
        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Relay) as server:
            server.daemon_threads = True
            server.block_on_close = False
            server.context, server.target = context, urlsplit(sandbox.base_url).port
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            yield f"https://localhost:{server.server_address[1]}"
            server.shutdown()


class _Relay(socketserver.BaseRequestHandler):
    def handle(self):
        with contextlib.suppress(OSError):
            plain = socket.create_connection(("127.0.0.1", self.server.target))
            with plain, self.server.context.wrap_socket(self.request, server_side=True) as secret:
                answers = threading.Thread(target=_copy, args=(plain, secret), daemon=True)
                answers.start()
                _copy(secret, plain)
                plain.shutdown(socket.SHUT_WR)
                answers.join()


def _copy(source, target):
    with contextlib.suppress(OSError):
        while piece := source.recv(65_536):
            target.sendall(piece)
