"""The files of operating systems: they offer the same, one is loaded, and no other file knows one.

Decides which words betray knowledge of an operating system. It must never be content with fewer
because a file needs one: what may stay elsewhere is listed here, with the reason.
"""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import gorun_tasks
from gorun_tasks.system import darwin, linux

if TYPE_CHECKING:
    from types import ModuleType

PACKAGE = Path(gorun_tasks.__file__).parent
OF_LINUX = re.compile(
    r"/proc\b|prctl|\bELF\b|CLOCK_REALTIME_COARSE|F_SETPIPE|SUBREAPER|PDEATHSIG|mountinfo|inotify",
    re.IGNORECASE,
)
OF_DARWIN = re.compile(
    r"libproc|proc_pidpath|getfsstat|Mach-O|LC_UUID|\bkqueue|launchd|\bAPFS\b", re.IGNORECASE
)
OF_ANY = re.compile(r"sys\.platform|os\.uname|platform\.system")
ELSEWHERE = {
    "system/__init__.py": {"sys.platform": 2},  # the choice
    # On each start where the locale is C, as in most containers: an import would cost more than
    # the look itself. Where the file is missing, there is another way.
    "core/launch.py": {"/proc": 2},
    # On each start: where the store is.
    "core/store.py": {"sys.platform": 1},
    # As words of a key: what one machine has built, another kind of machine does not find.
    "storage/remote/toolchain_choice.py": {"os.uname": 1, "sys.platform": 1},
}


def offered(module: ModuleType) -> dict[str, object]:
    """Return the public names of a module: of functions how they are called, of others the type."""
    found: dict[str, object] = {}
    for name, value in vars(module).items():
        if name.startswith("_") or name in ("annotations", "TYPE_CHECKING", "Mount"):
            continue
        if inspect.isclass(value):
            found[name] = {n for n in vars(value) if not n.startswith("_")}
        elif inspect.isfunction(value):
            signature = inspect.signature(value)
            kinds = [(p.kind, p.default) for p in signature.parameters.values()]
            found[name] = kinds, signature.return_annotation
        elif not inspect.ismodule(value) and getattr(value, "__module__", module) == module:
            found[name] = type(value)
    return found


def test_both_offer_the_same() -> None:
    assert offered(linux) == offered(darwin)
    assert len(offered(linux)) > 12


def test_no_other_file_knows_an_operating_system() -> None:
    known = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = str(path.relative_to(PACKAGE))
        text = path.read_text()
        words = [OF_ANY]
        words += [] if name == "system/linux.py" else [OF_LINUX]
        words += [] if name == "system/darwin.py" else [OF_DARWIN]
        if found := Counter(word for pattern in words for word in pattern.findall(text)):
            known[name] = dict(found)
    assert known == ELSEWHERE


@pytest.mark.parametrize(
    ("running_on", "loaded"), [("linux", linux), ("darwin", darwin), ("freebsd14", linux)]
)
def test_the_one_that_runs_is_loaded_when_it_is_used(running_on: str, loaded: ModuleType) -> None:
    code = (
        "import sys\n"
        "from gorun_tasks.system import foreground, locks\n"
        "ours = lambda: [m for m in sys.modules if m.endswith(('.linux', '.darwin', '.host'))]\n"
        "print(ours())\n"
        f"sys.platform = {running_on!r}\n"
        "from gorun_tasks.system import host\n"
        "from gorun_tasks import system\n"
        "print(ours(), host.__name__, system.host is host)\n"
    )
    said = subprocess.check_output([sys.executable, "-c", code], text=True)
    name = loaded.__name__
    assert said == f"[]\n['{name}'] {name} True\n"


def test_there_is_nothing_else_in_the_folder() -> None:
    from gorun_tasks import system  # noqa: PLC0415 - where its attributes are asked for

    with pytest.raises(AttributeError, match="no attribute 'windows'"):
        system.windows  # noqa: B018 - asking is the test
