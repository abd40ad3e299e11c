"""gRPC: a place that speaks Bazel's Remote Execution API: its action cache, and its contents.

Decides what each answer of such a server means. It must never believe that a server can do what it
has not said, nor ask again where it did not answer as it must.
"""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING
from urllib.parse import unquote

from gorun_tasks.storage.remote import grpc_messages as messages
from gorun_tasks.storage.remote import zstd_stream
from gorun_tasks.storage.remote.contents import parts_of, pass_on
from gorun_tasks.storage.remote.deadline import LIMITS, Limits
from gorun_tasks.storage.remote.grpc_channel import CallFailed, Channel
from gorun_tasks.storage.remote.grpc_messages import Capabilities, Code
from gorun_tasks.storage.remote.messages import LARGEST_RESULT, decode_result, encode_result
from gorun_tasks.storage.remote.place import Missing, PlaceUnusable, WriteRefused
from gorun_tasks.storage.remote.wire import NotAMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from typing import Any, BinaryIO

    from gorun_tasks.storage.remote.credentials import Access
    from gorun_tasks.storage.remote.place import Digest, Result
    from gorun_tasks.storage.remote.url import Target

_BATCH = 1 << 20
"""The largest content that comes or goes in one message, which is waited for as a whole."""

_INLINE = ("index", "manifest", "signature")
"""Files of a result whose contents should come along."""

_ALLOWANCE = 1 << 20
"""How many bytes may come beyond the size of a content, which compressing may have added."""

_LEAST = 1 << 10
"""As so many bytes each part counts, however small it is, so that they come to an end."""

_CLOSED = (Code.UNAUTHENTICATED, Code.PERMISSION_DENIED)

_SILENT = (Code.UNAVAILABLE, Code.CANCELLED, Code.DEADLINE_EXCEEDED)

_REFUSALS = (
    *_CLOSED,
    Code.INVALID_ARGUMENT,
    Code.RESOURCE_EXHAUSTED,
    Code.FAILED_PRECONDITION,
    Code.OUT_OF_RANGE,
    Code.UNIMPLEMENTED,
)

_UNTRUSTED = ("CERTIFICATE_VERIFY_FAILED", "not in peer certificate")
"""What grpcio says where the server showed a certificate."""

_NO_NAME = "DNS resolution failed"
"""What grpcio says where the name of a server is none."""


