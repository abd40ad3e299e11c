"""Tables of what was measured of watchers (`loop`), and the goals that issue 6 has for them.

Decides how counts are shown: always beside how many there could have been. It must never show a
watcher that was not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.watchers import GORUN

if TYPE_CHECKING:
    from collections.abc import Callable

    Loop = dict[str, Any]

WHAT = {"hello": "hello world", "server": "a web server"}
_ALONE = "go build"


def beyond_build(loop: Loop, program: str) -> float:
    """Return the milliseconds from a save to gorun's new program, beyond those of `go build`."""
    return 1000 * float(loop["swift"][program][GORUN.name]["beyond"][1])


def restarts_a_save(loop: Loop) -> float:
    """Return how many programs were started for a save."""
    return _restarts(loop["watchers"][GORUN.name])


def against_peers(loop: Loop) -> float:
    """Return gorun's needless restarts less those of the best peer. Raises KeyError without one."""
    peers = [_needless(own) for name, own in loop["watchers"].items() if name != GORUN.name]
    if not peers:
        raise KeyError("peers")
    return _needless(loop["watchers"][GORUN.name]) - min(peers)


def counted(name: str) -> Callable[[Loop], float]:
    """Return what gives one of gorun's counts: "missed" or "killed"."""
    return lambda loop: float(loop["watchers"][GORUN.name][name][0])


def _restarts(own: dict[str, Any]) -> float:
    return float(own["restarts"] / own["saves"])


def _needless(own: dict[str, Any]) -> int:
    return int(sum(own["needless"].values()))


def tables(loop: Loop) -> str:
    """Return both tables, as Markdown."""
    names = list(loop["watchers"])
    programs = [program for program in WHAT if program in loop["swift"]]
    tried = loop["extent"]["needless"] * len(loop["watchers"][names[0]]["needless"])
    heads = [
        *(f"{WHAT[program]}, ms" for program in programs),
        *("starts a save", f"needless, of {tried}"),
        *("saves missed", "kills with a rest"),
    ]
    lines = [f"| | {' | '.join(heads)} |", "| --- |" + " ---: |" * len(heads)]
    for name in [_ALONE, *names]:
        cells = [_time(loop["swift"][program], name) for program in programs]
        own = loop["watchers"].get(name)
        if own:
            cells += [f"{_restarts(own):.2f}", str(_needless(own))]
            cells += ["{} of {}".format(*own[count]) for count in ("missed", "killed")]
        else:
            cells += [""] * 4
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", f"| needless restarts | {' | '.join(names)} |"]
    lines.append("| --- |" + " ---: |" * len(names))
    for kind in loop["watchers"][names[0]]["needless"]:
        counts = (str(loop["watchers"][name]["needless"][kind]) for name in names)
        lines.append(f"| {kind} | {' | '.join(counts)} |")
    sentences = [f"{loop['extent']['rounds']} rounds, load {loop['load']}."]
    peers = sorted({module for module in loop["versions"].values() if module})
    if peers:
        sentences.append(f"Peers: {', '.join(peers)}.")
    if loop["missing"]:
        sentences.append(
            f"Not measured, since go could not fetch it: {', '.join(loop['missing'])}."
        )
    return "\n".join([*lines, "", " ".join(sentences)])


def readme(loop: Loop) -> str:
    """Return the table of README: from a save to the new program."""
    names = [_ALONE, *loop["watchers"]]
    lines = [f"| from a save to the new program | {' | '.join(names)} |"]
    lines.append("| --- |" + " ---: |" * len(names))
    for program, words in WHAT.items():
        if program in loop["swift"]:
            times = (_time(loop["swift"][program], name) for name in names)
            lines.append(f"| {words} | {' | '.join(times)} |")
    counts = ("" if name == _ALONE else str(_needless(loop["watchers"][name])) for name in names)
    lines.append(f"| needless restarts | {' | '.join(counts)} |")
    return "\n".join(lines)


def _time(swift: dict[str, Any], name: str) -> str:
    return f"{1000 * swift[name]['seconds'][1]:,.0f}"
