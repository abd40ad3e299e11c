"""Signatures: what a key leads to counts only if somebody signed it who is trusted.

Signed are a key and the digests of its files, in ssh's own form (PROTOCOL.sshsig) by ssh-keygen. So
a place, and whoever writes there, can hold back what was signed, and cannot have anything else
taken for it: not other bytes, and not what was signed under another key.

Decides what is signed, and what counts. It must never let through what it could not check, nor hold
a key: ssh-keygen reads it, or asks the user's agent.
"""

from __future__ import annotations

import io
import os
import subprocess
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from gorun_tasks.storage.remote.canonical import encode
from gorun_tasks.storage.remote.messages import digest_of
from gorun_tasks.storage.remote.place import Missing, PlaceUnusable, Result, WriteRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import BinaryIO

    from gorun_tasks.storage.remote.place import Digest, Place

_NAMESPACE = "gorun-tasks"
_FILE = "signature"
_LARGEST = 1 << 14  # bytes of a signature
_KEY_TYPES = ("ssh-", "ecdsa-", "sk-")
_PATIENCE = 10.0  # seconds for ssh-keygen, which may ask an agent


class SignedPlace:
    """A place where results are signed.

    `signers` is a file with the keys that are trusted (ssh's allowed_signers), `key` a file with
    the key that signs here, "" for none: then nothing is put. `say` hears why something does not
    count.
    """

    def __init__(self, place: Place, signers: str, key: str, say: Callable[[str], object]) -> None:
        """Look into the file of signers. Raises PlaceUnusable where it names none."""
        _require_signers(signers)
        self._place = place
        self._signers = signers
        self._key = key
        self._say = say

    @property
    def label(self) -> str:
        return self._place.label

    def result(self, key: Digest) -> Result | None:
        result = self._place.result(key)
        if result is None:
            return None
        files = {name: digest for name, digest in result.files.items() if name != _FILE}
        why = self._mistrust(_statement(key, files), self._signature(result))
        if why and not self._key:  # who signs puts a signed one in its place
            self._say(f"remote cache: {self.label}: what is published there is not used: {why}")
        if why:
            return None
        return Result(files, {n: content for n, content in result.inline.items() if n != _FILE})

    def read(self, digest: Digest, write: Callable[[bytes], object]) -> None:
        self._place.read(digest, write)

    def lacking(self, digests: Sequence[Digest]) -> list[Digest]:
        return self._place.lacking(digests)

    def put(self, digest: Digest, source: BinaryIO) -> None:
        self._place.put(digest, source)

    def put_result(self, key: Digest, result: Result) -> None:
        if not self._key:
            raise self._refused("signers are named, and no GORUN_REMOTE_SIGNING_KEY")
        statement = _statement(key, result.files)
        signature = self._sign(statement)
        if why := self._mistrust(statement, signature):
            raise self._refused(f"what {self._key} signs would not be used: {why}")
        digest = digest_of(signature)
        self._place.put(digest, io.BytesIO(signature))
        along = {**result.inline, _FILE: signature}
        self._place.put_result(key, Result({**result.files, _FILE: digest}, along))

    def close(self) -> None:
        self._place.close()

    def _signature(self, result: Result) -> bytes:
        """Return the signature of a result, b"" for none."""
        digest = result.files.get(_FILE)
        if _FILE in result.inline or digest is None or digest.size > _LARGEST:
            return result.inline.get(_FILE, b"")
        parts: list[bytes] = []
        try:
            self._place.read(digest, parts.append)
        except Missing:
            return b""
        return b"".join(parts)

    def _mistrust(self, statement: bytes, signature: bytes) -> str:
        """Return why a statement does not count, "" where it does."""
        if not signature:
            return "it is not signed"
        with TemporaryDirectory() as folder:
            path = f"{folder}/{_FILE}"
            with open(path, "wb") as file:
                file.write(signature)
            trusted = "-f", self._signers, "-s", path
            try:
                found = _ssh_keygen("find-principals", *trusted).stdout.splitlines()
                who = ("-I", os.fsdecode(found[0])) if found else ()
                checked = _ssh_keygen(
                    "verify", *trusted, *who, "-n", _NAMESPACE, statement=statement
                )
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                why = f"ssh-keygen could not check it: {_in_words(error)}"
                if self._key:  # what cannot be checked must not be replaced
                    raise self._refused(why) from error
                return why
        is_sound = bool(who) and checked.returncode == 0
        return "" if is_sound else f"it is not signed by anybody in {self._signers}"

    def _refused(self, why: str) -> WriteRefused:
        return WriteRefused(f"remote cache: {self.label}: {why}")

    def _sign(self, statement: bytes) -> bytes:
        """Return a signature. Raises WriteRefused."""
        try:
            done = _ssh_keygen("sign", "-f", self._key, "-n", _NAMESPACE, statement=statement)
            said = done.stderr.decode(errors="replace").strip()
            is_open = "are too open" in said
            why = "others may read it (chmod 600)" if is_open else said.rpartition("\n")[2]
        except (OSError, subprocess.SubprocessError) as error:
            done, why = None, _in_words(error)
        if done is None or done.returncode or not done.stdout:
            raise self._refused(f"{self._key} cannot sign: {why}")
        return done.stdout


def _require_signers(path: str) -> None:
    """Raise PlaceUnusable where a file names nobody: NAMES [OPTIONS] TYPE KEY (ssh-keygen(1))."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [line.split() for line in file if not line.lstrip().startswith("#")]
    except OSError as error:
        raise PlaceUnusable(f"remote cache: signers: {path}: {error.strerror}") from None
    if not any(word.startswith(_KEY_TYPES) for line in lines for word in line[1:]):
        raise PlaceUnusable(
            f"remote cache: signers: {path} names none; a line is a name and what is in key.pub"
        )


def _in_words(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "it is not in PATH; OpenSSH has it"
    return str(error)


def _statement(key: Digest, files: Mapping[str, Digest]) -> bytes:
    """Return the bytes that are signed."""
    rows = tuple((name, *digest) for name, digest in sorted(files.items()))
    return encode(("gorun-tasks result", *key, rows))


def _ssh_keygen(
    verb: str, *options: str, statement: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Have ssh-keygen do something with signatures. Raises OSError and SubprocessError."""
    return subprocess.run(
        ["ssh-keygen", "-Y", verb, *options],  # noqa: S607 - the one that the user has
        input=statement,
        capture_output=True,
        env={**os.environ, "SSH_ASKPASS_REQUIRE": "never", "LC_ALL": "C"},
        start_new_session=True,  # a terminal would be asked for a passphrase
        timeout=_PATIENCE,
        check=False,
    )
