"""Location of a place: from a URL, and what the user's side says of it, to what can be asked.

Decides which URLs lead to a place. It must never repeat a URL that may hold a secret, and never
take from a repository what only the user may allow.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING
from urllib.parse import unquote

from gorun_tasks.errors import in_one_line
from gorun_tasks.storage.remote.breaker import Breaker
from gorun_tasks.storage.remote.place import PlaceUnusable
from gorun_tasks.storage.remote.url import BadURL, Unsendable, split, target_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

    from gorun_tasks.storage.remote.place import Place

VARIABLE = "GORUN_REMOTE"
"""The variable with the URL, and the origin of one that the user has named."""

_PLAINTEXT = "GORUN_REMOTE_PLAINTEXT"


def locate(
    url: str, *, origin: str, number: int = 0, environ: Mapping[str, str], notes: str
) -> Place | None:
    """Return the place of a URL, None for no URL. Raises PlaceUnusable: its text says why.

    `origin` is where the URL stands, for the sentence: GORUN_REMOTE, else a file's name. `number`
    says which of several it is there. `notes` is a folder of the store for the time at which a
    place failed.
    """
    if not url:
        return None
    try:
        place = _place(split(url), environ, chosen_by_user=origin == VARIABLE)
    except BadURL as error:
        which = f"URL {number}" if number else "the URL"
        raise _unusable(f"{which} of {origin} {error}") from None
    except Unsendable as error:
        raise _unusable(str(error)) from None
    file = os.path.join(notes, hashlib.sha256(url.encode()).hexdigest()[:32])
    return Breaker(place, file)


def _unusable(why: str) -> PlaceUnusable:
    return PlaceUnusable(in_one_line(f"remote cache: {why}"))


def _place(parts: SplitResult, environ: Mapping[str, str], *, chosen_by_user: bool) -> Place:
    """Return the place of a URL. What the other kind needs is not imported."""
    if parts.query or parts.fragment:
        raise BadURL("has something after its path (? or #)")
    if parts.scheme == "file":
        path = os.path.normpath(unquote(parts.path))
        if parts.netloc not in ("", "localhost") or not os.path.isabs(path) or "\0" in path:
            raise BadURL("names no folder; write file:///PATH")
        from gorun_tasks.storage.remote.folder import FolderPlace  # noqa: PLC0415

        return FolderPlace(path)
    plaintext = environ.get(_PLAINTEXT) == "1"
    if parts.scheme == "s3":
        try:
            from gorun_tasks.storage.remote.bucket import bucket_place  # noqa: PLC0415
        except ImportError:
            raise Unsendable(
                "s3:// needs obstore, which is not installed; pip install 'gorun-tasks[bucket]'"
            ) from None
        return bucket_place(parts, environ, plaintext=plaintext)
    target = target_of(parts, plaintext=plaintext)
    from gorun_tasks.storage.remote import credentials  # noqa: PLC0415
    from gorun_tasks.storage.remote.certificates import certificates_of  # noqa: PLC0415
    from gorun_tasks.storage.remote.proxies import proxy_of  # noqa: PLC0415

    server = target.server
    proxy_of(server, environ)  # which says now what is wrong with it
    authorization = credentials.authorization_of(
        server.host, environ, chosen_by_user=chosen_by_user
    )
    access = credentials.Access(
        authorization,
        lambda other: proxy_of(other, environ),
        # Without TLS none of ours is shown; but a redirect may lead to a server with TLS.
        certificates_of(environ, chosen_by_user=chosen_by_user and parts.scheme.endswith("s")),
        plaintext,
        credentials.hint_for_refused(authorization, environ, chosen_by_user=chosen_by_user),
    )
    if parts.scheme.startswith("grpc"):
        from importlib.util import find_spec  # noqa: PLC0415

        if find_spec("grpc") is None:
            raise Unsendable(
                f"{parts.scheme}:// needs grpcio, which is not installed; "
                "pip install 'gorun-tasks[remote]'"
            )
        from gorun_tasks.storage.remote.grpc_place import GrpcPlace  # noqa: PLC0415

        return GrpcPlace(target, access)
    from gorun_tasks.storage.remote.http import HttpPlace  # noqa: PLC0415

    return HttpPlace(target._replace(path=target.path.rstrip("/")), access)
