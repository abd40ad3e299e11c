"""TLS with certificates of one's own: of the server's authority, and of whoever asks.

The server is bazel-remote, started with the flags that the documentation names.
"""

from __future__ import annotations

import io
import shutil
import ssl
from typing import TYPE_CHECKING, NamedTuple

import pytest

from gorun_tasks.storage.remote.certificates import certificates_of
from gorun_tasks.storage.remote.credentials import Access, basic
from gorun_tasks.storage.remote.locate import locate
from gorun_tasks.storage.remote.messages import digest_of
from gorun_tasks.storage.remote.place import PlaceUnusable, Result, WriteRefused
from tests.network.conftest import Remote, grpc_place, http_place, key_of
from tests.network.test_shared_builds import API, Machines
from tests.support import bazel_remote as br
from tests.support.certificates import NAME, Authority
from tests.support.http_cache import Handler, http_cache
from tests.support.tunnel import tunnel
from tests.support.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from gorun_tasks.storage.remote.grpc_place import GrpcPlace
    from gorun_tasks.storage.remote.http import HttpPlace
    from tests.support.http_cache import Server

pytestmark = [
    pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl: apt-get install openssl")
]

KEY = key_of("a program")
HELLO = digest_of(b"hello")
INDEX = Result({"index": HELLO})


class World(NamedTuple):
    """Certificates, and what a user's side may say of them."""

    authority: Authority
    server: tuple[Path, Path]
    trust: dict[str, str]
    """The variable that names the server's authority."""

    client: dict[str, str]
    """The variables of who has a certificate of this authority."""

    stranger: dict[str, str]
    """The variables of who has one of another authority."""


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("certificates")
    authority, other = Authority(folder / "one"), Authority(folder / "other")
    trust = {"GORUN_REMOTE_CA": str(authority.path)}

    def shown(one: Authority) -> dict[str, str]:
        path, key = one.certify_client()
        return {**trust, "GORUN_REMOTE_CERT": str(path), "GORUN_REMOTE_KEY": str(key)}

    return World(authority, authority.certify_server(), trust, shown(authority), shown(other))


@pytest.fixture
def server(world: World, tmp_path: Path, built_bazel_remote: None) -> Iterator[br.BazelRemote]:  # noqa: ARG001
    """Run bazel-remote, which nobody reads or writes without a certificate."""
    certificate, key = world.server
    with br.bazel_remote(
        tmp_path,
        tls_cert_file=certificate,
        tls_key_file=key,
        tls_ca_file=world.authority.path,
        allow_unauthenticated_reads="false",
    ) as server:
        yield server


@pytest.fixture(params=["http", "grpc"])
def url(request: pytest.FixtureRequest, server: br.BazelRemote) -> str:
    """Return where it is, by each protocol."""
    return server.url if request.param == "http" else server.grpc


def place_of(url: str, environ: Mapping[str, str]) -> HttpPlace | GrpcPlace:
    """Return the place of a server that the user has named, with the patience of tests."""
    access = Access(certificates=certificates_of(environ, chosen_by_user=True))
    return (http_place if url.startswith("http") else grpc_place)(url, access)


def share(place: HttpPlace | GrpcPlace) -> bool:
    """Put a content and a result; return whether they come back."""
    place.put(HELLO, io.BytesIO(b"hello"))
    place.put_result(KEY, INDEX)
    came = bytearray()
    place.read(HELLO, came.extend)
    found = place.result(KEY)
    place.close()
    return came == b"hello" and found is not None and found.files == INDEX.files


def trouble(url: str, environ: Mapping[str, str]) -> str:
    """Return what is said of a place that is of no use."""
    place = place_of(url, environ)
    with pytest.raises(PlaceUnusable) as caught:
        place.result(KEY)
    place.close()
    head, _, said = str(caught.value).partition(": 127.0.0.1:")
    assert head == "remote cache"
    return said.partition(" ")[2]


