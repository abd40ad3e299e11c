"""Signatures of what is shared: what counts where signers are named, whoever else writes there."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.storage.remote.messages import action_key, decode_result, digest_of, encode_result
from gorun_tasks.storage.remote.place import PlaceUnusable, Result, WriteRefused
from gorun_tasks.storage.remote.signatures import SignedPlace
from tests.network.conftest import Remote
from tests.network.test_shared_builds import API, KEYS, Machines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gorun_tasks.storage.remote.place import Digest, Place

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")

KEY, _ = action_key(b"a key", "")
OTHER_KEY, _ = action_key(b"another key", "")
FILES = {"executable": digest_of(b"the executable"), "manifest": digest_of(b"the manifest")}
OTHER_FILES = {**FILES, "executable": digest_of(b"another executable")}


class Keys:
    """Keys of two people, and a file that trusts the first."""

    def __init__(self, folder: Path) -> None:
        self.trusted, self.other = folder / "ci", folder / "mallory"
        for path in (self.trusted, self.other):
            words = [
                "ssh-keygen",
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-C",
                path.name,
                "-f",
                str(path),
            ]
            subprocess.run(words, check=True)
        self.signers, self.others = folder / "signers", folder / "others"
        self.signers.write_text(f"ci@example.com {(folder / 'ci.pub').read_text()}")
        self.others.write_text(f"mallory {(folder / 'mallory.pub').read_text()}")


class Scene:
    """A place, keys, and what was said."""

    def __init__(self, folder: Path) -> None:
        self.keys = Keys(folder)
        self.remote = Remote(folder)
        self.said: list[str] = []

    def place(self, key: object = "") -> Place:
        """Return the place for somebody who trusts the signers, and signs with this key."""
        return SignedPlace(self.remote.writer(), str(self.keys.signers), str(key), self.said.append)

    def unsigned(self) -> Place:
        """Return the place for somebody who knows of no signatures."""
        return self.remote.writer()

    def path(self, key: Digest) -> Path:
        """Return the file of a result."""
        return self.remote.root / "ac" / key.hash[:2] / key.hash


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_what_a_trusted_key_signed_counts(scene: Scene) -> None:
    result = Result(FILES, {"manifest": b"the manifest"})
    scene.place(scene.keys.trusted).put_result(KEY, result)
    assert scene.place().result(KEY) == result
    assert scene.place().result(OTHER_KEY) is None
    assert not scene.said


def _unsigned(scene: Scene) -> None:
    scene.unsigned().put_result(KEY, Result(FILES))


def _signed_by_another(scene: Scene) -> None:
    keys, remote = scene.keys, scene.remote
    theirs = SignedPlace(remote.writer(), str(keys.others), str(keys.other), scene.said.append)
    theirs.put_result(KEY, Result(FILES))


def _other_bytes(scene: Scene) -> None:
    scene.place(scene.keys.trusted).put_result(KEY, Result(FILES))
    path = scene.path(KEY)
    result = decode_result(path.read_bytes())
    path.write_bytes(encode_result(Result({**result.files, **OTHER_FILES}, result.inline)))


def _another_key(scene: Scene) -> None:
    scene.place(scene.keys.trusted).put_result(OTHER_KEY, Result(FILES))
    scene.path(KEY).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(scene.path(OTHER_KEY), scene.path(KEY))


def _no_signature(scene: Scene) -> None:
    digest = digest_of(b"no signature")
    scene.unsigned().put_result(KEY, Result({**FILES, "signature": digest}))


def _garbage(scene: Scene) -> None:
    garbage = b"-----BEGIN SSH SIGNATURE-----\nAAAA\n"
    files = {**FILES, "signature": digest_of(garbage)}
    scene.unsigned().put_result(KEY, Result(files, {"signature": garbage}))


ATTACKS = (_unsigned, _signed_by_another, _other_bytes, _another_key, _no_signature, _garbage)


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_else_counts(scene: Scene, attack: Callable[[Scene], None]) -> None:
    attack(scene)
    assert scene.place().result(KEY) is None
    (line,) = scene.said
    assert line.startswith("remote cache: ")
    assert "what is published there is not used: it is not signed" in line


def test_who_signs_takes_unsigned_results_for_unknown(scene: Scene) -> None:
    """So that it signs them."""
    _unsigned(scene)
    place = scene.place(scene.keys.trusted)
    assert place.result(KEY) is None
    place.put_result(KEY, Result(FILES))
    assert place.result(KEY) == Result(FILES)


def test_a_file_that_names_no_signers_trusts_nobody(scene: Scene) -> None:
    signers = scene.keys.signers
    public = signers.read_text().partition(" ")[2]
    for text in ("", "# nobody\n", "garbage of words\n", public):
        signers.write_text(text)
        with pytest.raises(PlaceUnusable, match=f"signers: {signers} names none; a line is a name"):
            scene.place()
    signers.write_text(f'ci namespaces="gorun-tasks" {public}')
    assert scene.place().result(KEY) is None
    signers.unlink()
    with pytest.raises(PlaceUnusable, match=f"signers: {signers}: No such file or directory$"):
        scene.place()
    signers.mkdir()
    with pytest.raises(PlaceUnusable, match=f"signers: {signers}: Is a directory$"):
        scene.place()


def test_who_is_not_among_the_signers_publishes_nothing(scene: Scene) -> None:
    """Nobody would use it, and a result that counts would be gone."""
    scene.place(scene.keys.trusted).put_result(KEY, Result(FILES))
    other = scene.keys.other
    with pytest.raises(WriteRefused, match=f"what {other} signs would not be used: it is not sig"):
        scene.place(other).put_result(KEY, Result(FILES))
    assert scene.place().result(KEY) == Result(FILES)


def test_a_key_that_others_may_read_is_named(scene: Scene) -> None:
    scene.keys.trusted.chmod(0o644)
    with pytest.raises(WriteRefused, match=r"cannot sign: others may read it \(chmod 600\)$"):
        scene.place(scene.keys.trusted).put_result(KEY, Result(FILES))


def test_a_key_that_cannot_sign_publishes_nothing(scene: Scene, tmp_path: Path) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-p", "-N", "secret", "-f", str(scene.keys.trusted)], check=True
    )
    for key in (scene.keys.trusted, tmp_path / "nowhere"):
        with pytest.raises(WriteRefused, match=r"cannot sign: "):
            scene.place(key).put_result(KEY, Result(FILES))


def test_without_ssh_keygen_nothing_counts(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.place(scene.keys.trusted).put_result(KEY, Result(FILES))
    monkeypatch.setenv("PATH", "")
    assert scene.place().result(KEY) is None
    assert scene.said[0].endswith(
        "ssh-keygen could not check it: it is not in PATH; OpenSSH has it"
    )


def test_who_cannot_sign_replaces_nothing(scene: Scene) -> None:
    """An index that is signed would become one that is not."""
    scene.place(scene.keys.trusted).put_result(KEY, Result(FILES))
    with pytest.raises(WriteRefused, match="and no GORUN_REMOTE_SIGNING_KEY"):
        scene.place().put_result(KEY, Result(OTHER_FILES))
    assert scene.place().result(KEY) == Result(FILES)


def test_who_cannot_check_replaces_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.place(scene.keys.trusted).put_result(KEY, Result(FILES))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(WriteRefused, match="ssh-keygen could not check it"):
        scene.place(scene.keys.trusted).result(KEY)


@pytest.mark.usefixtures("go")
def test_a_key_alone_trusts_nobody(tmp_path: Path) -> None:
    """What somebody else has published would be signed by it."""
    keys, pair = Keys(tmp_path), Machines(tmp_path, Remote(tmp_path))
    pair.download()
    pair.build(*API)
    second = pair.second
    variables = {"GORUN_REMOTE_WRITE": "1", "GORUN_REMOTE_SIGNING_KEY": str(keys.trusted)}
    result = second.gorun("--build", *API, env=variables)
    assert "  built because" in result.out
    assert "GORUN_REMOTE_SIGNING_KEY is set, and neither" in result.err


@pytest.mark.usefixtures("go")
def test_a_configuration_with_a_mistake_names_no_place_without_its_signers(tmp_path: Path) -> None:
    keys, pair = Keys(tmp_path), Machines(tmp_path, Remote(tmp_path))
    pair.download()
    pair.build("-trimpath", "cmd/api/main.go")
    text = f'[remote]\nsigners = "{keys.signers}"\nfuture = "x"\n'
    pair.second.write({"gorun.toml": text})
    outcome, _, result = pair.second.outcome("-trimpath", "cmd/api/main.go")
    assert outcome == "built"
    assert "future is no setting of remote" in result.err


@pytest.mark.usefixtures("go")
def test_a_repository_names_its_signers(tmp_path: Path) -> None:
    """By a file beside its configuration; what is not signed is built, and one line says so."""
    keys, pair = Keys(tmp_path), Machines(tmp_path, Remote(tmp_path))
    pair.download()
    pair.build(*API)
    for machine in (pair.first, pair.second):
        text = keys.signers.read_text()
        machine.write({"gorun.toml": '[remote]\nsigners = "ci/signers"\n', "ci/signers": text})
    outcome, _, result = pair.second.outcome(*API)
    assert outcome == "built"
    assert result.err.count("what is published there is not used: it is not signed") == 1
    pair.second.environ["GORUN_REMOTE_SIGNERS"] = ""  # says nothing
    pair.first.environ["GORUN_REMOTE_SIGNING_KEY"] = "../../ci"
    assert pair.first.gorun("--build", *API).rc == 0
    assert pair.second.gorun("--store", "clear").rc == 0
    assert pair.asked(*API) == "fetched"
    published = (tmp_path / "shared/ac").glob("*/*")
    results = [decode_result(path.read_bytes()).files for path in published]
    assert sum("signature" in files for files in results) >= len(KEYS)
    assert all("signature" in files for files in results if "executable" in files)
