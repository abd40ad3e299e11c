"""Graph: what `go run` does, as four nodes: Compile → Link → Execute → Delete.

Decides what has to be done, and in which order. One go process performs Compile and Link
together, yet each has a verdict of its own: a changed source makes both stale, a lost executable
only Link. It must never hold a lock while the program runs, and never leave a folder behind.
"""

from __future__ import annotations

import os
import shutil
import signal
import time

from gorun_tasks import console
from gorun_tasks.content import Reason, sha256_of
from gorun_tasks.errors import BuildError, ExecutableGoneError, GoRunError, UsageError
from gorun_tasks.events import tell
from gorun_tasks.evict import size_limit
from gorun_tasks.fingerprint import place
from gorun_tasks.making import Making
from gorun_tasks.process import find_wrapper, program_environment, run_foreground
from gorun_tasks.program import Outcome, Program
from gorun_tasks.publish import Publisher, Unusable, working_folder
from gorun_tasks.toolchain import Interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gorun_tasks.verdict import Verdict


class Node:
    """One step. `inputs` and `outputs` name what it reads and makes, for people and tools."""

    name = ""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.performed = False

    @property
    def key(self) -> str:
        """Return the identity of this step: the same step of the same program has the same key."""
        return f"{self._graph.program.key}/{self.name}"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return what it reads."""
        raise NotImplementedError

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return what it makes."""
        raise NotImplementedError

    def why_stale(self) -> tuple[Reason, ...]:
        """Return why it has to be performed; empty when it has not."""
        raise NotImplementedError

    def perform(self) -> None:
        """Do it."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._graph.program.label}>"


class Compile(Node):
    """From the closure to packages in go's build cache."""

    name = "compile"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return the paths of the recorded closure (empty before the first build)."""
        return tuple(sorted(self._graph.input_paths()))

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return where the compiled packages are."""
        return ("go's build cache",)

    def why_stale(self) -> tuple[Reason, ...]:
        """Return what changed since go compiled it."""
        verdict = self._graph.verdict
        return () if verdict.link_only or verdict.manifest is not None else verdict.because

    def perform(self) -> None:
        """Have go compile, and link in the same process."""
        self._graph.ask_go()
        self.performed = True


class Link(Node):
    """From compiled packages to an executable in the store."""

    name = "link"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return what it links."""
        return self._graph.compile.outputs

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return the path of the executable, once there is one."""
        made = self._graph.made
        return (made.path,) if made else ()

    def why_stale(self) -> tuple[Reason, ...]:
        """Return why there is no executable for what is there now."""
        verdict = self._graph.verdict
        return () if verdict.manifest is not None else verdict.because

    def perform(self) -> None:
        """Take the executable from go and publish it."""
        self._graph.ask_go()
        self._graph.keep_executable()
        self.performed = True


class Execute(Node):
    """From an executable and arguments to an exit status."""

    name = "execute"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return the executable."""
        return self._graph.link.outputs

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return nothing: what a program makes is its own affair."""
        return ()

    def why_stale(self) -> tuple[Reason, ...]:
        """Return that it was asked for: a program is run each time."""
        return (Reason("", "a program is run each time it is asked for"),)

    def perform(self) -> None:
        """Run the program in the foreground, as a child."""
        self._graph.execute_child()
        self.performed = True


class Delete(Node):
    """The end of the cycle: what policy says goes."""

    name = "delete"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return the executable."""
        return self._graph.link.outputs

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return nothing."""
        return ()

    def why_stale(self) -> tuple[Reason, ...]:
        """Return why the executable goes, empty when it is kept."""
        if self._graph.private:
            return (Reason("", "the executable was for this run only"),)
        return ()

    def perform(self) -> None:
        """Remove what was for this run only."""
        self._graph.remove_private()
        self.performed = True


