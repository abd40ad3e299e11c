"""Proxies: whether a server is reached by one, after the usual variables.

Decides which proxy speaks to which server. It must never use one for this machine, nor show the
password that a variable may hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from gorun_tasks.storage.remote.connection import Proxy
from gorun_tasks.storage.remote.credentials import basic
from gorun_tasks.storage.remote.url import Unsendable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gorun_tasks.storage.remote.url import Server

_VARIABLES = {
    # Not HTTP_PROXY: where a web server starts us, a client may have set it by a header.
    "http": ("http_proxy", "all_proxy", "ALL_PROXY"),
    "https": ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
}

_DEFAULT_PORT = 80


def proxy_of(server: Server, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy of a server, None where it is spoken to directly. Raises Unsendable."""
    names = _VARIABLES[server.scheme.replace("grpc", "http")]
    name = next((name for name in names if environ.get(name)), "")
    if not name or server.is_here or _is_excepted(server, environ):
        return None
    value = environ[name]
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname, parts.port or _DEFAULT_PORT
    except ValueError:
        host, port = "", 0
    if not host or not host.isascii() or parts.scheme != "http":
        raise Unsendable(f"{name} names no proxy that speaks HTTP")
    if parts.username is None:
        return Proxy(host, port, "")
    return Proxy(host, port, basic(unquote(parts.username), unquote(parts.password or "")))


def _is_excepted(server: Server, environ: Mapping[str, str]) -> bool:
    excepted = environ.get("no_proxy") or environ.get("NO_PROXY", "")
    for word in excepted.lower().replace(",", " ").split():
        domain = word.removeprefix("*").lstrip(".")
        if word == "*" or domain in (server.host, f"{server.host}:{server.port}"):
            return True
        if domain and server.host.endswith(f".{domain}"):
            return True
    return False