def test_who_has_a_certificate_reads_and_writes(url: str, world: World) -> None:
    assert share(place_of(url, world.client))


def test_who_has_none_or_that_of_a_stranger_is_refused(url: str, world: World) -> None:
    refused = "401 Unauthorized" if url.startswith("http") else "UNAUTHENTICATED"
    assert trouble(url, world.trust) == f"answers {refused}"
    for _ in range(20):  # it is told while we begin to ask
        said = trouble(url, world.stranger)
        assert said == "refuses the certificate of GORUN_REMOTE_CERT"


def test_readers_may_do_without_a_certificate(
    world: World,
    tmp_path: Path,
    built_bazel_remote: None,  # noqa: ARG001
) -> None:
    certificate, key = world.server
    with br.bazel_remote(
        tmp_path, tls_cert_file=certificate, tls_key_file=key, tls_ca_file=world.authority.path
    ) as server:
        for url in (server.url, server.grpc):
            assert share(place_of(url, world.client))
            reader = place_of(url, world.trust)
            assert reader.result(KEY) is not None
            with pytest.raises(WriteRefused, match=r"does not store \((401|UNAUTHENTICATED)"):
                reader.put_result(KEY, INDEX)
            reader.close()


def test_an_authority_is_that_of_the_variable_else_the_systems(url: str, world: World) -> None:
    """And never both: a company that names its own wants no other."""
    own = {name: value for name, value in world.client.items() if name != "GORUN_REMOTE_CA"}
    assert trouble(url, own).startswith("shows a certificate that is not trusted here")
    system = {**own, "SSL_CERT_FILE": str(world.authority.path)}
    assert share(place_of(url, system))
    other = {**system, "GORUN_REMOTE_CA": own["GORUN_REMOTE_CERT"]}
    assert trouble(url, other).startswith(
        "shows a certificate that is not trusted by GORUN_REMOTE_CA"
    )


@pytest.mark.parametrize("protocol", ["https", "grpcs"])
def test_a_proxy_tunnels_it(
    protocol: str, server: br.BazelRemote, world: World, tmp_path: Path
) -> None:
    port = int((server.url if protocol == "https" else server.grpc).rpartition(":")[2])
    with tunnel(tmp_path, port) as proxy:
        place = locate(
            f"{protocol}://{NAME}:8443",
            origin="GORUN_REMOTE",
            environ={
                **world.client,
                "https_proxy": f"http://ann:tea@127.0.0.1:{proxy.server_port}",
            },
            notes=str(tmp_path / "notes"),
        )
        assert place is not None
        place.put(HELLO, io.BytesIO(b"hello"))
        place.put_result(KEY, INDEX)
        assert place.result(KEY) is not None
        place.close()
    requests = {request for request, _ in proxy.requests}
    assert requests == {f"CONNECT {NAME}:8443"}
    credentials = {headers["Proxy-Authorization"] for _, headers in proxy.requests}
    assert credentials == {basic("ann", "tea")}


class Noting(Handler):
    """Notes whether who asks has shown a certificate."""

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        assert isinstance(self.connection, ssl.SSLSocket)
        self.server.requests.append(("certificate" if self.connection.getpeercert() else "", {}))
        return True


def tls_of(world: World, verifies: ssl.VerifyMode) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*world.server)
    context.load_verify_locations(world.authority.path)
    context.verify_mode = verifies
    return context


def certificates_shown(server: Server) -> list[str]:
    return [words for words, headers in server.requests if not headers]


def test_a_redirect_to_another_server_shows_no_certificate(world: World, tmp_path: Path) -> None:
    """But the authority that the user has named counts there, too."""
    tls = tls_of(world, ssl.CERT_OPTIONAL)
    with http_cache(tmp_path, Noting, tls) as other:

        class Redirecting(Noting):
            def do_GET(self) -> None:  # noqa: N802 - the name that http.server looks for
                self.answer(307, b"", Location=f"https://localhost:{other.server_port}{self.path}")

        with http_cache(tmp_path, Redirecting, tls) as server:
            place = place_of(f"https://localhost:{server.server_port}", world.client)
            assert place.result(KEY) is None
            place.close()
    assert certificates_shown(server) == ["certificate"]
    assert certificates_shown(other) == [""]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("protocol", ["https", "grpcs"])