class Graph:
    """The four nodes of one program, and the scheduler that performs the stale ones in order."""

    def __init__(
        self, program: Program, args: Sequence[str] = (), *, ephemeral: bool = False
    ) -> None:
        self.program = program
        self.args = tuple(args)
        self.ephemeral = ephemeral
        self.made: Outcome | None = None
        self.compile = Compile(self)
        self.link = Link(self)
        self.execute = Execute(self)
        self.delete = Delete(self)
        self.private = ""  # a folder of this run only
        self._verdict: Verdict | None = None
        self._making: Making | None = None
        self._publisher: Publisher | None = None
        self._tried_to_write = False

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes in the order in which they are performed."""
        return (self.compile, self.link, self.execute, self.delete)

    @property
    def verdict(self) -> Verdict:
        """What is known without asking go, as of the first time it was asked for."""
        if self._verdict is None:
            self._verdict = self.program.judge()
        return self._verdict

    def input_paths(self) -> Iterator[str]:
        """Yield the recorded closure of the newest manifest, as paths of what was there."""
        program = self.program
        for manifest in program.store.manifests(program.key, program.identity)[:1]:
            for name, identities in manifest.shelves:
                shelf = program.store.shelf(name)
                for identity in identities if shelf is not None else ():
                    assert shelf is not None
                    found = shelf.recorded().get(identity)
                    if found is not None:
                        record = found[0]
                        base = place(shelf.root, record[0])
                        for file, key in zip(record[2], record[3], strict=True):
                            if key is not None:
                                yield f"{base}/{file}"

    # The scheduler.

    def make(self, *, rebuild: bool = False) -> Outcome:
        """Perform Compile and Link where they are stale; return what became of it."""
        begun = time.monotonic()
        made: Outcome | None = None
        verdict = self.verdict
        try:
            if verdict.manifest is not None and not rebuild:
                self._settle(verdict)
            else:
                self._make_stale(rebuild=rebuild)
            assert self.made is not None
            made = self.made
        except GoRunError:
            made = Outcome("failed", "", "", because=self.verdict.because)
            raise
        except Interrupted as interrupted:
            # go is gone: now the signal may do to this process what it was sent for.
            signal.raise_signal(interrupted.signum)
            raise
        finally:
            if made is not None:
                made.seconds = time.monotonic() - begun
                tell(self.program, made)
        return made

    def run(self) -> Outcome:
        """Perform all four nodes; return the outcome with the program's exit status."""
        made = self.made or self.make()
        try:
            self._execute_and_delete(made)
        except ExecutableGoneError:
            self._verdict = self._making = None
            made = self.make()
            self._execute_and_delete(made)
        return made

    def stable_path(self, *, rebuild: bool = False) -> str:
        """Make, and return the path that stays the same for this program (--which).

        Raises BuildError, too, where there can be no such path.
        """
        made = self.make(rebuild=rebuild)
        publisher = self._writable()
        if publisher is None or self.private:
            raise BuildError("there is no store to keep the executable in")
        try:
            return publisher.stable_path(self.program.key, os.path.basename(made.path), made.path)
        except Unusable as trouble:
            raise BuildError(f"there is no path that stays the same: {trouble}") from trouble

    def _make_stale(self, *, rebuild: bool) -> None:
        publisher = self._writable()
        if publisher is None:
            self._perform()
            return
        with publisher.lock(self.program.key) as lock:
            if lock.waited and not rebuild:
                # Another process built meanwhile, perhaps this very content.
                self.program.store.forget_shelves()
                verdict = self._verdict = self.program.judge()
                if verdict.manifest is not None:
                    self._settle(verdict)
                    return
            self._perform()

    def _perform(self) -> None:
        try:
            self.compile.perform()
            self.link.perform()
        finally:
            if self._making is not None:
                self._making.clean_up()

    def _execute_and_delete(self, made: Outcome) -> None:
        try:
            if self.ephemeral and not self.private:
                self._make_private(made)
            self.execute.perform()
        finally:
            if self.delete.why_stale():
                self.delete.perform()

    # What the nodes do.

    def ask_go(self) -> None:
        """Have go compile and link, once."""
        if self._making is None:
            self._making = Making(self.program, self._writable())
            self._making.ask()

    def keep_executable(self) -> None:
        """Publish what go handed over, or keep it for this run only."""
        making = self._making
        assert making is not None
        publisher = self._writable()
        if making.report.borrowed:
            console.say("there is no room for the executable; it is started from go's cache")
            path = making.report.executable
            self.made = self._built(making, path, sha256_of(path).hex())
            return
        if publisher is not None and not self.ephemeral:
            try:
                self.made = self._publish(publisher, making)
            except Unusable as trouble:
                console.say(f"{trouble}; the executable is kept for this run only")
                self._publisher = None
            else:
                return
        self.private = working_folder(self._publisher)
        path = shutil.move(making.report.executable, self.private)
        self.made = self._built(making, path, sha256_of(path).hex())

    def _publish(self, publisher: Publisher, making: Making) -> Outcome:
        report, program = making.report, self.program
        if making.closure is None:
            digest, path = publisher.publish_unrecorded(
                program.key, program.identity, report.executable, making.unrecorded
            )
        else:
            manifest = publisher.publish(
                program.key,
                program.identity,
                report.executable,
                making.closure,
                goroot_bin=report.goroot_bin,
                go_version=report.settings["GOVERSION"],
                wrapper=making.wrapper,
                cgo=making.cgo,
            )
            digest, path = manifest.digest, program.store.executable(manifest)
        publisher.evict(_size_limit(program))
        return self._built(making, path, digest)

    def _built(self, making: Making, path: str, digest: str) -> Outcome:
        return Outcome(
            "built",
            path,
            digest,
            because=self.verdict.because,
            goroot_bin=making.report.goroot_bin,
            wrapper=making.wrapper,
            unrecorded=making.unrecorded,
        )

    def execute_child(self) -> None:
        """Run the executable in the foreground."""
        made, program = self.made, self.program
        assert made is not None
        env = program_environment(_encoded(program.environ), made.goroot_bin)
        # Again, since an LC_CTYPE among them may have been taken for Python's own.
        env |= _encoded({k: v for k, v in program.overlay.items() if v is not None and k != "PATH"})
        words = [*made.wrapper, made.path, *self.args]
        command = find_wrapper(words[0], env) if made.wrapper else made.path
        made.exit_code = run_foreground(words, env=env, cwd=program.directory, executable=command)

    def remove_private(self) -> None:
        """Remove the executable that was for this run only."""
        shutil.rmtree(self.private, ignore_errors=True)
        self.private = ""

    # Odds and ends of the store.

    def _writable(self) -> Publisher | None:
        if not self._tried_to_write:
            self._tried_to_write = True
            try:
                self._publisher = Publisher.of(self.program.store)
            except Unusable as trouble:
                console.say(f"{trouble}; nothing will be remembered")
        return self._publisher

    def _settle(self, verdict: Verdict) -> None:
        manifest = verdict.manifest
        assert manifest is not None
        self.program.store.mark_used(self.program.key)
        write_back(self.program, verdict)
        self.made = Outcome.stored(self.program, verdict, manifest)

    def _make_private(self, made: Outcome) -> None:
        self.private = working_folder(self._publisher)
        path = f"{self.private}/{os.path.basename(made.path)}"
        try:
            shutil.copy(made.path, path)
        except FileNotFoundError as error:
            raise ExecutableGoneError(f"{made.path} is gone before it could start") from error
        made.path = path


def _size_limit(program: Program) -> int:
    try:
        return size_limit(program.environ)
    except UsageError as error:
        console.say(str(error))
        return size_limit({})


def _encoded(environ: Mapping[str, str]) -> dict[bytes, bytes]:
    return {os.fsencode(name): os.fsencode(value) for name, value in environ.items()}


def write_back(program: Program, verdict: Verdict) -> None:
    """Write what a verdict found out, so that the next look is by stat alone.

    Trouble with the store costs time only.
    """
    if not (verdict.renewed or verdict.altered):
        return
    try:
        publisher = Publisher.of(program.store)
        publisher.refresh(verdict.renewed)
        if verdict.altered and verdict.manifest is not None:
            publisher.promote(program.key, program.identity, verdict.manifest)
    except Unusable:
        return
