"""A certificate authority of our own, and the certificates that make trouble."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import trustme

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
NOT_SO_LONG_AGO = datetime(2002, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2990, 1, 1, tzinfo=UTC)
FARTHER_AHEAD = datetime(2991, 1, 1, tzinfo=UTC)


class Authority:
    """Signs certificates for receivers; its PEM file is what a sender is told to trust."""

    def __init__(self) -> None:
        self._ca = trustme.CA()

    def write(self, folder: Path) -> Path:
        """The file for the setting CA_FILE."""
        path = folder / "authority.pem"
        self._ca.cert_pem.write_to_path(str(path))
        return path

    def serves(self, *names: str) -> ssl.SSLContext:
        """A server's side of TLS, for these names and addresses."""
        return _server(self._ca.issue_cert(*names))

    def expired(self, *names: str) -> ssl.SSLContext:
        return _server(self._ca.issue_cert(*names, not_before=LONG_AGO, not_after=NOT_SO_LONG_AGO))

    def not_valid_yet(self, *names: str) -> ssl.SSLContext:
        return _server(self._ca.issue_cert(*names, not_before=FAR_AHEAD, not_after=FARTHER_AHEAD))

    def self_signed(self) -> ssl.SSLContext:
        """An authority that shows its own certificate, as home-made servers do."""
        other = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        pem = other.private_key_pem.bytes() + other.cert_pem.bytes()
        with trustme.Blob(pem).tempfile() as file:
            context.load_cert_chain(file)
        return context

    def write_pair(self, folder: Path, *names: str) -> Path:
        """Key and certificate chain in one file, for servers that are other programs."""
        path = folder / "server.pem"
        self._ca.issue_cert(*names).private_key_and_cert_chain_pem.write_to_path(str(path))
        return path


def _server(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context
