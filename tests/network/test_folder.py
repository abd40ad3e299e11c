"""A folder whose disk is full, away or strange: a miss or a refusal, and nothing left behind."""

from __future__ import annotations

import errno
import io
import os
import resource
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.storage.remote.deadline import Limits
from gorun_tasks.storage.remote.folder import FolderPlace
from gorun_tasks.storage.remote.messages import digest_of
from gorun_tasks.storage.remote.place import Missing, PlaceUnusable, Result, WriteRefused
from tests.network.conftest import PATIENT, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

KEY = key_of("a program")
HELLO = digest_of(b"hello")
LARGE = bytes(1 << 20)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "shared"


@pytest.fixture
def place(root: Path) -> FolderPlace:
    return FolderPlace(str(root), PATIENT)


def files_in(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def put(place: FolderPlace, content: bytes = b"hello") -> None:
    place.put(digest_of(content), io.BytesIO(content))


def test_reading_makes_nothing(place: FolderPlace, root: Path) -> None:
    """Not even the folder: of whom one only reads, one is a guest."""
    assert place.result(KEY) is None
    assert place.lacking([HELLO]) == [HELLO]
    with pytest.raises(Missing):
        place.read(HELLO, len)
    assert not root.exists()


def test_what_is_put_has_the_rights_that_the_group_needs(place: FolderPlace, root: Path) -> None:
    before = os.umask(0o002)
    try:
        put(place)
    finally:
        os.umask(before)
    (file,) = (path for path in root.rglob("*") if path.is_file())
    assert file.stat().st_mode & 0o777 == 0o664
    assert file.parent.stat().st_mode & 0o777 == 0o775


def test_a_disk_that_is_not_there_is_said_and_is_not_made(tmp_path: Path) -> None:
    place = FolderPlace(str(tmp_path / "mounted" / "shared"), PATIENT)
    calls: list[Callable[[], object]] = [lambda: place.result(KEY), lambda: put(place)]
    for call in calls:
        with pytest.raises(PlaceUnusable, match=r"mounted/shared: No such file.*y$"):
            call()
    assert not (tmp_path / "mounted").exists()


def test_a_file_is_no_place(root: Path) -> None:
    root.write_text("no folder")
    with pytest.raises(PlaceUnusable, match=r"shared: Not a directory$"):
        FolderPlace(str(root), PATIENT).result(KEY)


@pytest.mark.parametrize("part", ["parent", "folder"])
def test_a_disk_in_the_network_that_does_not_answer_is_given_up(
    root: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    back = threading.Event()
    stat = os.stat

    def hang(*args: Any, **keywords: Any) -> os.stat_result:
        if args == (str(root.parent if part == "parent" else root),):
            back.wait(PATIENT.answer)
        return stat(*args, **keywords)

    place = FolderPlace(str(root), Limits(answer=0.01))
    monkeypatch.setattr(os, "stat", hang)
    try:
        with pytest.raises(PlaceUnusable, match=r"shared does not answer$"):
            place.result(KEY)
    finally:
        back.set()


@pytest.fixture
def full() -> Iterator[None]:
    """Have files end at 64 KiB, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("full")
def test_a_disk_that_is_full_refuses_and_keeps_nothing_of_it(
    place: FolderPlace, root: Path
) -> None:
    put(place)
    with pytest.raises(WriteRefused, match=r"shared: File too large$"):
        put(place, LARGE)
    assert files_in(root) == [f"cas/{HELLO.hash[:2]}/{HELLO.hash}"]
    place.read(HELLO, len)


CALLS = ("open", "write", "fsync", "close", "rename", "makedirs")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "error", [errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EIO, errno.ESTALE]
)
def test_each_call_that_fails_leaves_nothing(
    place: FolderPlace, root: Path, monkeypatch: pytest.MonkeyPatch, call: str, error: int
) -> None:
    kind = PlaceUnusable if error in (errno.EIO, errno.ESTALE) else WriteRefused
    for number in range(4 if call == "makedirs" else 1):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing(getattr(os, call), number, error))
            try:
                put(place)
            except kind as failure:
                assert os.strerror(error) in str(failure)  # noqa: PT017 - the last one may succeed
        assert files_in(root) in ([], [f"cas/{HELLO.hash[:2]}/{HELLO.hash}"])
    put(place)
    place.read(HELLO, len)


def failing(call: Callable[..., Any], number: int, error: int) -> Callable[..., Any]:
    """Return a call of the system that fails once; what it closes is closed, as by Linux."""
    left = [number]

    def troubled(*args: Any, **keywords: Any) -> Any:
        left[0] -= 1
        if left[0] != -1:
            return call(*args, **keywords)
        if call is os.close or call.__name__ == "close":
            call(*args)
        raise OSError(error, os.strerror(error))

    return troubled


@pytest.mark.parametrize("error", [errno.EIO, errno.EACCES, errno.EMFILE])
def test_what_cannot_be_read_ends_it(
    place: FolderPlace, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    put(place)
    place.put_result(KEY, Result({"index": HELLO}))
    for call in ("open", "read", "fstat"):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing(getattr(os, call), 0, error))
            with pytest.raises(PlaceUnusable, match=os.strerror(error)):
                place.read(HELLO, len)
            patch.setattr(os, call, failing(getattr(os, call), 0, error))
            with pytest.raises(PlaceUnusable, match=os.strerror(error)):
                place.result(KEY)
    place.read(HELLO, len)


def test_what_another_machine_removed_meanwhile_is_missing(
    place: FolderPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(place)
    with monkeypatch.context() as patch:
        patch.setattr(os, "read", failing(os.read, 0, errno.ESTALE))
        with pytest.raises(Missing):
            place.read(HELLO, len)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: os.symlink(path, path)])
def test_what_is_no_file_is_missing_and_is_never_waited_for(
    place: FolderPlace, root: Path, make: Callable[[Path], None]
) -> None:
    path = root / "cas" / HELLO.hash[:2] / HELLO.hash
    path.parent.mkdir(parents=True)
    make(path)
    with pytest.raises(Missing):
        place.read(HELLO, len)
    assert place.lacking([HELLO]) == [HELLO]


def test_what_a_killed_writer_left_is_removed_after_a_day(place: FolderPlace, root: Path) -> None:
    (root / "work").mkdir(parents=True)
    for name, age in (("old", 2 * 24 * 3600), ("new", 0)):
        file = root / "work" / name
        file.write_bytes(b"half of it")
        os.utime(file, (file.stat().st_mtime - age,) * 2)
    put(place)
    assert files_in(root / "work") == ["new"]
