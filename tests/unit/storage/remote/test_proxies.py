"""Proxies are what the usual variables say."""

from __future__ import annotations

import pytest

from gorun_tasks.storage.remote.connection import Proxy
from gorun_tasks.storage.remote.proxies import proxy_of
from gorun_tasks.storage.remote.url import Server, Unsendable

SERVER = Server("https", "cache.example.com", 443)
PROXY = Proxy("proxy", 3128, "")


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, None),
        ({"https_proxy": "http://proxy:3128"}, PROXY),
        ({"HTTPS_PROXY": "proxy:3128"}, PROXY),
        ({"https_proxy": "", "ALL_PROXY": "http://proxy:3128/"}, PROXY),
        ({"http_proxy": "http://proxy:3128"}, None),
        ({"https_proxy": "http://proxy"}, Proxy("proxy", 80, "")),
        ({"https_proxy": "http://a%40b:c@proxy:3128"}, Proxy("proxy", 3128, "Basic YUBiOmM=")),
    ],
)
def test_a_variable_names_a_proxy(environ: dict[str, str], proxy: Proxy | None) -> None:
    assert proxy_of(SERVER, environ) == proxy


@pytest.mark.parametrize(
    ("excepted", "is_excepted"),
    [
        ("", False),
        ("*", True),
        ("cache.example.com", True),
        ("other.com, EXAMPLE.com", True),
        (".example.com", True),
        ("*.example.com", True),
        ("cache.example.com:443", True),
        ("cache.example.com:80", False),
        ("ample.com", False),
        (".", False),
    ],
)
def test_servers_are_excepted(excepted: str, is_excepted: bool) -> None:  # noqa: FBT001
    environ = {"https_proxy": "http://proxy:3128", "no_proxy": excepted}
    assert proxy_of(SERVER, environ) == (None if is_excepted else PROXY)


def test_this_machine_has_no_proxy_and_http_none_that_a_client_could_name() -> None:
    environ = {"http_proxy": "proxy:3128"}
    assert proxy_of(Server("http", "127.0.0.1", 80), environ) is None
    other = Server("http", "cache.example.com", 80)
    assert proxy_of(other, environ) == PROXY
    assert proxy_of(other, {"HTTP_PROXY": "proxy:3128"}) is None


@pytest.mark.parametrize("value", ["socks5://x:1", "https://x:1", "http://", "http://x:y", "[::1"])
def test_a_proxy_that_is_none_is_said(value: str) -> None:
    with pytest.raises(Unsendable, match=r"^https_proxy names no proxy that speaks HTTP$"):
        proxy_of(SERVER, {"https_proxy": value})
