"""URLs of servers, taken apart.

Decides which server a URL names and whether it may be spoken to. It must never let a secret into
a message: what a URL holds is not repeated.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from urllib.parse import SplitResult

DEFAULT_PORTS = {"http": 80, "https": 443, "grpc": 80, "grpcs": 443}

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")

_LOOPBACK = re.compile(r"localhost|127\.[0-9.]+|::1")

_SEVERAL = re.compile(r",(file|https?|grpcs?|s3):")
_BUCKET_KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_SERVER_KEYS = (
    "GORUN_REMOTE_USER and GORUN_REMOTE_PASSWORD, into GORUN_REMOTE_TOKEN or into ~/.netrc"
)


class BadURL(Exception):
    """A URL that leads nowhere; `str()` says what is wrong with it, after "the URL"."""


class Unsendable(Exception):
    """What a variable or a file of the user holds cannot be used; `str()` says it without that."""


class Server(NamedTuple):
    """Who is spoken to."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return self.host if self.port == DEFAULT_PORTS[self.scheme] else self.address

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_here(self) -> bool:
        """Whether it is this machine, so that no network is between."""
        return _LOOPBACK.fullmatch(self.host) is not None


class Target(NamedTuple):
    """What is asked for, and where."""

    server: Server
    path: str

    @property
    def url(self) -> str:
        return f"{self.server.scheme}://{self.server.address}{self.path}"


def split(url: str) -> SplitResult:
    """Return the parts of a URL without credentials. Raises BadURL."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise BadURL("holds a character that no URL has")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadURL("cannot be read") from None
    if _SEVERAL.search(url):
        raise BadURL("has another one after a comma; several are separated by spaces")
    if "@" in parts.netloc:
        places = _BUCKET_KEYS if parts.scheme == "s3" else _SERVER_KEYS
        raise BadURL(f"holds credentials; they belong into {places}")
    return parts


def target_of(parts: SplitResult, *, plaintext: bool) -> Target:
    """Return where a URL of a server leads. Raises BadURL.

    `plaintext` allows to speak unprotected with another machine.
    """
    if parts.scheme not in DEFAULT_PORTS:
        raise BadURL("begins with none of grpcs://, grpc://, https://, http://, s3:// and file://")
    host = parts.hostname or ""
    try:
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except ValueError:
        raise BadURL("has a port that is no port") from None
    if not _HOST.fullmatch(host):
        raise BadURL("names no server")
    server = Server(parts.scheme, host, port)
    if not parts.scheme.endswith("s") and not plaintext and not server.is_here:
        raise BadURL(
            f"is {parts.scheme}://, which others can read and change on its way; "
            f"use {parts.scheme}s://, or allow it by GORUN_REMOTE_PLAINTEXT=1"
        )
    query = f"?{parts.query}" if parts.query else ""
    return Target(server, parts.path + query)