class GrpcPlace:
    """A server, and the connection to it once there is one."""

    def __init__(self, target: Target, access: Access, limits: Limits = LIMITS) -> None:
        self.label = str(target.server)
        self._server = target.server
        self._instance = unquote(target.path.strip("/"))
        self._access = access
        self._limits = limits
        self._channel: Channel | None = None
        self._capabilities: Capabilities | None = None
        self._zstd: Any = None
        self._damaged: set[Digest] = set()

    def result(self, key: Digest) -> Result | None:
        try:
            try:
                data = self._result(key, _INLINE)
            except CallFailed as failed:
                if failed.code is not Code.RESOURCE_EXHAUSTED:
                    raise
                data = b""
            if not data or len(data) > LARGEST_RESULT:  # with what came along
                data = self._result(key, ())
            return decode_result(data)
        except (Missing, ValueError):
            return None

    def read(self, digest: Digest, write: Callable[[bytes], object]) -> None:
        try:
            with self._reading(), contextlib.closing(self._parts(digest)) as parts:
                pass_on(parts, digest, write)
        except Missing:
            self._damaged.add(digest)
            raise

    def lacking(self, digests: Sequence[Digest]) -> list[Digest]:
        request = messages.digests_request(self._instance, digests)
        with self._reading():
            missing = messages.decode_missing(self._open().ask(messages.FIND_MISSING, request))
        return [digest for digest in digests if digest in self._damaged or digest in missing]

    def put(self, digest: Digest, source: BinaryIO) -> None:
        parts = parts_of(source, digest)
        capabilities = self._known()
        if digest.size > capabilities.content:
            raise self._refusal(Code.RESOURCE_EXHAUSTED)
        with self._writing():
            if digest.size <= min(_BATCH, capabilities.batch):
                self._update(digest, b"".join(parts))
            else:
                self._write(digest, parts)
        self._damaged.discard(digest)

    def put_result(self, key: Digest, result: Result) -> None:
        request = messages.update_request(self._instance, key, encode_result(result))
        with self._writing():
            self._open().ask(messages.UPDATE_RESULT, request)

    def close(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _open(self) -> Channel:
        if self._channel is None:
            try:
                self._channel = Channel(self._server, self._access, self._limits)
            except ImportError as error:
                raise PlaceUnusable(f"remote cache: grpcio cannot be loaded ({error})") from error
        return self._channel

    def _known(self) -> Capabilities:
        """Return what the server can do."""
        if self._capabilities is None:
            request = messages.instance_request(self._instance)
            with self._reading():
                answer = self._open().ask(messages.CAPABILITIES, request)
                found = messages.decode_capabilities(answer)
            if not found.knows_sha256:
                raise PlaceUnusable(f"remote cache: {self.label} does not know SHA-256")
            self._zstd = zstd_stream.library() if found.zstd else None
            self._capabilities = found
        return self._capabilities

    def _result(self, key: Digest, inline: Sequence[str]) -> bytes:
        request = messages.result_request(self._instance, key, inline)
        with self._reading():
            return self._open().ask(messages.GET_RESULT, request)

    def _parts(self, digest: Digest) -> Generator[bytes]:
        """Yield a content in parts. Raises Missing."""
        if digest.size <= min(_BATCH, self._known().batch):
            request = messages.digests_request(self._instance, [digest])
            code, content = messages.decode_batch_read(
                self._open().ask(messages.BATCH_READ, request)
            )
            if code:
                raise CallFailed(code, "")
            yield content
            return
        parts = self._stream(digest)
        yield from zstd_stream.decompressed(parts, self._zstd) if self._zstd else parts

    def _stream(self, digest: Digest) -> Iterator[bytes]:
        request = messages.read_request(self._name(digest))
        left = digest.size + _ALLOWANCE
        with contextlib.closing(self._open().stream(messages.READ, request)) as answers:
            for answer in answers:
                part = messages.decode_part(answer)
                left -= max(len(part), _LEAST)
                if left < 0:
                    raise Missing
                yield part

    def _update(self, digest: Digest, content: bytes) -> None:
        request = messages.batch_update_request(self._instance, digest, content)
        answer = self._open().ask(messages.BATCH_UPDATE, request, self._limits.data)
        if code := messages.decode_batch_update(answer):
            raise CallFailed(code, "")

    def _write(self, digest: Digest, parts: Iterator[bytes]) -> None:
        name = self._name(digest, f"uploads/{uuid.uuid4()}/")

        def requests() -> Iterator[bytes]:
            written, named = 0, name
            for part in zstd_stream.compressed(parts, self._zstd) if self._zstd else parts:
                yield messages.write_request(named, written, part)
                written, named = written + len(part), ""
            yield messages.write_request("", written, b"", is_last=True)

        committed = messages.decode_committed(self._open().send(messages.WRITE, requests()))
        if not self._zstd and committed != digest.size:
            raise NotAMessage("not all of it was stored")

    def _name(self, digest: Digest, upload: str = "") -> str:
        instance = f"{self._instance}/" if self._instance else ""
        kind = "compressed-blobs/zstd" if self._zstd else "blobs"
        return f"{instance}{upload}{kind}/{digest.hash}/{digest.size}"

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except CallFailed as failed:
            if failed.code is Code.NOT_FOUND:
                raise Missing from failed
            raise self._unusable(failed) from failed
        except NotAMessage as error:
            raise self._odd() from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except CallFailed as failed:
            if failed.code in _REFUSALS:
                raise self._refusal(failed.code) from failed
            raise self._unusable(failed) from failed
        except NotAMessage as error:
            raise self._odd() from error

    def _refusal(self, code: Code) -> WriteRefused:
        return WriteRefused(f"remote cache: {self.label} does not store ({self._named(code)})")

    def _unusable(self, failed: CallFailed) -> PlaceUnusable:
        if any(words in failed.details for words in _UNTRUSTED):
            why = self._access.certificates.untrusted()
        elif refused := self._access.certificates.refused(failed.details):
            why = refused
        elif _NO_NAME in failed.details:
            why = "is a name that leads to no server"
        elif failed.code in _SILENT:
            why = "does not answer"
        else:
            why = f"answers {self._named(failed.code)}"
        return PlaceUnusable(f"remote cache: {self.label} {why}")

    def _odd(self) -> PlaceUnusable:
        return PlaceUnusable(
            f"remote cache: {self.label} does not answer by the Remote Execution API"
        )

    def _named(self, code: Code) -> str:
        hint = self._access.hint if code in _CLOSED else ""
        return f"{code.name}; {hint}" if hint else code.name
