"""Credentials: what the user's side knows of a server: a token, a certificate, a line in netrc.

Decides what is sent to whom. It must never take anything from a repository, nor send to a server
that a repository chose what was not said of this very server.
"""

from __future__ import annotations

import base64
import netrc
import os
from typing import TYPE_CHECKING, NamedTuple

from gorun_tasks.storage.remote.certificates import CERT, Certificates
from gorun_tasks.storage.remote.url import Unsendable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gorun_tasks.storage.remote.connection import Proxy
    from gorun_tasks.storage.remote.url import Server

TOKEN, USER, PASSWORD = "GORUN_REMOTE_TOKEN", "GORUN_REMOTE_USER", "GORUN_REMOTE_PASSWORD"


class Access(NamedTuple):
    """What the user's side knows and allows."""

    authorization: str = ""
    """For the server that was named, and no other."""

    proxy_of: Callable[[Server], Proxy | None] = lambda _server: None

    certificates: Certificates = Certificates()

    plaintext: bool = False
    """Whether to speak unprotected with other machines."""

    hint: str = ""
    """What to say where this server refuses us."""

    def __repr__(self) -> str:
        return f"Access(plaintext={self.plaintext})"  # and no secret


def authorization_of(host: str, environ: Mapping[str, str], *, chosen_by_user: bool) -> str:
    """Return what to send as Authorization, "" for nothing. Raises Unsendable.

    The variables name no server: they are meant for the one that the user has named.
    """
    token, user = environ.get(TOKEN, ""), environ.get(USER, "")
    if chosen_by_user and token:
        if not token.isascii() or not token.isprintable() or " " in token:
            raise Unsendable(f"{TOKEN} holds a character that no token has")
        return f"Bearer {token}"
    if chosen_by_user and user:
        return basic(user, environ.get(PASSWORD, ""))
    return _of_netrc(host, environ)


def hint_for_refused(
    authorization: str, environ: Mapping[str, str], *, chosen_by_user: bool
) -> str:
    """Return what to say of credentials to who was refused with this Authorization, "" for none."""
    name = next((name for name in (TOKEN, USER, CERT) if environ.get(name)), "")
    if name and not chosen_by_user:
        return f"{name} is for the server that GORUN_REMOTE names"
    if authorization:
        return f"it does not accept {name or 'the login in netrc'}"
    return "" if name else f"neither {TOKEN} nor {USER} is set"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _of_netrc(host: str, environ: Mapping[str, str]) -> str:
    path = environ.get("NETRC") or os.path.join(environ.get("HOME", ""), ".netrc")
    if not os.path.isabs(path):
        return ""
    try:
        # Not its `default`, which means servers that were not thought of.
        entry = netrc.netrc(path).hosts.get(host)
    except (OSError, UnicodeDecodeError):
        return ""
    except netrc.NetrcParseError as error:
        # Its message repeats words of the file.
        raise Unsendable(f"{path}: line {error.lineno} is none of netrc") from None
    login, _, password = entry or ("", "", "")
    return basic(login or "", password or "") if login or password else ""
