"""The places that each transport is tried with.

Decides what tests may do to a place behind its back. Time limits are those of a busy machine.
"""

from __future__ import annotations

import contextlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import obstore
import pytest
from obstore.store import S3Store

from gorun_tasks.storage.remote.bucket import BucketPlace, bucket_place
from gorun_tasks.storage.remote.credentials import Access, basic
from gorun_tasks.storage.remote.deadline import Limits
from gorun_tasks.storage.remote.folder import FolderPlace
from gorun_tasks.storage.remote.grpc_place import GrpcPlace
from gorun_tasks.storage.remote.http import HttpPlace
from gorun_tasks.storage.remote.messages import digest_of
from gorun_tasks.storage.remote.url import split, target_of
from tests.support import bazel_remote as br
from tests.support import seaweedfs
from tests.support.casd import casd
from tests.support.casd import executable as casd_executable
from tests.support.clock import PATIENCE
from tests.support.http_cache import http_cache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import Any

    from obstore.store import ClientConfig

    from gorun_tasks.storage.remote.place import Digest, Place
    from tests.support.seaweedfs import SeaweedFS

PATIENT = Limits(PATIENCE, PATIENCE)


def http_place(url: str, access: Access = Access(), limits: Limits = PATIENT) -> HttpPlace:  # noqa: B008
    return HttpPlace(target_of(split(url), plaintext=access.plaintext), access, limits)


def bucket_at(url: str, environ: Mapping[str, str], limits: Limits = PATIENT) -> BucketPlace:
    return bucket_place(split(url), environ, plaintext=False, limits=limits)


def grpc_place(url: str, access: Access = Access(), limits: Limits = PATIENT) -> GrpcPlace:  # noqa: B008
    return GrpcPlace(target_of(split(url), plaintext=access.plaintext), access, limits)


