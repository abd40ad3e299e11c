"""What changes and means nothing to go starts the program at once; what does mean something not.

Decides, class by class, that no build comes of nothing: each time beside the nearest change of
which something does come, since a wrong "current" is worse than any needless build.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import let_the_clock_tick
from tests.support.workshop import TWO_PACKAGES, Workshop

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("go")

TEST = 'package lib\n\nimport "testing"\n\nfunc TestWord(t *testing.T) {\n\tt.Log(Word())\n}\n'
OFF = '//go:build never\n\npackage lib\n\nimport "os"\n\nvar home = os.Getenv("HOME")\n'
EMBEDS = 'package lib\n\nimport _ "embed"\n\n//go:embed lib.go\nvar text string\n'
MOD = TWO_PACKAGES["go.mod"]


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    shop = Workshop(tmp_path, TWO_PACKAGES)
    # The go env file is then where XDG_CONFIG_HOME or HOME says.
    shop.environ.pop("GOENV")
    shop.environ |= {"XDG_CONFIG_HOME": f"{tmp_path}/config", "HOME": f"{tmp_path}/home"}
    shop.environ["GOPATH"] = f"{tmp_path}/go"
    shop.environ.setdefault("GOCACHE", os.path.expanduser("~/.cache/go-build"))
    return shop


def settle(shop: Workshop, files: dict[str, str]) -> None:
    """Write files, and build so that the build is remembered."""
    shop.write(files)
    assert shop.gorun(".").err == "word\n"
    assert shop.outcome(".")[0] == "current"


def write(shop: Workshop, files: dict[str, str | None]) -> None:
    """Write files, or remove them."""
    shop.write({name: text for name, text in files.items() if text is not None})
    for name, text in files.items():
        if text is None:
            (shop.folder / name).unlink()
    let_the_clock_tick()


NOTHING: dict[str, tuple[dict[str, str], dict[str, str | None]]] = {
    "a profile beside what is no program": ({}, {"lib/default.pgo": "junk"}),
    "a test is removed": ({"lib/lib_test.go": TEST}, {"lib/lib_test.go": None}),
    "an excluded file is removed": ({"lib/off.go": OFF}, {"lib/off.go": None}),
    "the body of a test": ({"lib/lib_test.go": TEST}, {"lib/lib_test.go": TEST + "\nfunc {"}),
    "the body of an excluded file": ({"lib/off.go": OFF}, {"lib/off.go": OFF + "\njunk\n"}),
    "an empty go.sum appears": ({}, {"go.sum": ""}),
    "an empty go.sum vanishes": ({"go.sum": "\n"}, {"go.sum": None}),
    "sums in another order": (
        {"go.sum": "a v1 h1:x\nb v1 h1:y\n"},
        {"go.sum": "b v1 h1:y\na v1 h1:x\n"},
    ),
    "a comment in go.mod": ({}, {"go.mod": f"// ours\n{MOD}\n\t// more\n"}),
    "a go env file with nothing in it": ({}, {"../config/go/env": "# nothing\nGOFLAGS=\njunk\n"}),
    "a go env file of other matters": ({}, {"../config/go/env": "GOPROXY=direct\n"}),
    "an empty go env file vanishes": ({"../config/go/env": ""}, {"../config/go/env": None}),
}
SOMETHING: dict[str, tuple[dict[str, str], dict[str, str | None], str]] = {
    "a profile beside the program": ({}, {"default.pgo": ""}, "default.pgo new file"),
    "a test is renamed": (
        {"lib/lib_test.go": TEST},
        {"lib/lib_test.go": None, "lib/more_test.go": TEST},
        "lib/more_test.go new file",
    ),
    "an import of a test": (
        {"lib/lib_test.go": TEST},
        {"lib/lib_test.go": TEST.replace("testing", "os")},
        "lib/lib_test.go edited",
    ),
    "the package of a test": (
        {"lib/lib_test.go": TEST},
        {"lib/lib_test.go": TEST.replace("lib", "bil")},
        "lib/lib_test.go edited",
    ),
    "a test that embeds": (
        {"lib/lib_test.go": EMBEDS},
        {"lib/lib_test.go": EMBEDS.replace("lib.go", "*.go")},
        "lib/lib_test.go edited",
    ),
    "the constraint of an excluded file": (
        {"lib/off.go": OFF},
        {"lib/off.go": OFF.replace("never", "linux")},
        "lib/off.go edited",
    ),
    "an excluded file of another form": (
        {"lib/off.go": OFF.replace('import "os"', "import `os`")},
        {"lib/off.go": OFF.replace('import "os"', "import `os`") + "// more\n"},
        "lib/off.go edited",
    ),
    "a go.sum appears": ({}, {"go.sum": "a v1 h1:x\n"}, "go.sum appeared"),
    "a go.sum vanishes": ({"go.sum": "a v1 h1:x\n"}, {"go.sum": None}, "go.sum removed"),
    "junk in go.sum": ({"go.sum": ""}, {"go.sum": "junk\n"}, "go.sum edited"),
    "the go line of go.mod": ({}, {"go.mod": MOD.replace("1.24", "1.23")}, "go.mod edited"),
    "a deprecation in go.mod": ({}, {"go.mod": f"// Deprecated: no.\n{MOD}"}, "go.mod edited"),
    "a flag in the go env file": (
        {"../config/go/env": "GOFLAGS=\n"},
        {"../config/go/env": "GOFLAGS=\nGOFLAGS=-tags=dev\n"},
        "config/go/env edited",
    ),
    "a go env file appears": (
        {},
        {"../config/go/env": "GOFLAGS=-tags=x"},
        "config/go/env appeared",
    ),
}


@pytest.mark.parametrize("case", NOTHING)
def test_nothing_comes_of_files_that_say_the_same(shop: Workshop, case: str) -> None:
    before, after = NOTHING[case]
    settle(shop, before)
    write(shop, after)
    assert shop.outcome(".")[0] == "current"


@pytest.mark.parametrize("case", SOMETHING)
def test_something_comes_of_files_that_say_another_thing(shop: Workshop, case: str) -> None:
    before, after, because = SOMETHING[case]
    settle(shop, before)
    write(shop, after)
    outcome, reasons, _ = shop.outcome(".")
    assert outcome != "current"
    assert any(reason.endswith(because) for reason in reasons), reasons


def test_a_test_is_removed_and_comes_back_as_another(shop: Workshop) -> None:
    settle(shop, {"lib/lib_test.go": TEST})
    write(shop, {"lib/lib_test.go": None})
    assert shop.outcome(".")[0] == "current"
    write(shop, {"lib/lib_test.go": TEST})
    assert shop.outcome(".")[0] == "current"
    write(shop, {"lib/lib_test.go": None})
    assert shop.outcome(".")[0] == "current"
    write(shop, {"lib/lib_test.go": TEST.replace("package lib", "package bil")})
    assert shop.go("run", ".").rc == 1
    assert shop.gorun(".").rc == 125


def test_a_go_sum_that_leads_nowhere_is_more_than_none(shop: Workshop, tmp_path: Path) -> None:
    settle(shop, {})
    (shop.folder / "go.sum").symlink_to(tmp_path / "sums")
    let_the_clock_tick()
    assert shop.outcome(".")[0] == "built"
    (tmp_path / "sums").write_text("a v1 h1:x\n")
    assert shop.outcome(".")[0] == "built"


def settings(shop: Workshop) -> dict[str, str]:
    found = shop.go("env", "GOARCH", "GOOS", "CGO_ENABLED", "GOAMD64").out.split()
    return dict(zip(("GOARCH", "GOOS", "CGO_ENABLED", "GOAMD64"), found, strict=False))


@pytest.mark.parametrize(
    "name", ["GOOS", "GOARCH", "GOAMD64", "CGO_ENABLED", "GO111MODULE", "GOWORK"]
)
def test_a_variable_is_set_to_its_default(shop: Workshop, name: str) -> None:
    default = (settings(shop) | {"GO111MODULE": "on", "GOWORK": "off"}).get(name)
    if default is None:
        pytest.skip(f"{name} means nothing here")
    settle(shop, {})
    assert shop.outcome(".", env={name: default})[0] == "current"
    assert shop.outcome(".")[0] == "current"


@pytest.mark.parametrize(
    ("name", "value"),
    [("CGO_ENABLED", "0"), ("CGO_CFLAGS", "-O2 -g"), ("GOFLAGS", "-tags=x"), ("GODEBUG", "x=1")],
)
def test_a_variable_is_set_to_something_else(shop: Workshop, name: str, value: str) -> None:
    if settings(shop)["CGO_ENABLED"] == value:
        value = "1"
    settle(shop, {})
    outcome, reasons, _ = shop.outcome(".", env={name: value})
    assert (outcome, reasons) == ("built", [f"{name} '' → '{value}'"])


@pytest.mark.skipif(sys.platform != "linux", reason="go finds itself by /proc")
def test_another_way_leads_to_the_same_go(shop: Workshop, tmp_path: Path) -> None:
    real = os.path.realpath(shop.go("env", "GOROOT").out.strip() + "/bin/go")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "go").symlink_to(real)
    rest = shop.environ["PATH"]
    shop.environ["PATH"] = f"{tmp_path}/one:{rest}"
    settle(shop, {})
    two = {"PATH": f"{tmp_path}/two:{rest}"}
    assert shop.outcome(".", env=two)[0] == "current"
    assert shop.outcome(".", env={"GORUN_GO": real})[0] == "current"
    assert shop.outcome(".", env=two)[0] == "current"
    (tmp_path / "two" / "go").unlink()
    (tmp_path / "two" / "go").write_text(f'#!/bin/sh\nexec {real} "$@"\n')
    (tmp_path / "two" / "go").chmod(0o755)
    outcome, reasons, _ = shop.outcome(".", env=two)
    assert outcome == "built"
    assert any("go" in reason for reason in reasons), reasons


def test_godebug_has_the_program_tell_more(shop: Workshop) -> None:
    settle(shop, {})
    outcome, _, result = shop.outcome(".", env={"GODEBUG": "inittrace=1"})
    assert outcome == "current"
    assert "init runtime" in result.err
    assert shop.outcome(".", env={"GODEBUG": "inittrace=1,panicnil=1"})[0] == "built"


def test_a_default_that_the_go_env_file_overrules_is_none(shop: Workshop) -> None:
    cgo = settings(shop)["CGO_ENABLED"]
    other = {"0": "1", "1": "0"}[cgo]
    settle(shop, {"../config/go/env": f"CGO_ENABLED={other}\n"})
    assert shop.outcome(".", env={"CGO_ENABLED": cgo})[0] == "built"


def test_gowork_off_is_no_default_where_there_is_a_workspace(shop: Workshop) -> None:
    settle(shop, {"go.work": "go 1.24\n\nuse .\n"})
    outcome, reasons, _ = shop.outcome(".", env={"GOWORK": "off"})
    assert outcome == "built"
    assert reasons == ["GOWORK '' → 'off'"]


def test_the_go_env_file_is_found_by_another_way(shop: Workshop, tmp_path: Path) -> None:
    settle(shop, {"../config/go/env": "# here\n"})
    ways = {"GOENV": f"{tmp_path}/config/go/env"}
    assert shop.outcome(".", env=ways)[0] == "current"
    assert shop.outcome(".", env={**ways, "HOME": f"{tmp_path}/elsewhere"})[0] == "current"
    assert shop.outcome(".", env={"XDG_CONFIG_HOME": f"{tmp_path}/elsewhere"})[0] == "built"


def test_another_home_is_another_module_cache(shop: Workshop, tmp_path: Path) -> None:
    shop.environ.pop("GOPATH")
    settle(shop, {})
    outcome, reasons, _ = shop.outcome(".", env={"HOME": f"{tmp_path}/elsewhere"})
    assert outcome == "built"
    assert reasons[0].startswith("HOME ")


def test_what_was_found_to_be_the_same_is_so_by_stat_the_next_time(shop: Workshop) -> None:
    """The second look imports nothing that reads files."""
    settle(shop, {"lib/lib_test.go": TEST})
    write(shop, {"lib/lib_test.go": TEST + "// more\n", "go.sum": ""})
    env = {"GOOS": settings(shop)["GOOS"]}
    assert shop.outcome(".", env=env)[0] == "current"
    look = (
        "import sys; from gorun_tasks import Program; assert Program('.').is_current();"
        "assert 'gorun_tasks.inputs.compare' not in sys.modules"
    )
    done = shop.execute([sys.executable, "-c", look], env=env)
    assert done.rc == 0, done
