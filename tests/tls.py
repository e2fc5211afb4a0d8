"""A private authority, servers that speak TLS, and a proxy that notes where it is led."""

import select
import socket
import ssl
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tasks.sandbox.fake import Fake, Served

_PEM = serialization.Encoding.PEM
_PLAIN = serialization.PrivateFormat.TraditionalOpenSSL


class Authority:
    """Signs certificates for made-up hosts and clients; its files lie in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        self.bundle = folder / "authority.pem"
        signed = self._signed(self._name, self._key, x509.BasicConstraints(True, None))
        self.bundle.write_bytes(signed.public_bytes(_PEM))

    def issue(self, *hosts: str, passphrase: str = "") -> tuple[Path, Path]:
        """The files of a certificate and of its key."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
        alternatives = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        signed = self._signed(name, key, alternatives)
        locked = (
            serialization.BestAvailableEncryption(passphrase.encode())
            if passphrase
            else serialization.NoEncryption()
        )
        certificate = self._folder / f"{hosts[0]}.pem"
        certificate.write_bytes(signed.public_bytes(_PEM))
        key_file = self._folder / f"{hosts[0]}.key"
        key_file.write_bytes(key.private_bytes(_PEM, _PLAIN, locked))
        return certificate, key_file

    def _signed(
        self, name: x509.Name, key: rsa.RSAPrivateKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        return builder.sign(self._key, hashes.SHA256())


@contextmanager
def served_with_tls(
    fake: Fake, files: tuple[Path, Path], clients: Path | None = None
) -> Iterator[int]:
    """A fake behind TLS, by its port; with `clients` it wants a certificate of that authority."""
    served = Served(fake)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    plain = served._server.socket
    served._server.socket = context.wrap_socket(
        plain, server_side=True, do_handshake_on_connect=False
    )
    with served:
        yield int(served.url.rpartition(":")[2])


@dataclass
class Proxy:
    """Where clients wanted to go, and how they named themselves."""

    port: int
    hosts: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)


@contextmanager
def proxy(target: int = 0) -> Iterator[Proxy]:
    """A proxy on loopback. CONNECT leads to the port `target`; without one it is refused."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen = Proxy(listener.getsockname()[1])

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=tunnel, args=(client,), daemon=True).start()

    def tunnel(client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        lines = head.decode().split("\r\n")
        seen.hosts.append(lines[0].split(" ")[1])
        names = [line.partition("Basic ")[2] for line in lines if "Proxy-Authorization" in line]
        seen.users += [b64decode(name).decode() for name in names]
        if not target:
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
            client.close()
            return
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", target)) as server, client:
            pump(client, server)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield seen
    finally:
        listener.close()


def pump(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until a side ends."""
    ways = {one: other, other: one}
    while True:
        for source in select.select(list(ways), [], [], 30)[0]:
            try:
                data = source.recv(65536)
            except OSError:
                return
            if not data:
                return
            ways[source].sendall(data)
