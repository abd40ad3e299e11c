"""Credentials come from the user's side, and go to the server that they are meant for."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from gorun_tasks.storage.remote.credentials import authorization_of, hint_for_refused

if TYPE_CHECKING:
    from pathlib import Path

HOST = "cache.example.com"


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_a_token_goes_before_a_password_and_this_before_netrc(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(f"machine {HOST} login bob password of-netrc\n")
    environ = {"HOME": str(tmp_path)}
    assert authorization_of(HOST, environ, chosen_by_user=True) == basic("bob:of-netrc")
    environ |= {"GORUN_REMOTE_USER": "ann", "GORUN_REMOTE_PASSWORD": "pässword"}
    assert authorization_of(HOST, environ, chosen_by_user=True) == basic("ann:pässword")
    environ["GORUN_REMOTE_TOKEN"] = "abc"
    assert authorization_of(HOST, environ, chosen_by_user=True) == "Bearer abc"


def test_a_server_that_a_repository_chose_gets_only_what_names_it(tmp_path: Path) -> None:
    environ = {
        "HOME": str(tmp_path),
        "GORUN_REMOTE_TOKEN": "abc",
        "GORUN_REMOTE_USER": "ann",
        "GORUN_REMOTE_PASSWORD": "password",
    }
    assert authorization_of(HOST, environ, chosen_by_user=False) == ""
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine other.example.com login bob password p\ndefault login x password y\n")
    assert authorization_of(HOST, environ, chosen_by_user=False) == ""
    netrc.write_text(f"machine {HOST} login bob password p\n")
    assert authorization_of(HOST, environ, chosen_by_user=False) == basic("bob:p")


def test_netrc_may_be_elsewhere_and_need_not_be_there(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    environ = {"NETRC": str(elsewhere), "HOME": "nowhere"}
    assert authorization_of(HOST, environ, chosen_by_user=True) == ""
    assert authorization_of(HOST, {}, chosen_by_user=True) == ""
    elsewhere.write_text(f"machine {HOST} login bob password p\n")
    assert authorization_of(HOST, environ, chosen_by_user=True) == basic("bob:p")


def test_who_is_refused_hears_which_credentials_were_sent_and_which_were_not() -> None:
    user = {"GORUN_REMOTE_USER": "ann", "GORUN_REMOTE_PASSWORD": "tea"}
    token = {**user, "GORUN_REMOTE_TOKEN": "x"}
    certificate = {"GORUN_REMOTE_CERT": "client.pem"}
    for environ, name in ((user, "USER"), (token, "TOKEN"), (certificate, "CERT")):
        said = f"GORUN_REMOTE_{name} is for the server that GORUN_REMOTE names"
        assert hint_for_refused("", environ, chosen_by_user=False) == said
    for environ, what in ((user, "GORUN_REMOTE_USER"), ({}, "the login in netrc")):
        said = f"it does not accept {what}"
        assert hint_for_refused("Basic x", environ, chosen_by_user=True) == said
    said = "neither GORUN_REMOTE_TOKEN nor GORUN_REMOTE_USER is set"
    assert hint_for_refused("", {}, chosen_by_user=True) == said
    assert hint_for_refused("", certificate, chosen_by_user=True) == ""  # TLS has said it


def test_an_entry_of_netrc_without_a_login_is_none(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(f"machine {HOST} login\n")
    assert authorization_of(HOST, {"HOME": str(tmp_path)}, chosen_by_user=True) == ""
