"""Bucket: a place in an object store that speaks S3: `ac/KEY` and `cas/HASH` below a prefix.

obstore knows the credentials of each kind of machine and signs URLs with them; what they lead to is
asked for as an HTTP cache is, with the same time limits. What a key leads to is put only if it
still is what was read here, so that of two writers none undoes the other.

Decides how such a server is addressed and what it says. It must never take credentials from
elsewhere than the environment or the machine, nor send more of them than a signature.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from datetime import timedelta
from functools import cache, partial
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from gorun_tasks.storage.remote.certificates import certificates_of
from gorun_tasks.storage.remote.credentials import Access
from gorun_tasks.storage.remote.deadline import LIMITS, Limits, within
from gorun_tasks.storage.remote.http import HttpPlace
from gorun_tasks.storage.remote.place import Changed, PlaceUnusable
from gorun_tasks.storage.remote.proxies import proxy_of
from gorun_tasks.storage.remote.url import BadURL, Unsendable, split, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from urllib.parse import SplitResult

    from obstore import HTTP_METHOD
    from obstore.store import S3Config

    from gorun_tasks.storage.remote.http import Answer, Request
    from gorun_tasks.storage.remote.url import Target

    Sign = Callable[[str, str, float], str]
    """Returns a signed URL, for a method and a path below the prefix, within some seconds."""

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")

_PREFIX = re.compile(r"(/[A-Za-z0-9!_.*'()-]+)*/?")

_VARIABLES = (
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"),
)
"""What is taken from the environment of whoever asks; more, for roles, obstore finds itself."""

_SCHEMES = ("https://", "http://")

_OURS = "AWS_"  # what the names of such variables begin with

_NOBODY = {"aws_access_key_id": "-", "aws_secret_access_key": "-"}

_UNSIGNED = "AWS_SKIP_SIGNATURE"

_YES = ("1", "true", "on", "yes", "y")

_VALID = timedelta(minutes=15)
"""How long a signed URL is. As with signed headers, clocks may differ by as much."""

_CODE = re.compile(rb"<Code>([A-Za-z]{1,64})</Code>")

_REGION = "AWS_REGION is not the region of this bucket"

_HINTS = {
    "AccessDenied": "reading takes s3:GetObject and s3:ListBucket, writing s3:PutObject",
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "PermanentRedirect": _REGION,
}
"""What to do, by the code of an error."""

_CHANGED = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED)
"""Answers to a condition that does not hold."""


def bucket_place(
    parts: SplitResult, environ: Mapping[str, str], *, plaintext: bool, limits: Limits = LIMITS
) -> BucketPlace:
    """Return the place of `s3://BUCKET/PREFIX`. Raises BadURL and Unsendable.

    `plaintext` allows to speak unprotected with another machine.
    """
    bucket, prefix = parts.netloc, parts.path
    if not _BUCKET.fullmatch(bucket):
        raise BadURL("names no bucket; write s3://BUCKET/PREFIX")
    if not _PREFIX.fullmatch(prefix) or {".", ".."}.intersection(prefix.split("/")):
        raise BadURL("has a prefix that is not of letters, digits and !_.*'()-")
    config = {name.lower(): environ[name] for name in _VARIABLES if environ.get(name)}
    for name, value in config.items():
        if "endpoint" in name and not value.lower().startswith(_SCHEMES):
            raise Unsendable(f"{name.upper()} begins with neither https:// nor http://")
    is_keyed = config.keys() >= _NOBODY.keys()
    try:
        signing = partial(_signing, bucket, prefix, environ)
        sign = signing(config if is_keyed else config | _NOBODY)
        # A signed URL tells where objects are; no request is made for it.
        located = sign("GET", "ac/-", limits.answer).partition("/ac/-")[0]
        target = target_of(split(located), plaintext=plaintext)
    except (BaseError, ValueError):
        raise Unsendable(
            "a variable such as AWS_ENDPOINT_URL or AWS_REGION has a value that obstore cannot use"
        ) from None
    except BadURL as error:
        raise Unsendable(f"AWS_ENDPOINT_URL {error}") from None
    proxy_of(target.server, environ)  # which says now what is wrong with it
    access = Access(
        proxy_of=lambda server: proxy_of(server, environ),
        # Whose server it is, a bucket does not say: it gets a signature, and no certificate.
        certificates=certificates_of(environ, chosen_by_user=False),
        plaintext=plaintext,
    )
    place = BucketPlace(f"s3://{bucket} at {target.server}", target, access, limits)
    if environ.get(_UNSIGNED, "").lower() not in _YES:
        place.sign = sign if is_keyed else _signing_as_machine(lambda: signing(config))
    return place


def _signing(
    bucket: str, prefix: str, environ: Mapping[str, str], config: Mapping[str, str]
) -> Sign:
    """Return what signs with keys. Raises BaseError and ValueError."""
    with _only_variables_of(environ):
        store = S3Store(
            bucket,
            prefix=prefix.strip("/") or None,
            config=cast("S3Config", config),
            retry_config={"max_retries": 0},
        )
    return lambda method, path, _: obstore.sign(store, cast("HTTP_METHOD", method), path, _VALID)


def _signing_as_machine(signing: Callable[[], Sign]) -> Sign:
    """Return what signs with credentials that a server has for this machine."""
    once = cache(signing)
    return lambda method, path, seconds: within(seconds, lambda: once()(method, path, seconds))


@contextlib.contextmanager
def _only_variables_of(environ: Mapping[str, str]) -> Iterator[None]:
    """Have obstore, which reads our environment, find what the user's side says, and no more.

    What a configuration says of a program is in our environment, too.
    """
    before = {name: value for name, value in os.environ.items() if name.startswith(_OURS)}
    said = {name: value for name, value in environ.items() if name.startswith(_OURS)}
    for name in before.keys() - said.keys():
        del os.environ[name]
    os.environ.update(said)
    try:
        yield
    finally:
        for name in said.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


class BucketPlace(HttpPlace):
    """A bucket, and the connection to its server once there is one."""

    def __init__(self, label: str, target: Target, access: Access, limits: Limits) -> None:
        super().__init__(target, access, limits)
        self.label = label
        self.sign: Sign | None = None  # None where everybody may read
        self._conditions: dict[str, dict[str, str]] = {}  # by path: what holds if nobody wrote

    @contextlib.contextmanager
    def _content(self, path: str) -> Iterator[Answer]:
        self._conditions.pop(path, None)
        with super()._content(path) as answer:
            tag = answer.response.headers.get("ETag", "")
            if tag.startswith('"'):  # a weak one matches nothing
                self._expect(path, {"If-Match": tag})
            yield answer

    def _absent(self, path: str, said: bytes) -> Exception:
        if _code(said) == "NoSuchBucket":
            return PlaceUnusable(f"remote cache: there is no bucket {self.label}")
        self._expect(path, {"If-None-Match": "*"})
        return super()._absent(path, said)

    def _expect(self, path: str, condition: dict[str, str]) -> None:
        if path.startswith("/ac/"):  # a content is the same whoever puts it
            self._conditions[path] = condition

    def _sent(self, request: Request) -> tuple[int, bytes]:
        condition = self._conditions.pop(request.path, {})
        status, said = super()._sent(request._replace(headers=condition))
        if condition and status == HTTPStatus.NOT_IMPLEMENTED:
            return super()._sent(request)  # a server that knows no conditions
        if condition and status in _CHANGED:
            raise Changed
        return status, said

    def _target_of(self, request: Request, deadline: float) -> Target:
        target = super()._target_of(request, deadline)
        if self.sign is None:
            return target
        try:
            signed = self.sign(
                request.method, request.path.lstrip("/"), deadline - time.monotonic()
            )
        except (BaseError, TimeoutError, ValueError):
            raise PlaceUnusable(
                f"remote cache: {self.label}: found no credentials in AWS_ACCESS_KEY_ID and "
                f"AWS_SECRET_ACCESS_KEY (a public bucket takes {_UNSIGNED}=1)"
            ) from None
        return target._replace(path=f"{target.path}?{signed.partition('?')[2]}")

    def _named(self, status: int, said: bytes) -> str:
        code = _code(said)
        named = super()._named(status, said) + (f", {code}" if code else "")
        return f"{named}; {_HINTS[code]}" if code in _HINTS else named


def _code(said: bytes) -> str:
    found = _CODE.search(said)
    return found[1].decode() if found else ""
