"""Keys of a configuration, each described once: for its reader, the schema for editors, and tests.

Decides which keys there are, what each means, and what its value has to look like. It must never
be imported where a configuration was read before: what an unchanged one said is remembered.
"""

from __future__ import annotations

from gorun_tasks.core.flag_help import FLAG_HELP
from gorun_tasks.core.flag_keywords import KEYWORDS
from gorun_tasks.core.flags import BuildFlags
from gorun_tasks.core.program import checked_env
from gorun_tasks.core.target import Target
from gorun_tasks.core.vcs_stamp import FACTS, checked
from gorun_tasks.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Schema = dict[str, Any]


class Key:
    """One key.

    `form` is "text", "strings" (a list), "texts" (strings by name), "flag" (of go) or "tables".
    `expected` is what a text is, `check` raises UsageError for a value that makes no sense. `names`
    and `text` say what `check` says of names and strings to a JSON schema.
    """

    def __init__(
        self,
        name: str,
        form: str,
        meaning: str,
        *,
        expected: str = "",
        check: Callable[[Any], object] | None = None,
        names: Schema | None = None,
        text: Schema | None = None,
    ) -> None:
        self.name = name
        self.form = form
        self.meaning = meaning
        self.expected = expected
        self.check = check
        self.names = names or {}
        self.text = text or {}


def _flag(keyword: str) -> Key:
    name = KEYWORDS[keyword]
    meaning = f"go's -{name}: {FLAG_HELP[name]}."
    return Key(keyword, "flag", meaning, check=lambda value: BuildFlags(**{keyword: value}))


_OF_PLACE = "GORUN_REMOTE"


def _checked_env(env: Mapping[str, str]) -> None:
    """Refuse also what would be passed over: places and credentials are no matter of programs."""
    for name in checked_env(env):
        if name.startswith(_OF_PLACE):
            named = "name the place as `url` in the table remote"
            how = named if name == _OF_PLACE else "set it where gorun is started"
            raise UsageError(f"env: {name} is no variable of programs", how)


_SHARED = (
    Key(
        *("env", "texts", "Variables laid over the environment, of the build and of the program."),
        check=_checked_env,
        names={"pattern": rf"^(?!{_OF_PLACE})[^=\u0000]+$"},
        text={"pattern": r"^[^\u0000]*$"},
    ),
    Key(
        *(
            "stamp",
            "texts",
            "Facts of git that are linked into string variables of the program.",
        ),
        check=checked,
        names={"pattern": r"^[^=]*\.[^=]*$"},
        text={"pattern": rf"^({'|'.join(FACTS)}|version:.*)$"},
    ),
    # Where go runs (chdir) is for the workspace to know.
    *(_flag(keyword) for keyword in KEYWORDS if keyword != "chdir"),
)

_OF_REMOTE = ("scope", "signers", "url")


def _checked_remote(said: dict[str, str]) -> None:
    for name in said:
        if name not in _OF_REMOTE:
            raise UsageError(f"{name} is no setting of remote", "they are scope, signers and url")


GENERAL = {
    key.name: key
    for key in (
        Key("exclude", "strings", "Packages that are not to be found, in go's patterns: ./old/..."),
        Key(
            *("include", "strings"),
            "What is to be found though git ignores it or it is another repository's, in go's"
            ' patterns; "tool" is the tools of the go.mod.',
        ),
        Key(
            *("programs", "tables", "What holds for one program, by its name."),
            names={"pattern": r"^(?!\.{1,2}$)[^-:/\s\u0000-\u001f][^/\s\u0000-\u001f]*$"},
        ),
        Key(
            *(
                "remote",
                "texts",
                "Where builds are shared: url, a scope that is in each key, and a file of signers.",
            ),
            check=_checked_remote,
            names={"enum": [*_OF_REMOTE]},
        ),
        *_SHARED,
    )
}
"""What may be said of all programs, by name."""

OF_PROGRAM = {
    key.name: key
    for key in (
        Key("args", "strings", "The arguments of a run that gives none."),
        Key(
            *("cwd", "text", "Where the program runs, from the directory of this file."),
            expected="a directory",
        ),
        Key(
            *("target", "text"),
            "The package, from the directory of this file, where it is not the one that is found"
            " under this name.",
            expected="a package",
            check=Target.of,
            text={"pattern": r"^(?!.*_test\.go$)([^-]|-.*\.go$)"},
        ),
        *_SHARED,
    )
}
"""What may be said of one program, by name."""