def test_a_server_that_speaks_to_nobody_without_a_certificate_says_so(
    world: World, tmp_path: Path, protocol: str, version: ssl.TLSVersion
) -> None:
    """Some end the connection for it, by the one version before the other after the handshake."""
    tls = tls_of(world, ssl.CERT_REQUIRED)
    tls.maximum_version = version
    tls.set_alpn_protocols(["h2", "http/1.1"])
    with http_cache(tmp_path, tls=tls) as server:
        url = f"{protocol}://127.0.0.1:{server.server_port}"
        assert trouble(url, world.stranger).startswith("refuses the certificate of GORUN_REMOTE_")
        if version is ssl.TLSVersion.TLSv1_3:  # the other has no word for it
            said = trouble(url, world.trust)
            assert said.startswith("wants a client certificate (GORUN_REMOTE_CERT, for a server")
        if protocol == "https":
            assert share(place_of(url, world.client))


class Certified(Remote):
    """A server, as those see it who have a certificate."""

    def __init__(self, folder: Path, url: str, world: World) -> None:
        super().__init__(folder, url)
        self.world = world

    def variables(self) -> dict[str, str]:
        return {"GORUN_REMOTE": self.url, **self.world.client}


@pytest.mark.usefixtures("go")
def test_a_run_without_a_certificate_says_one_sentence_and_builds(
    url: str, world: World, tmp_path: Path
) -> None:
    pair = Machines(tmp_path, Certified(tmp_path, url, world))
    pair.download()
    pair.build(*API)
    assert pair.asked(*API) == "fetched"
    for name in ("GORUN_REMOTE_CERT", "GORUN_REMOTE_KEY"):
        del pair.second.environ[name]
        shutil.rmtree(pair.second.store)
        outcome, _, result = pair.second.outcome(*API)
        ours, program = result.err.splitlines()
        assert (outcome, result.rc, program) == ("built", 0, "dep hello")
        assert ours.startswith("gorun: remote cache: ")
        assert ours.endswith("; building here")


@pytest.mark.usefixtures("go")
def test_a_configuration_names_no_authority(url: str, world: World, tmp_path: Path) -> None:
    """Its variables are for programs, and a repository must not choose whom gorun trusts."""
    (tmp_path / "machine").mkdir()
    shop = Workshop(tmp_path / "machine")
    own = {name: value for name, value in world.client.items() if name != "GORUN_REMOTE_CA"}
    nowhere = {"SSL_CERT_FILE": "/nowhere", "SSL_CERT_DIR": "/nowhere"}
    for name, environ in (
        ("SSL_CERT_FILE", {}),
        ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", nowhere),
    ):
        shop.write({"gorun.toml": f'trimpath = true\nenv.{name} = "{world.authority.path}"\n'})
        shop.without_store()
        result = shop.gorun(".", env={"GORUN_REMOTE": url, **own, **environ})
        assert "shows a certificate that is not trusted here" in result.err, result


@pytest.mark.usefixtures("go")
def test_variables_of_certificates_are_no_inputs_of_a_build(tmp_path: Path, world: World) -> None:
    """They may be set, renewed and removed; a place without TLS does not look at them."""
    pair = Machines(tmp_path, Remote(tmp_path))
    pair.build(*API)
    for variables in (world.client, world.stranger, {"GORUN_REMOTE_CERT": "nowhere"}):
        pair.first.environ |= variables
        assert pair.first.gorun("--why", *API).rc == 0
        assert "remote" not in pair.first.gorun("--build", *API).err
