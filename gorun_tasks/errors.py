"""Every error a person can meet: one clear sentence, a hint, and the exit status it ends with.

A program that ran and failed is never an error here: its exit status is a value (`Outcome`).
This module must not import anything: it is on the hot path.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__version__ = "0.1.0"

BUILD_FAILED = 125
"""Exit status when the program never ran (the convention of env, timeout and docker run)."""

USAGE = 2
"""Exit status when the command line makes no sense (go's own choice)."""

CANNOT_EXECUTE = 126
"""Exit status when the program was built but this system cannot execute it."""

_LARGEST = 255

_FORGERS = (
    *(range(32), range(0x7F, 0xA0)),
    *((0x200E, 0x200F), range(0x2028, 0x202F), range(0x2066, 0x206A)),
)
"""Control characters, the other ends of a line, and what turns the direction of writing."""


def in_one_line(text: str) -> str:
    """Return a text as it may be shown: a name that somebody chose ends no line and does no more.

    A file name may hold anything but a slash: a newline, or what a terminal obeys. These are
    written as in a Go string; bytes that are no UTF-8 stay what they are.
    """
    if text.isprintable():
        return text
    escapes = {9: r"\t", 10: r"\n", 13: r"\r"}
    for forgers in _FORGERS:
        for code in forgers:
            escapes.setdefault(code, f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}")  # noqa: PLR2004
    return text.translate(escapes)


class GoRunError(Exception):
    """Base of all errors of this package.

    `str(error)` is one sentence for the person; `hint` says what to do (or is empty);
    `exit_status` is what a command line ends with.
    """

    exit_status = BUILD_FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        """Return the sentence and, after a semicolon, the hint."""
        message: str = self.args[0]
        return in_one_line(f"{message}; {self.hint}" if self.hint else message)


def final_status(error: GoRunError, environ: "Mapping[str, str]") -> int:
    """Return what a command line ends with: GORUN_BUILD_EXIT_CODE stands for 125."""
    chosen = environ.get("GORUN_BUILD_EXIT_CODE", "")
    # Digits of more kinds than these ten are digits to str.isdigit, and not to int.
    is_number = chosen.isdecimal() and len(chosen) <= len(str(_LARGEST))
    if error.exit_status == BUILD_FAILED and is_number and 0 < int(chosen) <= _LARGEST:
        return int(chosen)
    return error.exit_status


class UsageError(GoRunError):
    """The words typed, or the keyword arguments given, make no sense: exit status 2."""

    exit_status = USAGE


class ToolchainError(GoRunError):
    """The go command cannot be found or cannot be started: exit status 125."""


class BuildError(GoRunError):
    """The go command ran and could not build the program: exit status 125.

    `told` says that go itself has told the person why, on stderr.
    """

    def __init__(self, message: str, hint: str = "", *, told: bool = False) -> None:
        super().__init__(message, hint)
        self.told = told


class ExecutionError(GoRunError):
    """The program was built, but this system cannot execute it: exit status 126."""

    exit_status = CANNOT_EXECUTE


class PlaceError(ExecutionError):
    """The directory in which the program is to run is not there, or cannot be entered."""


class ExecutableGoneError(ExecutionError):
    """The executable was there, and is not: another process evicted it before it could start."""


class OutputError(GoRunError):
    """The program ran and ended well, but did not make what it was to make: exit status 1."""

    exit_status = 1


class GivenUp(BaseException):
    """A build was given up because its inputs changed again; go and its children are gone."""


class Interrupted(KeyboardInterrupt):
    """A signal ended the build; go and its children are gone. To a runner it is what ^C is."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum
