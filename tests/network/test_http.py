"""What goes over HTTP, and to whom: credentials, redirects, proxies, certificates."""

from __future__ import annotations

import io
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gorun_tasks.storage.remote.certificates import certificates_of
from gorun_tasks.storage.remote.connection import Proxy
from gorun_tasks.storage.remote.credentials import Access, basic
from gorun_tasks.storage.remote.messages import digest_of, encode_result
from gorun_tasks.storage.remote.place import PlaceUnusable, Result, WriteRefused
from tests.network.conftest import http_place, key_of
from tests.support import bazel_remote as br
from tests.support.http_cache import Handler, http_cache
from tests.support.tunnel import tunnel
from tests.support.workshop import go_says

if TYPE_CHECKING:
    from gorun_tasks.storage.remote.place import Place
    from tests.support.http_cache import Server

KEY = key_of("a program")
HELLO = digest_of(b"hello")
SECRET = Access("Bearer s3cr3t")


def share(place: Place) -> bool:
    """Make each of the requests; return whether what was put came back."""
    assert place.lacking([HELLO]) == [HELLO]
    place.put(HELLO, io.BytesIO(b"hello"))
    place.put_result(KEY, Result({"index": HELLO}))
    content = bytearray()
    place.read(HELLO, content.extend)
    found = place.result(KEY)
    place.close()
    return found == Result({"index": HELLO}) and content == b"hello"


def test_paths_are_below_that_of_the_url_and_one_connection_serves(tmp_path: Path) -> None:
    ports = set()

    class Noting(Handler):
        def setup(self) -> None:
            super().setup()
            ports.add(self.client_address[1])

    with http_cache(tmp_path, Noting) as server:
        assert share(http_place(f"{server.url}/team/a", SECRET))
    assert [request for request, _ in server.requests] == [
        f"HEAD /team/a/cas/{HELLO.hash}",
        f"PUT /team/a/cas/{HELLO.hash}",
        f"PUT /team/a/ac/{KEY.hash}",
        f"GET /team/a/cas/{HELLO.hash}",
        f"GET /team/a/ac/{KEY.hash}",
    ]
    assert all(headers["Authorization"] == "Bearer s3cr3t" for _, headers in server.requests)
    assert all(headers["Host"] == server.url[7:] for _, headers in server.requests)
    assert all(headers["User-Agent"].startswith("gorun-tasks/") for _, headers in server.requests)
    assert len(ports) == 1


def test_a_connection_that_was_closed_meanwhile_is_made_again(tmp_path: Path) -> None:
    class Forgetful(Handler):
        def answer(self, status: int, content: bytes, **headers: str) -> None:
            super().answer(status, content, **headers)
            self.close_connection = True  # and says nothing of it

    with http_cache(tmp_path, Forgetful) as server:
        assert share(http_place(server.url))


def redirecting(to: Server, kept: str = "") -> type[Handler]:
    """Return what sends all requests to another server; some stay."""

    class Redirecting(Handler):
        def parse_request(self) -> bool:
            if not super().parse_request():
                return False
            if kept and self.path.startswith(kept):
                return True
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.answer(307, b"elsewhere", Location=to.url + self.path)
            return False

    return Redirecting


