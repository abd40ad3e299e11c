"""Certificates: which authorities certify a server, and what certifies us to it: files in PEM.

Decides which of the user's files count, and what is said of one that cannot be used. It must never
ask for a passphrase, nor take anything from a repository: what a configuration says of a program is
in our environment, too.
"""

from __future__ import annotations

import contextlib
import os
import re
import ssl
from typing import TYPE_CHECKING, NamedTuple

from gorun_tasks.storage.remote.url import Unsendable

if TYPE_CHECKING:
    from collections.abc import Mapping

CERT, KEY, CA = "GORUN_REMOTE_CERT", "GORUN_REMOTE_KEY", "GORUN_REMOTE_CA"

_REFUSAL = re.compile(r"ALERT_(\w*CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)|TSI_DATA_CORRUPTED")
"""What TLS calls it where a server ends a connection because of our certificate, or of none.

By TLS 1.3 this comes when all seems well, and grpcio has that one word for it.
"""


_BUNDLE = "ca-certificates.crt"
"""The file in which Debian keeps all of its folder of authorities."""


class File(NamedTuple):
    """A file in PEM; "" for none."""

    path: str = ""
    content: bytes = b""

    def __repr__(self) -> str:
        return f"File({self.path!r})"  # and no key


class Certificates(NamedTuple):
    """What TLS with a server rests on."""

    authorities: File = File()
    """Who may certify the server, instead of those that are trusted on this machine."""

    chain: File = File()
    """Our certificate and those between it and its authority, for the server that was named."""

    key: File = File()

    machine: tuple[str, str] = ("", "")
    """The file and the folder of the latter, where the user names others than the usual ones."""

    def for_others(self) -> Certificates:
        """Return what TLS with another server rests on, to which one was sent."""
        return self._replace(chain=File(), key=File())

    def roots(self) -> bytes:
        """Return the authorities in PEM, b"" where this machine has none."""
        if self.authorities.path:
            return self.authorities.content
        file, folder = self._of_machine()
        for path in (file, os.path.join(folder, _BUNDLE)):
            with contextlib.suppress(OSError), open(path, "rb") as opened:
                return opened.read()
        return b""

    def context(self) -> ssl.SSLContext:
        """Return this as Python's TLS takes it. Raises OSError."""
        # Python's default context also looks at variables that are not the user's.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as grpcio does
        if self.authorities.path:
            context.load_verify_locations(self.authorities.path)
        else:
            file, folder = self._of_machine()
            context.load_verify_locations(file if os.path.exists(file) else None, folder)
        if self.chain.path:
            _load_chain(context, self.chain, self.key)
        return context

    def _of_machine(self) -> tuple[str, str]:
        """Return the file and the folder of the authorities that are trusted on this machine."""
        paths = ssl.get_default_verify_paths()
        file, folder = self.machine
        return file or paths.openssl_cafile, folder or paths.openssl_capath

    def untrusted(self) -> str:
        """Return what to say of a server whose certificate was not verified."""
        by = f"by {CA}" if self.authorities.path else "here"
        return f"shows a certificate that is not trusted {by}"

    def refused(self, words: str) -> str:
        """Return what to say where TLS ended with these words, "" if it was not for us."""
        if not _REFUSAL.search(words):
            return ""
        if self.chain.path:
            return f"refuses the certificate of {CERT}"
        return f"wants a client certificate ({CERT}, for a server that GORUN_REMOTE names)"


def certificates_of(environ: Mapping[str, str], *, chosen_by_user: bool) -> Certificates:
    """Return what the variables name, our certificate only for a server that the user has named.

    Raises Unsendable.
    """
    machine = environ.get("SSL_CERT_FILE", ""), environ.get("SSL_CERT_DIR", "")
    found = Certificates(machine=machine)
    if environ.get(CA):
        found = found._replace(authorities=_certificates(CA, environ[CA]))
    names = [name for name in (CERT, KEY) if environ.get(name)]
    if not names or not chosen_by_user:
        return found
    if len(names) == 1:
        other = KEY if names == [CERT] else CERT
        raise Unsendable(f"{names[0]} is set and {other} is not; a client certificate takes both")
    chain, key = _certificates(CERT, environ[CERT]), _read(KEY, environ[KEY])
    try:
        _load_chain(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), chain, key)
    except (OSError, ValueError):
        raise Unsendable(
            f"{KEY}: {key.path} is not the key of the certificate in {CERT}, "
            "in PEM and without a passphrase"
        ) from None
    return found._replace(chain=chain, key=key)


def _certificates(name: str, path: str) -> File:
    file = _read(name, path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except (OSError, ValueError):
        raise Unsendable(f"{name}: {path} holds no certificate in PEM") from None
    return file


def _read(name: str, path: str) -> File:
    try:
        with open(path, "rb") as file:
            return File(path, file.read())
    except OSError as error:
        raise Unsendable(f"{name}: {path} cannot be read ({error.strerror})") from None


def _load_chain(context: ssl.SSLContext, chain: File, key: File) -> None:
    # With this OpenSSL does not ask at the terminal for a passphrase.
    context.load_cert_chain(chain.path, key.path, password="")
