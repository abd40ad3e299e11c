"""A URL leads to a place, or one sentence says what is wrong with it, and never a secret."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.storage.remote.locate import locate
from gorun_tasks.storage.remote.place import Digest, PlaceUnusable

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("file:///srv/builds", "/srv/builds"),
        ("file:///srv/the%20builds/", "/srv/the builds"),
        ("file://localhost/srv/builds", "/srv/builds"),
        ("file:///srv/%1B[2J%0Abuilds", r"/srv/\x1b[2J\nbuilds"),
        ("https://cache.example.com", "cache.example.com"),
        ("https://cache.example.com:443/team/", "cache.example.com"),
        ("https://cache.example.com:8443/team", "cache.example.com:8443"),
        ("https://cache.example.com/one,two:three", "cache.example.com"),
        ("https://[2001:db8::1]:8443/team", "[2001:db8::1]:8443"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://localhost", "localhost"),
        ("http://[::1]:80/x", "::1"),
        ("s3://builds", "s3://builds at s3.us-east-1.amazonaws.com"),
        ("s3://the.builds-1/team/main/", "s3://the.builds-1 at s3.us-east-1.amazonaws.com"),
        ("grpcs://cache.example.com/instance", "cache.example.com"),
        ("grpc://127.0.0.1:9092/main", "127.0.0.1:9092"),
    ],
)
def test_a_url_leads_to_a_place(url: str, label: str, tmp_path: Path) -> None:
    place = locate(url, origin="GORUN_REMOTE", environ={}, notes=str(tmp_path))
    assert place is not None
    assert place.label == label


def test_no_url_leads_nowhere(tmp_path: Path) -> None:
    assert locate("", origin="GORUN_REMOTE", environ={}, notes=str(tmp_path)) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"https://bob:{SECRET}@cache.example.com", "holds credentials; they belong into GORUN"),
        (f"https://{SECRET}@cache.example.com", "holds credentials"),
        (f"file://bob:{SECRET}@host/srv", "holds credentials"),
        (f"https://cache.example.com/?token={SECRET}", r"has something after its path \(\? or #\)"),
        (f"https://cache.example.com/#{SECRET}", "has something after its path"),
        ("http://cache.example.com", "is http://, which others can read .*_PLAINTEXT=1"),
        ("http://127.0.0.1.example.com", "is http://"),
        ("http://localhost.example.com", "is http://"),
        ("http://10.0.0.1", "is http://"),
        ("https://", "names no server"),
        ("https:///team", "names no server"),
        ("https://cache.example.com:http", "has a port that is no port"),
        ("https://cache.example.com:99999", "has a port that is no port"),
        ("https://one.example.com,file:///two", "has another one after a comma; several are sep"),
        (f"s3://bob:{SECRET}@builds", "holds credentials; they belong into AWS_ACCESS_KEY_ID and"),
        ("https://[::1", "cannot be read"),
        ("https://cache.example.com/a b", "holds a character that no URL has"),
        ("https://cache.example.com/a\r\nX: y", "holds a character"),
        ("https://cäche.example.com", "holds a character"),
        ("file:srv/builds", "names no folder; write file:///PATH"),
        ("file://server/builds", "names no folder"),
        ("file:///srv/%00", "names no folder"),
        ("s3://", "names no bucket; write s3://BUCKET/PREFIX"),
        ("s3://Builds", "names no bucket"),
        ("s3://builds:443", "names no bucket"),
        ("s3://builds/a%20b", r"has a prefix that is not of letters, digits and !_\.\*'\(\)-"),
        ("s3://builds/a//b", "has a prefix"),
        ("s3://builds/../b", "has a prefix"),
        ("ftp://cache.example.com", "begins with none of grpcs://, grpc://, https://, http"),
        ("grpc://cache.example.com", "is grpc://, which others can read .*_PLAINTEXT=1"),
        ("grpcs://", "names no server"),
        ("cache.example.com", "begins with none of"),
    ],
)
def test_one_sentence_says_what_is_wrong_with_a_url(url: str, why: str, tmp_path: Path) -> None:
    expected = rf"^remote cache: the URL of gorun\.toml {why}[^\n]*$"
    with pytest.raises(PlaceUnusable, match=expected) as caught:
        locate(url, origin="gorun.toml", environ={}, notes=str(tmp_path))
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__


def test_of_several_urls_the_number_is_said(tmp_path: Path) -> None:
    with pytest.raises(PlaceUnusable, match=r"^remote cache: URL 2 of GORUN_REMOTE begins with no"):
        locate("x", origin="GORUN_REMOTE", number=2, environ={}, notes=str(tmp_path))


def test_a_file_with_an_odd_name_ends_no_line(tmp_path: Path) -> None:
    with pytest.raises(PlaceUnusable, match=r"the URL of /a\\nb/gorun\.toml begins with none"):
        locate("x", origin="/a\nb/gorun.toml", environ={}, notes=str(tmp_path))


def test_only_the_environment_allows_plain_http(tmp_path: Path) -> None:
    url = "http://cache.example.com"
    for value in ("", "0", "yes"):
        with pytest.raises(PlaceUnusable, match="is http://"):
            locate(url, origin="x", environ={"GORUN_REMOTE_PLAINTEXT": value}, notes=str(tmp_path))
    environ = {"GORUN_REMOTE_PLAINTEXT": "1"}
    assert locate(url, origin="gorun.toml", environ=environ, notes=str(tmp_path)) is not None


def test_a_place_that_failed_is_noted_by_its_url(tmp_path: Path) -> None:
    def ask(name: str) -> None:
        url = f"file://{tmp_path}/{name}/shared"
        place = locate(url, origin="GORUN_REMOTE", environ={}, notes=str(tmp_path / "notes"))
        assert place is not None
        place.result(Digest("0" * 64, 0))

    with pytest.raises(PlaceUnusable, match="No such file"):
        ask("away")
    with pytest.raises(PlaceUnusable, match=r"^$"):
        ask("away")
    (tmp_path / "here").mkdir()
    ask("here")


def test_what_cannot_be_sent_is_said_without_it(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(f"machine cache.example.com password {SECRET} nonsense\n")
    for environ in (
        {"GORUN_REMOTE_TOKEN": f"{SECRET}\r\nX: y"},
        {"https_proxy": f"socks5://bob:{SECRET}@proxy:1080"},
        {"HOME": str(tmp_path)},
    ):
        with pytest.raises(PlaceUnusable, match=r"^remote cache: .*$") as caught:
            locate(
                "https://cache.example.com",
                origin="GORUN_REMOTE",
                environ=environ,
                notes=str(tmp_path),
            )
        assert SECRET not in str(caught.value)


BUCKET = "s3://builds/team"


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({"AWS_ENDPOINT_URL": "http://minio:9000"}, "AWS_ENDPOINT_URL is http://, .*PLAINTEXT=1"),
        ({"AWS_ENDPOINT_URL_S3": "http://minio:9000"}, "AWS_ENDPOINT_URL is http://"),
        ({"AWS_ENDPOINT_URL": "minio:9000"}, "AWS_ENDPOINT_URL begins with neither"),
        ({"AWS_ENDPOINT_URL_S3": "minio"}, "AWS_ENDPOINT_URL_S3 begins with neither"),
        ({"AWS_ENDPOINT_URL": f"https://bob:{SECRET}@minio"}, "AWS_ENDPOINT_URL holds"),
        ({"AWS_REGION": "eu west"}, "a variable such as AWS_ENDPOINT_URL or AWS_REGION has"),
        ({"https_proxy": f"socks5://bob:{SECRET}@proxy:1080"}, "https_proxy names no proxy"),
    ],
)
def test_one_sentence_says_what_is_wrong_with_a_bucket(
    environ: dict[str, str], why: str, tmp_path: Path
) -> None:
    with pytest.raises(PlaceUnusable, match=rf"^remote cache: {why}.*$") as caught:
        locate(BUCKET, origin="gorun.toml", environ=environ, notes=str(tmp_path))
    assert SECRET not in str(caught.value)


def test_the_user_may_allow_a_bucket_of_another_machine_without_tls(tmp_path: Path) -> None:
    for url in ("http://minio:9000", "HTTP://minio:9000"):
        environ = {"AWS_ENDPOINT_URL": url, "GORUN_REMOTE_PLAINTEXT": "1"}
        assert locate(BUCKET, origin="gorun.toml", environ=environ, notes=str(tmp_path)) is not None


def test_what_a_bucket_needs_is_said_where_it_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "gorun_tasks.storage.remote.bucket", raising=False)
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(PlaceUnusable) as caught:
        locate(BUCKET, origin="GORUN_REMOTE", environ={}, notes=str(tmp_path))
    assert str(caught.value) == (
        "remote cache: s3:// needs obstore, which is not installed; "
        "pip install 'gorun-tasks[bucket]'"
    )