def test_a_redirect_to_another_server_carries_no_credentials(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with (
        http_cache(tmp_path / "other") as other,
        http_cache(tmp_path, redirecting(other, "/ac")) as server,
    ):
        assert share(http_place(server.url, SECRET))
    assert [request for request, _ in other.requests] == [
        f"{method} /cas/{HELLO.hash}" for method in ("HEAD", "PUT", "GET")
    ]
    assert all(headers["Authorization"] == "Bearer s3cr3t" for _, headers in server.requests)
    assert not [headers for _, headers in other.requests if "Authorization" in headers]


def test_a_redirect_within_the_server_carries_them(tmp_path: Path) -> None:
    class Moved(Handler):
        def do_GET(self) -> None:  # noqa: N802 - the name that http.server looks for
            if self.path.startswith("/old"):
                self.answer(301, b"", Location=self.path.replace("/old", "/new"))
            else:
                super().do_GET()

    (tmp_path / "new" / "ac").mkdir(parents=True)
    (tmp_path / "new" / "ac" / KEY.hash).write_bytes(encode_result(Result({"index": HELLO})))
    with http_cache(tmp_path, Moved) as server:
        place = http_place(f"{server.url}/old", SECRET)
        assert place.result(KEY) == Result({"index": HELLO})
        place.close()
    assert [(request, headers["Authorization"]) for request, headers in server.requests] == [
        (f"GET /old/ac/{KEY.hash}", "Bearer s3cr3t"),
        (f"GET /new/ac/{KEY.hash}", "Bearer s3cr3t"),
    ]


def test_a_proxy_passes_requests_on(tmp_path: Path) -> None:
    """To it whole URLs are named: a server that takes these as paths plays one here."""

    class Passing(Handler):
        def parse_request(self) -> bool:
            if not super().parse_request():
                return False
            self.path = self.path.removeprefix("http://cache.example.com:8080")
            return True

    with http_cache(tmp_path, Passing) as server:
        proxy = Proxy("127.0.0.1", server.server_port, basic("proxy", "password"))
        access = Access("Bearer s3cr3t", lambda _server: proxy, plaintext=True)
        assert share(http_place("http://cache.example.com:8080/x", access))
    assert {headers["Proxy-Authorization"] for _, headers in server.requests} == {
        proxy.authorization
    }
    assert {headers["Host"] for _, headers in server.requests} == {"cache.example.com:8080"}
    assert server.requests[0][0] == f"HEAD http://cache.example.com:8080/x/cas/{HELLO.hash}"


@pytest.fixture(scope="session")
def certificate(go: None, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001
    """Return a folder with cert.pem and key.pem of localhost, made by go's own generator."""
    folder = tmp_path_factory.mktemp("certificate")
    generator = Path(go_says("env", "GOROOT").strip()) / "src/crypto/tls/generate_cert.go"
    said = go_says(
        "run", str(generator), "--host", "localhost", "--ca", "--ecdsa-curve", "P256", cwd=folder
    )
    assert (folder / "cert.pem").exists(), said
    return folder


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return context


@pytest.fixture
def trusting(certificate: Path) -> Access:
    """Return the access of a person who trusts the certificate, as of a server of one's own."""
    environ = {"SSL_CERT_FILE": str(certificate / "cert.pem")}
    return SECRET._replace(certificates=certificates_of(environ, chosen_by_user=True))


def test_a_server_with_a_certificate_is_spoken_to(
    tmp_path: Path, tls: ssl.SSLContext, trusting: Access
) -> None:
    with http_cache(tmp_path, tls=tls) as server:
        assert share(http_place(f"https://localhost:{server.server_port}", trusting))
    assert {headers["Host"] for _, headers in server.requests} == {
        f"localhost:{server.server_port}"
    }


def test_a_certificate_of_another_name_is_not_trusted(
    tmp_path: Path, tls: ssl.SSLContext, trusting: Access
) -> None:
    with http_cache(tmp_path, tls=tls) as server:
        assert_not_trusted(f"https://127.0.0.1:{server.server_port}", trusting)
    assert server.requests == []


def test_a_certificate_of_an_unknown_authority_is_not_trusted(
    tmp_path: Path, tls: ssl.SSLContext
) -> None:
    with http_cache(tmp_path, tls=tls) as server:
        assert_not_trusted(f"https://localhost:{server.server_port}", SECRET)
    assert server.requests == []


def assert_not_trusted(url: str, access: Access) -> None:
    place = http_place(url, access)
    with pytest.raises(PlaceUnusable, match=r"shows a certificate that is not trusted here \(.+\)"):
        place.result(KEY)
    place.close()


def test_a_proxy_tunnels_what_is_encrypted(
    tmp_path: Path, tls: ssl.SSLContext, trusting: Access
) -> None:
    with http_cache(tmp_path, tls=tls) as server, tunnel(tmp_path, server.server_port) as proxy:
        by = Proxy("127.0.0.1", proxy.server_port, "Basic eA==")
        access = trusting._replace(proxy_of=lambda _server: by)
        assert share(http_place("https://localhost:8443", access))
    ((request, headers),) = proxy.requests
    assert request == "CONNECT localhost:8443"
    assert headers["Proxy-Authorization"] == "Basic eA=="
    assert "Authorization" not in headers


def test_a_proxy_that_refuses_is_no_server(tmp_path: Path) -> None:
    with http_cache(tmp_path) as proxy:  # which knows no CONNECT
        access = Access("", lambda _server: Proxy("127.0.0.1", proxy.server_port, ""))
        place = http_place("https://localhost:8443", access)
        with pytest.raises(PlaceUnusable, match="localhost:8443 does not answer"):
            place.result(KEY)
        place.close()


def test_nobody_listens() -> None:
    port, _ = br.free_ports()
    place = http_place(f"http://127.0.0.1:{port}")
    with pytest.raises(PlaceUnusable, match=rf"^remote cache: 127\.0\.0\.1:{port} does not answer"):
        place.result(KEY)


def test_a_name_that_no_name_server_knows() -> None:
    place = http_place("https://cache.example.invalid")
    with pytest.raises(PlaceUnusable, match=r"^remote cache: cache\.example\.invalid is a name"):
        place.result(KEY)


@pytest.mark.usefixtures("built_bazel_remote")
def test_who_has_no_password_reads_and_does_not_write(tmp_path: Path) -> None:
    with br.bazel_remote(tmp_path) as server:
        writer = http_place(server.url, Access(basic(br.USER, br.PASSWORD)))
        assert share(writer)
        for access in (Access(), Access(basic(br.USER, "wrong"))):
            place = http_place(server.url, access)
            for content in (b"small", bytes(8 << 20)):
                with pytest.raises(WriteRefused, match="401 Unauthorized"):
                    place.put(digest_of(content), io.BytesIO(content))
            with pytest.raises(WriteRefused, match="401 Unauthorized"):
                place.put_result(KEY, Result({}))
            place.close()
        reader = http_place(server.url)
        assert reader.result(KEY) == Result({"index": HELLO})
        assert reader.lacking([HELLO]) == []
        reader.close()


def test_who_is_refused_hears_what_was_not_sent(tmp_path: Path) -> None:
    class Closed(Handler):
        def do_GET(self) -> None:  # noqa: N802 - the name that http.server looks for
            self.answer(401, b"who is there?")

    with http_cache(tmp_path, Closed) as server:
        place = http_place(server.url, Access(hint="X is for another server"))
        with pytest.raises(PlaceUnusable, match=r" answers 401 Unauthorized; X is for another"):
            place.result(KEY)
        place.close()


@pytest.mark.usefixtures("built_bazel_remote")
def test_a_server_that_is_killed_between_two_requests_is_gone(tmp_path: Path) -> None:
    with br.bazel_remote(tmp_path) as server:
        place = http_place(server.url)
        assert place.result(KEY) is None
        server.process.kill()
        server.process.wait()
        with pytest.raises(PlaceUnusable, match="does not answer"):
            place.result(KEY)
        place.close()