class Remote:
    """A folder, as a place and as tests see it."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.root = folder / "shared"
        self.url = url
        self.opened: list[Place] = []

    def reader(self) -> Place:
        """Return a place that may be read only, where there is a difference."""
        return self.writer()

    def writer(self) -> Place:
        """Return a place that may be written to."""
        return self.open(FolderPlace(str(self.root), PATIENT))

    def variables(self) -> dict[str, str]:
        """Return the variables with which gorun reads."""
        return {"GORUN_REMOTE": f"file://{self.root}"}

    def writing(self) -> dict[str, str]:
        """Return the variables with which gorun publishes."""
        return {**self.variables(), "GORUN_REMOTE_WRITE": "1"}

    def open(self, place: Place) -> Place:
        """Have it closed in the end."""
        self.opened.append(place)
        return place

    def content(self, digest: Digest) -> Path | StoredObject:
        """Return the file of a content."""
        return self.root / "cas" / digest.hash[:2] / digest.hash

    def result(self, key: Digest) -> Path | StoredObject:
        """Return the file of a result."""
        return self.root / "ac" / key.hash[:2] / key.hash

    def forget(self, digest: Digest) -> None:
        """Have a content be gone, as an eviction does."""
        self.content(digest).unlink(missing_ok=True)


class Plain(Remote):
    """An HTTP cache that checks nothing."""

    def writer(self) -> Place:
        return self.open(http_place(f"{self.url}/shared"))

    def variables(self) -> dict[str, str]:
        return {"GORUN_REMOTE": f"{self.url}/shared"}

    def content(self, digest: Digest) -> Path:
        return self.root / "cas" / digest.hash

    def result(self, key: Digest) -> Path:
        return self.root / "ac" / key.hash


class Strict(Remote):
    """bazel-remote: it checks what it is given, and whether who writes may."""

    def reader(self) -> Place:
        return self.open(http_place(self.url))

    def writer(self) -> Place:
        return self.open(http_place(self.url, Access(basic(br.USER, br.PASSWORD))))

    def variables(self) -> dict[str, str]:
        return {"GORUN_REMOTE": self.url}

    def writing(self) -> dict[str, str]:
        credentials = {"GORUN_REMOTE_USER": br.USER, "GORUN_REMOTE_PASSWORD": br.PASSWORD}
        return super().writing() | credentials

    def content(self, digest: Digest) -> Path:
        (found,) = self.root.glob(f"cas.v2/*/{digest.hash}-*")
        return found


class StoredObject(NamedTuple):
    """An object of a bucket, as a file that is changed behind its back."""

    store: S3Store
    path: str

    def write_bytes(self, data: bytes) -> object:
        return obstore.put(self.store, self.path, data)

    def unlink(self, *, missing_ok: bool) -> None:
        assert missing_ok  # who deletes an object is not told whether it was there
        obstore.delete(self.store, self.path)


class Bucket(Remote):
    """A bucket of SeaweedFS, of which each test has a prefix of its own."""

    def __init__(self, folder: Path, server: SeaweedFS, bucket: str = seaweedfs.BUCKET) -> None:
        super().__init__(folder, f"s3://{bucket}/{key_of(str(folder)).hash[:16]}/shared")
        self.server = server

    def reader(self) -> Place:
        return self.open(bucket_at(self.url, self.server.variables()))

    def writer(self) -> Place:
        return self.open(bucket_at(self.url, self.server.variables(seaweedfs.WRITER)))

    def variables(self) -> dict[str, str]:
        return {"GORUN_REMOTE": self.url, **self.server.variables()}

    def writing(self) -> dict[str, str]:
        return super().writing() | seaweedfs.WRITER

    def content(self, digest: Digest) -> StoredObject:
        return self._object(f"cas/{digest.hash}")

    def result(self, key: Digest) -> StoredObject:
        return self._object(f"ac/{key.hash}")

    def _object(self, path: str) -> StoredObject:
        config: dict[str, Any] = self.server.variables(seaweedfs.WRITER)
        client: ClientConfig = {"allow_http": True}
        return StoredObject(S3Store.from_url(self.url, client_options=client, **config), path)


class Grpc(Strict):
    """bazel-remote by its other protocol."""

    def reader(self) -> Place:
        return self.open(grpc_place(self.url))

    def writer(self) -> Place:
        return self.open(grpc_place(self.url, Access(basic(br.USER, br.PASSWORD))))


class Casd(Remote):
    """buildbox-casd: by gRPC alone, and nothing is compressed."""

    def writer(self) -> Place:
        return self.open(grpc_place(self.url))

    def variables(self) -> dict[str, str]:
        return {"GORUN_REMOTE": self.url}

    def content(self, digest: Digest) -> Path:
        return self.root / "cas" / "objects" / digest.hash[:2] / digest.hash[2:]


@contextmanager
def folder_remote(folder: Path) -> Iterator[Remote]:
    yield Remote(folder)


@contextmanager
def plain_remote(folder: Path) -> Iterator[Remote]:
    with http_cache(folder) as server:
        yield Plain(folder, server.url)


@contextmanager
def strict_remote(folder: Path) -> Iterator[Remote]:
    with br.bazel_remote(folder) as server:
        yield Strict(folder, server.url)


@contextmanager
def grpc_remote(folder: Path) -> Iterator[Remote]:
    with br.bazel_remote(folder) as server:
        yield Grpc(folder, server.grpc)


@contextmanager
def casd_remote(folder: Path) -> Iterator[Remote]:
    with casd(folder) as url:
        yield Casd(folder, url)


TRANSPORTS: dict[str, Callable[[Path], AbstractContextManager[Remote]]] = {
    "folder": folder_remote,
    "plain": plain_remote,
    "bazel-remote": strict_remote,
    "bazel-remote by gRPC": grpc_remote,
    "casd": casd_remote,
}


@pytest.fixture(scope="session")
def built_bazel_remote(go: None) -> None:  # noqa: ARG001 - it builds the server
    """Skip where bazel-remote cannot be built."""
    try:
        br.executable()
    except br.NotBuilt as why:
        pytest.skip(f"needs bazel-remote, which cannot be built here: {why}")


@pytest.fixture(scope="session")
def bucket_server() -> Iterator[SeaweedFS]:
    """Return a server of buckets."""
    with seaweedfs.seaweedfs() as server:
        yield server


@contextmanager
def remote_of(request: pytest.FixtureRequest, folder: Path) -> Iterator[Remote]:
    """Return the place of a transport, with nothing in it."""
    if request.param.startswith("bazel-remote"):
        request.getfixturevalue("built_bazel_remote")
    if request.param == "casd" and casd_executable() is None:
        pytest.skip("needs buildbox-casd, of which there is none for this system")
    with contextlib.ExitStack() as stack:
        if request.param == "bucket":
            remote: Remote = Bucket(folder, request.getfixturevalue("bucket_server"))
        else:
            remote = stack.enter_context(TRANSPORTS[request.param](folder))
        yield remote
        for place in remote.opened:
            place.close()


@pytest.fixture(params=[*TRANSPORTS, "bucket"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Remote]:
    """Return each transport's place, with nothing in it."""
    with remote_of(request, tmp_path) as remote:
        yield remote


@pytest.fixture(params=["folder", "plain", "bucket"])
def unchecked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Remote]:
    """Return each place that does not notice what becomes of its files."""
    with remote_of(request, tmp_path) as remote:
        yield remote


def key_of(text: str) -> Digest:
    return digest_of(text.encode())
