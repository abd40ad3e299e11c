"""Help: what --help prints.

Decides the layout of the table of options, in at most 80 columns. Words only.
"""

from __future__ import annotations

from gorun_tasks.cli.options import GROUPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gorun_tasks.cli.options import Option

_HEAD = """\
usage: gorun [gorun options] [build flags] target [arguments]

Runs a Go program as `go run` does, and starts it at once when nothing changed.

target       . | ./cmd/api | an import path | a.go b.go | path@version
             | :NAME (of --list)
build flags  go's own, before the target: -race -tags -ldflags -gcflags -mod -C
             (go help build lists them)
arguments    everything after the target; they belong to the program, untouched
"""
_FOOT = """
environment  GORUN_CACHE_DIR, GORUN_CACHE_SIZE (5GiB), GORUN_GO (the go
             command), GORUN_EVENTS, GORUN_BUILD_EXIT_CODE (125)

exit status  the program's own; 125 it never ran (the build failed, or go could
             not be asked), 2 the command line makes no sense, 126 built but
             this system cannot execute it
"""
_COLUMN = 25  # where the meanings begin


def help_text() -> str:
    groups = (
        f"\n{title}\n" + "".join(line for option in options for line in _lines(option))
        for title, options in GROUPS.items()
    )
    return _HEAD + "".join(groups) + _FOOT


def _lines(option: Option) -> Iterator[str]:
    name = f"  --{option.name} {option.value}".rstrip()
    yield f"{name:{_COLUMN}}{option.meaning}\n"
    for line in option.details:
        yield f"{'':{_COLUMN}}{line}\n"
