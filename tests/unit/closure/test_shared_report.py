"""What go told of several programs: what of it is one program's, and never less."""

from __future__ import annotations

from gorun_tasks.closure.shared_report import SharedReport
from gorun_tasks.toolchain.report import Report

PACKAGES = (
    {"ImportPath": "m", "Dir": "/m", "EmbedPatterns": ["all:cmd/a/x"]},
    {"ImportPath": "m/cmd/a", "Dir": "/m/cmd/a"},
    {"ImportPath": "m/lib", "Dir": "/m/lib"},
    {"ImportPath": "fmt", "Dir": "/go/src/fmt"},
)


def part_of(members: set[str], *operations: str) -> list[str]:
    report = Report()
    report.settings = {"GOROOT": "/go"}
    report.traced = "".join(f"1 gofsystrace {operation}\n" for operation in operations).encode()
    report.hashed = [f"HASH {o.split()[1]}: 00".encode() for o in operations if o[:4] == "Open"]
    part = SharedReport(report, PACKAGES).part_of(members)
    opened = [line.split()[1][:-1].decode() for line in part.hashed]
    traced = [line.split(b" ", 2)[2].decode() for line in part.traced.splitlines()]
    assert opened == [o.split()[1] for o in traced if o[:4] == "Open"]
    return traced


def test_a_package_is_of_who_is_made_of_it() -> None:
    own = "ReadDir /m/lib", "Open /m/lib/lib.go", "IsGoDir /m/lib", "Open /go/src/fmt/print.go"
    others = "ReadDir /m/cmd/a", "Open /m/cmd/a/main.go", "Open /m/main.go"
    assert part_of({"m/lib", "fmt"}, *own, *others) == [*own]


def test_searches_are_of_all() -> None:
    found = "Stat /go.work", "Stat /m/cmd/a/go.mod", "IsGoDir /m/cmd/a/lib", "IsDir /m/cmd/none"
    assert part_of({"m/lib"}, *found) == [*found]


def test_what_is_embedded_is_of_who_embeds_it_and_the_way_there() -> None:
    way = "Lstat /m/cmd", "Lstat /m/cmd/a", "Lstat /m/cmd/a/x", "Open /m/cmd/a/x/y"
    assert part_of({"m"}, *way, "Open /m/cmd/a/z") == [*way]
    assert part_of({"m/lib"}, *way) == []
    assert part_of({"m/cmd/a"}, *way) == ["Open /m/cmd/a/x/y"]


def test_imports_of_tests_are_of_nobody() -> None:
    assert part_of({"fmt"}, "ReadDir /go/src/fmt", "ReadDir /go/src/fmt/testing") == [
        "ReadDir /go/src/fmt"
    ]
