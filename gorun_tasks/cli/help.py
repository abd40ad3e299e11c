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
usage: gorun [gorun options] [go build flags] target [arguments]

Runs a Go program as `go run` does; a program that is unchanged starts at once.

  target                 . | ./cmd/api | an import path | a.go b.go
                         | path@version | :NAME, as --list prints it
  go build flags         -race, -tags, -ldflags, -C ... (go help build)
  arguments              all that follows the target: for the program, as it is
"""
_FOOT = """
Environment variables
  GORUN_CACHE_DIR        the directory of the store
  GORUN_CACHE_SIZE       how large it may become (5GiB)
  GORUN_GO               the go command
  GORUN_EVENTS           as --events
  GORUN_BUILD_EXIT_CODE  the exit status of a failed build (125)

Exit status
  The program's own. 125: the build failed, or go could not be asked; 2: wrong
  usage; 126: built, but this system cannot execute it.
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
