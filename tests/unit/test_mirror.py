"""Each file of the package has a test of its name, or a sentence here that says why not."""

from __future__ import annotations

from pathlib import Path

from tests.support.place import REPOSITORY

PACKAGE, UNIT = REPOSITORY / "gorun_tasks", Path(__file__).parent

WITHOUT = {
    "__main__": "It is one call of `main`, and nearly all of tests/e2e starts gorun through it.",
    "build/attempt": "What one go gives is seen by unit/test_api and recorded by e2e/inputs.",
    "build/builder": "Tested through Program.build (unit/test_api) and what is locked (stress).",
    "build/c_packages": "Only go tells of C packages: e2e/inputs/test_c_packages builds real ones.",
    "build/events": "What is written is read by e2e/cli/test_events and each test of an outcome.",
    "build/go_output": "What a person hears of go, and when, is seen in e2e/cli/test_odd_go.",
    "build/graph": "unit/test_api performs the four nodes; e2e/cli/test_outcomes counts processes.",
    "build/outcome": "How to start what was built: e2e/cli/test_outcomes and test_world start it.",
    "build/publication": "It ends with nobody waiting: network/test_shared_builds waits for it.",
    "build/sharing": "What is shared, and said of a place: network/test_shared_builds.",
    "build/snapshot": "A part of a generation: unit/build/test_generation changes all it looks at.",
    "cli/completion": "Only shells know what they offer: e2e/cli/test_completion asks real ones.",
    "cli/init_command": "What it writes, and leaves, in real repositories: e2e/cli/test_init.",
    "cli/init_files": "The files of --init, run by real runners in e2e/cli/test_init.",
    "cli/mistakes": "What it says of targets that go could not build: e2e/cli/test_mistakes.",
    "cli/options": "A table that unit/cli/test_help prints, and e2e/cli/test_options types.",
    "cli/questions": "The answers, as e2e/cli/test_questions asks for them.",
    "cli/watch_command": "The command, as e2e/watch types it.",
    "cli/workspace_commands": "The commands, as e2e/cli/test_workspace types them.",
    "closure/before_build": "What it guards against needs a real go at work: e2e/inputs.",
    "closure/cgo": "What C takes from outside, each way in e2e/inputs/test_c_packages.",
    "closure/early_closure": "Files move in e2e/inputs/test_meanwhile and unit/watch/test_watcher.",
    "closure/launchers": "Real commands hide others: e2e/inputs/test_launchers compiles some.",
    "closure/provenance": "It judges go's own cache: e2e/inputs/test_c_packages has go fill it.",
    "config/keys": "The table behind unit/config/test_configuration and test_schema.",
    "config/patterns": "Patterns as a configuration has them: unit/config/test_configuration.",
    "config/reader": "What it reads, and each mistake: unit/config/test_configuration.",
    "core/command_answer": "What commands answer decides in e2e/inputs/test_launchers.",
    "core/flag_help": "A table of texts; e2e/cli/test_completion holds it against the flags.",
    "core/git_settings": "Settings that could execute something: unit/core/test_vcs_stamp_modules.",
    "core/module_version": "Versions are part of a target: unit/core/test_target tries them.",
    "core/program": "An identity that unit/test_api tries by keywords and e2e/cli by words.",
    "doit": "The adapter, in the real runner: e2e/doit.",
    "inputs/path_resolution": "Links and directories on the way move in e2e/inputs/test_reasons.",
    "inputs/verdict": "What is current, restored and stale is e2e/inputs, class by class.",
    "invoke": "The adapter, in the real runner: e2e/invoke.",
    "main": "The entry point, as all of e2e/cli types it.",
    "nox": "The adapter, in the real runner: e2e/nox.",
    "runners/doit_actions": "Only doit calls them: e2e/doit.",
    "runners/doit_database": "A second doit works beside a program: e2e/doit/test_settings.",
    "runners/doit_output": "What each verbosity shows: e2e/doit/test_settings.",
    "runners/invoke_settings": "Each setting in a real invoke: e2e/invoke/test_settings.",
    "runners/invoke_tasks": "Only invoke reads them: e2e/invoke.",
    "runners/nox_words": "Words that e2e/nox/test_workspace types, good ones and bad ones.",
    "runners/offers": "What the adapters offer is the same in e2e/nox, e2e/invoke and e2e/doit.",
    "runners/shell_command": "What invoke -R says is compared by e2e/invoke/test_workspace.",
    "runners/streams": "What is hidden in a real runner: test_settings of e2e/invoke and e2e/doit.",
    "runners/task_options": "Options of real tasks: e2e/invoke and e2e/doit.",
    "storage/maintenance": "As it is typed, --store: e2e/cli/test_options, and all of stress.",
    "storage/object_notes": "What it notes of C decides in e2e/inputs/test_c_packages.",
    "storage/remote/bucket": "A real server: network/test_places, test_bucket, test_shared_builds.",
    "storage/remote/connection": "Servers that do not behave: network/test_faults, test_http.",
    "storage/remote/folder": "A real folder in network/test_places and network/test_folder.",
    "storage/remote/grpc_channel": "Servers that fail and hang: network/test_grpc_faults.",
    "storage/remote/grpc_place": "Real servers in network/test_places and network/test_grpc.",
    "storage/remote/http": "Real servers in network/test_places, odd ones in network/test_faults.",
    "storage/remote/place": "An interface: each transport keeps it in network/test_places.",
    "storage/remote/shared": "Two machines and real places: network/test_shared_builds.",
    "storage/remote/url": "Good and bad ones are located by unit/storage/remote/test_locate.",
    "storage/staged_executable": "unit/storage/test_publisher has it hash, sync and fail.",
    "storage/remote/checkouts": "What is fetched, and what is not: e2e/inputs/test_checkouts.",
    "storage/remote/signatures": "Signed by real keys, and attacked: network/test_signatures.",
    "system/atomic_files": "The calls of all that writes are failed by stress/test_faults.",
    "system/clock": "Waiting for a tick is what each test that edits within one rests on.",
    "system/console": "What stands on a terminal: e2e/cli/test_progress and test_surroundings.",
    "system/find_go": "Which go is meant, by every way to say it: e2e/cli/test_toolchain.",
    "system/locks": "Two processes at least: stress/test_concurrency.",
    "toolchain/command": "It is how real go is started, which every build of a test does.",
    "toolchain/go_cache": "It changes go's real cache: e2e/inputs/test_c_packages, test_righter.",
    "toolchain/link_recipe": "Only go adds up its sums: unit/build/test_renewal has it do so.",
    "toolchain/progress": "A line on a terminal: e2e/cli/test_progress.",
    "watch/callback_queue": "Signals and threads wake a real watch: e2e/watch/test_signals.",
    "watch/configuration": "Files are edited under a real watch: e2e/watch/test_configuration.",
    "watch/rebuild": "unit/watch/test_watcher holds and fails its passes in a real watch.",
    "watch/session": "What a person sees of a watch, and its exit status: e2e/watch.",
    "watch/watched_program": "A real program and its restarts: e2e/watch/test_watch.",
    "workspace/configured": "A package named in each way: e2e/cli/test_configured.",
    "workspace/configured_programs": "Its files are edited by e2e/watch/test_configuration.",
    "workspace/discovery": "unit/workspace/test_package_facts tells when it asks go again.",
    "workspace/packages": "Values that discovery fills: unit/workspace/test_package_scan.",
    "workspace/render": "What it shows is compared in full by e2e/cli/test_workspace.",
}


