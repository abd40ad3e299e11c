"""The recording of README: a session in a terminal, and docs/recording.svg, which is made of it.

`python -m tests.docs.recording` writes the picture anew.

Decides what is typed and how the picture looks. It must never show a line that was not said: what
it shows comes from a pseudo-terminal in which a shell, gorun and go are at work.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from html import escape
from pathlib import Path
from typing import NamedTuple

from tests.support.clock import let_the_clock_tick, wait_until
from tests.support.place import REPOSITORY, Running
from tests.support.workshop import Workshop, go_command, screen

PICTURE = REPOSITORY / "docs" / "recording.svg"
PROGRAM = {
    "go.mod": "module example.com/shop\n\ngo 1.24\n",
    "menu/menu.go": 'package menu\n\nconst Tea = "sencha"\n',
    "cmd/api/main.go": """\
package main

import (
	"fmt"
	"net"
	"net/http"

	"example.com/shop/menu"
)

func main() {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("api: serving", menu.Tea)
	http.Serve(listener, http.NotFoundHandler())
}
""",
}
_PROMPT = "$ "
_COMMENT = "// The price is on the wall.\n"


class Line(NamedTuple):
    """A line of the picture: typed, said, or a note on what was done in an editor."""

    kind: str
    text: str
    seconds: float = 0.0  # since what caused it; 0 says nothing


def record(folder: Path) -> list[Line]:
    """Play the session in an empty folder; return what stood on the terminal."""
    shop = Workshop(folder, PROGRAM)
    events = folder / "events"
    places = [os.path.dirname(sys.executable), os.path.dirname(go_command()), os.environ["PATH"]]
    shop.environ |= {
        "PATH": os.pathsep.join(places),
        "PS1": _PROMPT,
        "TERM": "dumb",
        "HISTFILE": os.devnull,
        "GORUN_EVENTS": str(events),
    }
    let_the_clock_tick()
    shell = [shutil.which("bash") or "bash", "--norc", "--noprofile", "--noediting", "-i"]
    lines: list[Line] = []

    def watches(builds: int) -> bool:
        told = events.read_text() if events.exists() else ""
        return told.count('"event": "outcome"') >= builds and '"event": "watching"' in told

    with Running(shell, shop, terminal=True) as running:
        running.wait_for(_PROMPT)
        running.forget()

        def take(words: str, echo: str = "") -> None:
            began = time.monotonic()
            said = running.wait_for(words)
            seconds = time.monotonic() - began
            running.forget()
            *rest, last = screen(said.removeprefix(echo).removesuffix(_PROMPT)).splitlines() or [""]
            lines.extend(Line("said", line) for line in rest)
            if last:
                lines.append(Line("said", last, seconds))

        def type_command(words: str, ends: str) -> None:
            lines.append(Line("typed", _PROMPT + words))
            running.type(f"{words}\n")
            take(ends, f"{words}\n")

        type_command("gorun --watch ./cmd/api", "serving sencha\n")
        wait_until(lambda: watches(1))
        lines.append(Line("note", "menu/menu.go is saved: sencha is now oolong"))
        shop.edit("menu/menu.go", "sencha", "oolong")
        take("serving oolong\n")
        wait_until(lambda: watches(2))
        lines.append(Line("note", "menu/menu.go is saved: a comment is added"))
        shop.write({"menu/menu.go": _COMMENT + (shop.folder / "menu/menu.go").read_text()})
        take("edited\n")
        running.type("\x03")
        take(_PROMPT)
        type_command("sed -i s/oolong/assam/ menu/menu.go", _PROMPT)
        type_command("gorun --why ./cmd/api", f"edited\n{_PROMPT}")
    return lines


_STYLE = """\
<style>
text { font: 14px ui-monospace, Menlo, Consolas, monospace; fill: #24292f; white-space: pre }
rect { fill: #f6f8fa; stroke: #d0d7de }
.typed { font-weight: 600 } .note { fill: #0a6d4d; font-style: italic }
.time { fill: #57606a; text-anchor: end }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } rect { fill: #161b22; stroke: #3d444d }
.note { fill: #2fbf8f } .time { fill: #9198a1 }
}
@media (prefers-reduced-motion: no-preference) {
"""
_WIDTH, _ROW, _READING, _REST = 720, 24, 1.5, 5.0


def picture(lines: list[Line]) -> str:
    """Return the SVG: each line appears when it did, with pauses to read before what is done."""
    moments: list[float] = []
    now = 0.0
    for line in lines:
        now += line.seconds if line.kind == "said" else _READING
        moments.append(now)
    whole = now + _REST
    rules = f"g {{ animation: {whole:.1f}s step-end infinite }}\n" + "".join(
        f"#l{number} {{ animation-name: a{number} }} "
        f"@keyframes a{number} {{ 0% {{ opacity: 0 }} {100 * at / whole:.1f}% {{ opacity: 1 }} }}\n"
        for number, at in enumerate(moments)
    )
    body = []
    for number, (kind, text, seconds) in enumerate(lines):
        y = _ROW * (number + 1) + 10
        shown = [f'<text class="{kind}" x="16" y="{y}">{escape(text, quote=False)}</text>']
        if kind == "said" and seconds >= 0.01:  # else it is 0.00
            shown.append(f'<text class="time" x="{_WIDTH - 16}" y="{y}">{seconds:.2f} s</text>')
        body.append(f'<g id="l{number}">{"".join(shown)}</g>\n')
    height = _ROW * len(lines) + 28
    label = "gorun --watch restarts a program after an edit, and gorun --why names the reason"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" aria-label="{label}">\n'
        f"{_STYLE}{rules}}}\n</style>\n"
        f'<rect x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="8"/>\n'
        f"{''.join(body)}</svg>\n"
    )


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as folder:
        PICTURE.write_text(picture(record(Path(folder))), encoding="utf-8")


if __name__ == "__main__":
    main()
