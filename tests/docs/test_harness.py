"""A page that tells no truth fails; else the tests of the pages would be worth nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.pages import PageError, Shell, play

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "page.md"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, dict(os.environ))


def test_a_true_page_passes_and_its_commands_are_counted(page: Path, shell: Shell) -> None:
    page.write_text(
        "# A page\n\n"
        "<!-- run\n$ mkdir below\n-->\n\n"
        "```python\n# below/say.py\nimport sys\nprint('out')\nprint('err', file=sys.stderr)\n"
        "sys.exit(3)\n```\n\n"
        "```console\n$ cd below && export WORD=kept\n```\n\n"
        "```toml\n# here.toml\n```\n\n"
        "```console\n$ cat here.toml\n# here.toml\n$ python3 -u say.py\nout\nerr\n$ echo $?\n3\n"
        '$ echo "$WORD" \\\n>     $(basename $PWD)\nkept below\n$ cat\n'
        "$ false\n$ echo $?\n1\n```\n\n"
        "<!-- shows: seq 3 -->\n```json\n1\n...\n3\n```\n\n"
        "```text\nnothing to do\n```\n"
    )
    with shell:
        assert play(page, shell) == 10


@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        ("```console\n$ echo one\ntwo\n```", "page.md:2: $ echo one"),
        ("```console\n$ true\n$ echo one\n```", "page.md:3: $ echo one"),
        ("```console\n$ true\none\n```", "page.md:2: $ true"),
        ("```console\n$ seq 3\n1\n...\n4\n```", "page.md:2: $ seq 3"),
        ("```console\n$ echo oops >&2\n```", "oops"),
        ("<!-- run\n$ echo one\ntwo\n-->", "page.md:2: $ echo one"),
        ("<!-- shows: echo one -->\n```json\ntwo\n```", "page.md:2: $ echo one"),
        ("<!-- shows: echo one -->", "no block shows"),
        ("```console\n$ false\n```", "fails, and says nothing"),
        ("```console\n$ false\n$ true\n```", "page.md:2: $ false"),
        ("```console\n$ false\n$ echo $?\n0\n```", "page.md:3: $ echo $?"),
        ("```console\necho one\n```", "begins with a command"),
        ("```text\n$ echo one\n```", "console blocks"),
        ("```python\nprint()\n```", "its first line a comment with its name"),
        ("```sh\nls\n```", "its first line a comment with its name"),
        ("    $ ls", "its first line a comment with its name"),
    ],
)
def test_a_page_that_is_not_true_fails(
    page: Path, shell: Shell, block: str, complaint: str
) -> None:
    page.write_text(f"{block}\n")
    with shell, pytest.raises(PageError) as trouble:
        play(page, shell)
    assert complaint in str(trouble.value)


BESIDE = """\
```console
$ (until test -e go; do sleep 0.01; done; echo went; until test -e stop; do sleep 0.01; done) &
$ echo at once; touch go
WENT
at once
$ touch stop && wait
```
"""


def test_what_goes_on_beside_is_waited_for(page: Path, shell: Shell) -> None:
    page.write_text(BESIDE.replace("WENT", "went"))
    with shell:
        assert play(page, shell) == 3


def test_what_never_comes_from_beside_fails(tmp_path: Path, page: Path) -> None:
    page.write_text(BESIDE.replace("WENT", "came"))
    with Shell(tmp_path, dict(os.environ), patience=2) as shell, pytest.raises(PageError):
        play(page, shell)


def test_a_command_without_end_fails(tmp_path: Path, page: Path) -> None:
    page.write_text("```console\n$ sleep 600\n```\n")
    with Shell(tmp_path, dict(os.environ), patience=0.1) as shell, pytest.raises(PageError):
        play(page, shell)