def modules(folder: Path, prefix: str = "") -> set[str]:
    """Return the files of a folder and below whose names begin so, without that beginning."""
    found = (path.relative_to(folder) for path in folder.rglob(f"{prefix}*.py"))
    return {
        str(path.with_name(path.stem.removeprefix(prefix)))
        for path in found
        if path.stem != "__init__"
    }


OF_SEVERAL = {
    "mirror",
    "core/vcs_stamp_modules",
    "system/host",
    "system/mach_o",
    "workspace/git_hidden",
}
"""Tests of several files, or a second file of tests of one."""


def test_each_file_of_the_package_has_a_test_of_its_name_or_a_sentence_why_not() -> None:
    assert modules(PACKAGE) - modules(UNIT, "test_") == WITHOUT.keys()


def test_each_unit_test_is_named_after_the_file_that_it_tests() -> None:
    assert modules(UNIT, "test_") - modules(PACKAGE) == OF_SEVERAL


def test_what_stands_in_for_a_unit_test_is_there() -> None:
    """So that a sentence does not outlive the test that it names."""
    for why in WITHOUT.values():
        for word in why.replace(":", " ").replace(",", " ").replace(".", " ").split():
            if word.startswith(("unit/", "e2e/", "stress/", "network/")):
                place = REPOSITORY / "tests" / word.strip("()")
                assert place.is_dir() or place.with_suffix(".py").is_file(), why
