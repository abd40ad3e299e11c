"""Certificates come from the user's side; one sentence says which file cannot be used, and why."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

from gorun_tasks.storage.remote.certificates import Certificates, certificates_of
from gorun_tasks.storage.remote.locate import locate
from gorun_tasks.storage.remote.place import PlaceUnusable
from gorun_tasks.storage.remote.url import Unsendable
from tests.support.certificates import Authority

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    not shutil.which("openssl"), reason="needs openssl: apt-get install openssl"
)

CA, CERT, KEY = "GORUN_REMOTE_CA", "GORUN_REMOTE_CERT", "GORUN_REMOTE_KEY"


class Files(NamedTuple):
    """Files that fit together."""

    authority: Path
    certificate: Path
    key: Path

    @property
    def variables(self) -> dict[str, str]:
        return {CA: str(self.authority), CERT: str(self.certificate), KEY: str(self.key)}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    authority = Authority(tmp_path_factory.mktemp("certificates") / "one")
    return Files(authority.path, *authority.certify_client())


def test_files_are_read_and_none_are_needed(files: Files) -> None:
    found = certificates_of(files.variables, chosen_by_user=True)
    read = [file.content for file in (found.authorities, found.chain, found.key)]
    assert read == [path.read_bytes() for path in files]
    assert certificates_of({CA: "", CERT: "", KEY: ""}, chosen_by_user=True) == Certificates()
    assert "PRIVATE" not in repr(found)


def test_a_server_that_a_repository_chose_is_shown_no_certificate(files: Files) -> None:
    """Nor is that looked at; but the authority is one for each server."""
    for environ in (files.variables, {CA: str(files.authority), CERT: "nowhere"}):
        found = certificates_of(environ, chosen_by_user=False)
        assert found == Certificates(found.authorities)
        assert found.authorities.path == str(files.authority)


def test_authorities_of_the_machine_are_those_that_the_user_says(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own environment also has what a configuration says of a program."""
    (tmp_path / "ca-certificates.crt").write_bytes(b"those of a folder")
    in_folder = {"SSL_CERT_FILE": str(tmp_path / "absent"), "SSL_CERT_DIR": str(tmp_path)}
    assert certificates_of(in_folder, chosen_by_user=True).roots() == b"those of a folder"
    in_file = {**in_folder, "SSL_CERT_FILE": str(files.authority)}
    assert certificates_of(in_file, chosen_by_user=True).roots() == files.authority.read_bytes()
    found = certificates_of({**in_file, CA: str(files.certificate)}, chosen_by_user=True)
    assert found.roots() == files.certificate.read_bytes()
    usual = Certificates().roots()
    for name, value in in_file.items():
        monkeypatch.setenv(name, value)
    assert certificates_of({}, chosen_by_user=True).roots() == usual
    log = tmp_path / "secrets"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    Certificates().context()
    assert not log.exists()


def test_a_key_may_stand_in_the_file_of_its_certificate(files: Files, tmp_path: Path) -> None:
    """In any order, and after words that explain it."""
    both = tmp_path / "both.pem"
    both.write_text(f"Für CI:\n{files.key.read_text()}{files.certificate.read_text()}")
    certificates_of({CERT: str(both), KEY: str(both)}, chosen_by_user=True)


def test_a_file_that_cannot_be_used_is_named_with_its_variable(
    files: Files, tmp_path: Path
) -> None:
    nothing, other, locked = (tmp_path / name for name in ("nothing", "other", "locked"))
    nothing.write_text("-----BEGIN CERTIFICATE-----\n")
    shutil.copy(Authority(tmp_path / "two").certify_client()[1], other)
    encrypt = ["openssl", "pkcs8", "-topk8", "-in", str(files.key), "-passout", "pass:tea"]
    subprocess.run([*encrypt, "-out", str(locked)], check=True)
    absent = tmp_path / "absent"
    no_key = f"is not the key of the certificate in {CERT}, in PEM and without a passphrase"
    for changed, said in (
        ({CERT: ""}, f"{KEY} is set and {CERT} is not; a client certificate takes both"),
        ({KEY: ""}, f"{CERT} is set and {KEY} is not; a client certificate takes both"),
        *(
            ({name: str(absent)}, f"{name}: {absent} cannot be read (No such file or directory)")
            for name in (CA, CERT, KEY)
        ),
        *(
            ({name: str(path)}, f"{name}: {path} holds no certificate in PEM")
            for name in (CA, CERT)
            for path in (nothing, files.key)
        ),
        *(
            ({KEY: str(path)}, f"{KEY}: {path} {no_key}")
            for path in (nothing, other, locked, files.certificate)
        ),
    ):
        with pytest.raises(Unsendable) as caught:
            certificates_of({**files.variables, **changed}, chosen_by_user=True)
        assert str(caught.value) == said


@pytest.mark.parametrize("url", ["https://cache.example.com", "grpcs://cache.example.com"])
def test_a_run_goes_on_after_that_sentence(url: str, tmp_path: Path) -> None:
    with pytest.raises(PlaceUnusable) as caught:
        locate(url, origin="GORUN_REMOTE", environ={CERT: "nowhere"}, notes=str(tmp_path))
    assert str(caught.value) == (
        f"remote cache: {CERT} is set and {KEY} is not; a client certificate takes both"
    )


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://127.0.0.1:1", "GORUN_REMOTE"),
        ("grpc://127.0.0.1:1", "GORUN_REMOTE"),
        ("file:///srv/builds", "GORUN_REMOTE"),
        ("s3://builds", "GORUN_REMOTE"),
        ("https://cache.example.com", "gorun.toml"),
    ],
)
def test_places_that_are_shown_none_do_not_look_at_it(
    url: str, origin: str, tmp_path: Path
) -> None:
    assert locate(url, origin=origin, environ={CERT: "nowhere"}, notes=str(tmp_path)) is not None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "wants a client certificate"),
        ("SSLV3_ALERT_BAD_CERTIFICATE", "wants a client certificate"),
        ("handshake failed: TLSV1_ALERT_UNKNOWN_CA: OK", "wants a client certificate"),
        ("Unwrap failed (TSI_DATA_CORRUPTED)", "wants a client certificate"),
        ("CERTIFICATE_VERIFY_FAILED", ""),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", ""),
        ("WRONG_VERSION_NUMBER", ""),
        ("", ""),
    ],
)
def test_words_of_tls_tell_whether_it_was_for_our_certificate(words: str, said: str) -> None:
    assert Certificates().refused(words).partition(" (")[0] == said
