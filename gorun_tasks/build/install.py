"""Install: an executable at a path that its user chose, as `go build -o` writes it.

What is there already is left alone, time stamps and all, so that whatever depends on the file is
not made stale by a build that changed nothing. Decides whether it is there, by content. It must
never hand out a link to the store: the file is its user's, to strip and to overwrite.
"""

from __future__ import annotations

import contextlib
import os
import shutil

from gorun_tasks.core.fingerprint import is_settled, key_at
from gorun_tasks.core.reasons import Reason
from gorun_tasks.core.store import checksum, frame, read_file, unframe
from gorun_tasks.errors import OutputError
from gorun_tasks.inputs.digest import sha256_of
from gorun_tasks.storage.writer import StoreUnusable, Writer
from gorun_tasks.system import host
from gorun_tasks.system.atomic_files import put_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gorun_tasks.core.store import Store


def why(path: str, digest: str, store: Store) -> tuple[Reason, ...]:
    """Return why the executable with this SHA-256 has to be put at a path; empty where it is."""
    if _is_at(path, digest, store):
        return ()
    return (Reason(path, "is not what was built" if os.path.lexists(path) else "is missing"),)


def put(executable: str, path: str) -> None:
    """Copy an executable to a path, whole or not at all. Raises OutputError."""
    path = os.path.abspath(path)

    def copy(temporary: str) -> None:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o777)
        with open(descriptor, "wb") as file, open(executable, "rb") as source:
            shutil.copyfileobj(source, file, 1 << 20)

    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        put_whole(path, copy)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def _is_at(path: str, digest: str, store: Store) -> bool:
    """Say whether it is there: by stat, if that can vouch."""
    path = os.path.abspath(path)
    identity = checksum(os.fsencode(f"output {path}")).hex()
    moment = host.file_clock()
    key = key_at(path)
    if key is None or not os.access(path, os.X_OK):
        return False
    with contextlib.suppress(OSError, ValueError, TypeError):
        if store.trusted():
            known = unframe(read_file(f"{store.root}/generated/{identity}"))
            if known == (path, key, digest):
                return True
    try:
        there = sha256_of(path).hex() == digest and key_at(path) == key
    except OSError:
        return False
    if there and is_settled(key, moment):
        with contextlib.suppress(StoreUnusable):
            content = frame((path, key, digest), None)
            Writer.of(store).keep("generated", identity, content)
    return there
