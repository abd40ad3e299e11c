"""What invoke is told of commands holds for programs, or is refused in one sentence."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.place import Place

TASKS = """
import os

from invoke import Collection, task
from gorun_tasks import invoke as go


@task
def called(c):
    \"\"\"Call with keywords of c.run.\"\"\"
    words = eval(os.environ["WORDS"])
    print("returned", go.run(c, ".", **words))


@task
def built(c):
    print("returned", go.build(c, ".", warn=True))


@task
def prefixed(c):
    with c.prefix("export LEVEL=high"):
        path = go.build(c, ".").path
        c.run(path + " getenv LEVEL")
        go.run(c, ".")


@task
def own_time(c):
    import signal
    signal.signal(signal.SIGALRM, print)
    go.run(c, ".", args=["exit", "0"], timeout=600)
    print(signal.getsignal(signal.SIGALRM) is print, signal.getitimer(signal.ITIMER_REAL))


@task
def in_thread(c):
    import threading
    def run():
        try:
            go.run(c, ".", timeout=600)
        except BaseException as error:
            print(error)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


ns = Collection(called, built, prefixed, own_time, in_thread, go=go.collection({"probe": "."}))
"""
FILES = {"tasks.py": TASKS}
BROKEN = ("main.go", "serve(number(2))", "serve(nimber(2))")


def call(place: Place, words: str, *args: str, options: tuple[str, ...] = ()) -> tuple[int, str]:
    """Call `go.run` with keywords; return the status and what was said on both streams."""
    result = place("invoke", *options, "called", "--", *args, env={"WORDS": words})
    assert "Traceback" not in result.err
    return result.rc, result.out + result.err


# The alarm is rung by hand, so that it comes at a known moment.


@pytest.mark.parametrize("words", [("invoke", "-T", "600", "go.probe"), ("invoke", "called")])
def test_a_program_that_takes_too_long_is_ended(place: Place, words: tuple[str, ...]) -> None:
    place.environ["WORDS"] = "{'timeout': 600}"
    with place.start(*words, "--", "serve", "0") as running:
        running.wait_for("ready ")
        running.signal(signal.SIGALRM)
        running.wait_for("stopping after terminated\n")
        assert running.end() == 124, running.said
        assert running.said.endswith("ended after 600 s, the time a command has\n")
        assert "Traceback" not in running.said
        assert running.left_behind() == []


def test_go_is_interrupted_where_it_takes_too_long(
    own_place: Place, slow_build: Callable[[], None]
) -> None:
    own_place.write({"invoke.yaml": "timeouts:\n  command: 600\n"})
    with own_place.start("invoke", "go.probe") as running:
        slow_build()
        running.signal(signal.SIGALRM)
        assert running.end() == 124, running.said
        assert running.said.endswith("ended after 600 s, the time a command has\n")
        assert running.left_behind() == []


def test_the_clock_rings_it(place: Place) -> None:
    """Wherever that is: while it is looked, while go builds, or while the program runs."""
    place.environ["WORDS"] = "{'timeout': 0.2}"
    with place.start("invoke", "called", "--", "serve", "0") as running:
        assert running.end() == 124, running.said
        assert running.said.endswith("ended after 0.2 s, the time a command has\n")
        assert running.left_behind() == []


def test_a_time_limit_is_a_number_of_the_main_thread(place: Place) -> None:
    status, said = call(place, "{'timeout': 'soon'}")
    assert (status, said.count("\n")) == (2, 1)
    assert "cannot end a program after 'soon' seconds; a time limit is a number" in said
    assert (
        "a time limit is a number, and holds in the main thread" in place("invoke", "in-thread").out
    )


def test_the_runners_own_use_of_the_clock_is_left_to_it(place: Place) -> None:
    assert place("invoke", "own-time").out == "True (0.0, 0.0)\n"


def test_warn_lets_a_failure_pass(own_place: Place) -> None:
    assert call(own_place, "{'warn': True}", "exit", "3")[0] == 0
    assert call(own_place, "{'warn': False}", "exit", "3", options=("-w",))[0] == 3
    own_place.edit(*BROKEN)
    for words, options in (("{}", ("-w",)), ("{'warn': True}", ())):
        status, said = call(own_place, words, options=options)
        assert status == 0
        assert "undefined: nimber" in said
        assert "returned None\n" in said
        assert "go could not build the program" in said
    assert own_place("invoke", "built").out == "returned None\n"
    assert own_place("invoke", "-w", "go.probe.build", "called", env={"WORDS": "{}"}).rc == 0
    assert call(own_place, "{'rase': True, 'warn': True}")[0] == 2


@pytest.mark.parametrize(
    ("hide", "shown"), [("True", ()), ("'out'", ("stderr",)), ("'stderr'", ("stdout",))]
)
def test_hide_hides(place: Place, hide: str, shown: tuple[str, ...]) -> None:
    place("invoke", "go.probe.build")
    status, said = call(place, f"{{'hide': {hide}}}", "streams")
    assert status == 0
    for name in ("stdout", "stderr"):
        assert (f"to {name}\n" in said) == (name in shown)


def test_what_cannot_be_hidden_is_one_sentence(place: Place) -> None:
    assert call(place, "{'hide': 'all'}")[0] == 2


def test_dry_and_echo_show_the_command(place: Place) -> None:
    assert (
        call(place, "{'dry': True, 'echo': True}")[1] == "\x1b[1;37mgorun .\x1b[0m\nreturned None\n"
    )
    assert "gorun . exit 0" in call(place, "{'echo': True}", "exit", "0")[1]
    assert "gorun" not in call(place, "{'echo': False}", "exit", "0", options=("-e",))[1]


def test_the_environment_is_laid_over_or_replaces(own_place: Place) -> None:
    own_place.environ["LEVEL"] = "low"
    assert '"low"' in call(own_place, "{}", "getenv", "LEVEL")[1]
    kept = {name: own_place.environ[name] for name in ("PATH", "HOME", "GORUN_CACHE_DIR")}
    lines = "".join(f"    {name}: {value}\n" for name, value in kept.items())
    own_place.write({"invoke.yaml": f"run:\n  env:\n    COLOR: blue\n{lines}"})
    assert '"low"' in call(own_place, "{}", "getenv", "LEVEL")[1]
    assert '"blue"' in call(own_place, "{}", "getenv", "COLOR")[1]
    assert '""' in call(own_place, "{'replace_env': True}", "getenv", "LEVEL")[1]
    assert '"blue"' in call(own_place, "{'replace_env': True}", "getenv", "COLOR")[1]


def test_a_prefix_is_of_a_shell(place: Place) -> None:
    result = place("invoke", "prefixed")
    assert result.rc == 2
    assert '"high"\n' in result.out
    assert result.err.splitlines()[-1] == (
        "c.prefix('export LEVEL=high') needs a shell, which go.run does not start; "
        "set variables with env={...}, or write c.run(go.build(c, ...).path)"
    )


@pytest.mark.parametrize("keyword", ["asynchronous", "pty", "in_stream", "watchers"])
def test_what_only_c_run_can_do_is_one_sentence(own_place: Place, keyword: str) -> None:
    assert call(own_place, f"{{{keyword!r}: True}}") == (
        2,
        f"{keyword} is only for c.run; write c.run(go.build(c, ...).path, {keyword}=...)\n",
    )
    own_place.write({"invoke.yaml": f"run:\n  {keyword}: true\n"})
    status, said = call(own_place, "{}", "exit", "0")
    if keyword == "pty":  # the terminal is the program's as it is
        assert status == 0
    else:
        assert (status, said.count("\n")) == (2, 1)
        assert f"run.{keyword} of invoke's configuration is only for c.run" in said
