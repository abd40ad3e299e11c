"""Overview: the programs of a workspace, what they share, and what would have to be done.

It shows what is known without asking go: each program with the verdicts on its nodes, and the
packages of the workspace that several programs are built from. Packages that the same programs use
are one knot, named by the directory they have in common, so that a picture grows with the number of
differences, not of packages; beyond its limits it says how much is left out. As text it is for a
terminal, as Mermaid for a page. Decides what is shown. It must never decide what is true.
"""

from __future__ import annotations

import os

from gorun_tasks.core.fingerprint import record_directory
from gorun_tasks.core.reasons import reasons_said
from gorun_tasks.errors import in_one_line
from gorun_tasks.inputs.semantic_digest import kind_of
from gorun_tasks.inputs.verdict import judge_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gorun_tasks.api import Program
    from gorun_tasks.core.check import Verdict
    from gorun_tasks.core.store import Store
    from gorun_tasks.workspace.workspace import Workspace

PROGRAMS_SHOWN = 60
KNOTS_SHOWN = 40

_NAMES_SHOWN = 6
_COLOURS = {"current": "#dfd", "restored": "#ffd", "stale": "#fdd"}


class ProgramRow:
    """A program with the verdicts on its nodes. `group` is the directory that it is shown in."""

    def __init__(self, name: str, where: str, verdict: Verdict) -> None:
        self.name = name
        self.group = os.path.dirname(where).removeprefix("./")
        self.link = verdict.outcome
        compiled = verdict.manifest is not None or verdict.link_only
        self.compile = "current" if compiled else "stale"
        self.reasons = verdict.because
        self.because = ", ".join(map(str, verdict.because[:2]))


class SharedPackages:
    """Packages that the same programs are built from: what they have in common, and how many."""

    def __init__(self, packages: list[str], programs: tuple[str, ...]) -> None:
        self.packages = packages
        self.programs = programs
        self.label = packages[0]
        if len(packages) > 1:
            self.label = f"{os.path.commonpath(packages) or '.'}/… ({len(packages)} packages)"


class Overview:
    """What there is to see. Programs that are not current come first."""

    def __init__(self, workspace: Workspace) -> None:
        programs = workspace.programs
        verdicts = zip(programs, judge_all(programs.values()), strict=True)
        self.programs = sorted(
            (ProgramRow(name, workspace.place(name), verdict) for name, verdict in verdicts),
            key=lambda shown: (shown.link == "current", shown.name),
        )
        self.knots = _knots(workspace.root, programs)

    def text(self) -> str:
        width = max((len(shown.name) for shown in self.programs), default=0)
        lines = [
            f"{shown.name:{width}}  compile {shown.compile:7}  link {shown.link:8}  {shown.because}"
            for shown in self.programs[:PROGRAMS_SHOWN]
        ]
        lines += _left_out(len(self.programs), PROGRAMS_SHOWN, "programs")
        if self.knots:
            lines += ["", "shared packages"]
        width = max((len(knot.label) for knot in self.knots[:KNOTS_SHOWN]), default=0)
        for knot in self.knots[:KNOTS_SHOWN]:
            names = ", ".join(knot.programs[:_NAMES_SHOWN])
            more = "" if len(knot.programs) <= _NAMES_SHOWN else ", …"
            lines.append(f"  {knot.label:{width}}  in {len(knot.programs)}: {names}{more}")
        lines += _left_out(len(self.knots), KNOTS_SHOWN, "groups of packages")
        return "".join(f"{in_one_line(line.rstrip())}\n" for line in lines)

    def data(self) -> dict[str, object]:
        """Return all of it, for JSON."""
        return {
            "programs": [
                {
                    "name": shown.name,
                    "compile": shown.compile,
                    "link": shown.link,
                    "because": reasons_said(shown.reasons),
                }
                for shown in self.programs
            ],
            "shared": [
                {"packages": knot.packages, "programs": list(knot.programs)} for knot in self.knots
            ],
        }

    def mermaid(self) -> str:
        programs = self.programs[:PROGRAMS_SHOWN]
        ids = {shown.name: f"p{number}" for number, shown in enumerate(programs)}
        groups: dict[str, list[ProgramRow]] = {}
        for shown in programs:
            groups.setdefault(shown.group or ".", []).append(shown)
        lines = ["flowchart LR"]
        for number, group in enumerate(sorted(groups)):
            lines.append(f'  subgraph g{number}["{_quoted(group)}"]')
            for shown in groups[group]:
                label = f"{_quoted(shown.name)}<br>compile {shown.compile}<br>link {shown.link}"
                lines.append(f'    {ids[shown.name]}["{label}"]:::{shown.link}')
            lines.append("  end")
        for number, knot in enumerate(self.knots[:KNOTS_SHOWN]):
            lines.append(f'  k{number}(["{_quoted(knot.label)}"])')
            users = [ids[name] for name in knot.programs if name in ids]
            if users:
                lines.append(f"  k{number} --> {' & '.join(users)}")
        rest = _left_out(len(self.programs), PROGRAMS_SHOWN, "programs")
        rest += _left_out(len(self.knots), KNOTS_SHOWN, "groups of packages")
        lines += [f'  rest{number}["{line}"]' for number, line in enumerate(rest)]
        lines += [f"  classDef {name} fill:{colour}" for name, colour in _COLOURS.items()]
        return "".join(f"{in_one_line(line)}\n" for line in lines)


def _left_out(there: int, shown: int, what: str) -> list[str]:
    return [f"… and {there - shown} more {what}"] if there > shown else []


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


def _knots(root: str, programs: Mapping[str, Program]) -> list[SharedPackages]:
    """Return what several programs share; what most of them do comes first."""
    users: dict[str, list[str]] = {}
    stores: dict[str, Store] = {}  # each reads its tables once
    for name, program in programs.items():
        store = stores.setdefault(program.store.root, program.store)
        for package in _packages(root, program, store):
            users.setdefault(package, []).append(name)
    together: dict[tuple[str, ...], list[str]] = {}
    for package in sorted(users):
        together.setdefault(tuple(users[package]), []).append(package)
    knots = [SharedPackages(packages, who) for who, packages in together.items() if len(who) > 1]
    return sorted(knots, key=lambda knot: (-len(knot.programs), knot.label))


def _packages(root: str, program: Program, store: Store) -> Iterable[str]:
    """Return the directories below the root of which the newest build compiled Go files."""
    packages = set()
    for manifest in store.manifests(program.key, program.identity)[:1]:
        own = [table for table in manifest.tables if table[0].startswith("module-")]
        for table, (base, _, names, keys), (*_, contents) in store.records(own):
            directory = record_directory(table.root, base)
            if f"{directory}/".startswith(f"{root}/") and any(
                file.endswith(".go") and key is not None and not kind_of(content)
                for file, key, content in zip(names, keys, contents, strict=True)
            ):
                packages.add(os.path.relpath(directory, root))
    return packages
