"""What can be done here; `nox -l` lists it, a bare `nox` runs what a change must pass.

Every session works in the environment that nox itself runs in: one `.venv` is enough.
"""

from __future__ import annotations

import sys

import nox

from gorun_tasks import Workspace
from gorun_tasks import nox as go

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "tests"]

EXAMPLE = "examples/monorepo"


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests; what stands after -- goes to pytest."""
    session.run(sys.executable, "-m", "pytest", "-n", "2", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style and the form of the Python code, and that imports point down."""
    session.run(sys.executable, "-m", "ruff", "check")
    session.run(sys.executable, "-m", "ruff", "format", "--check")
    session.run(sys.executable, "-m", "importlinter.cli", "lint")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types, and those of the package as on macOS."""
    session.run(sys.executable, "-m", "mypy")
    on_macos = ("--platform", "darwin", "--cache-dir", ".mypy_cache/darwin")
    session.run(sys.executable, "-m", "mypy", *on_macos, "gorun_tasks")


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Build the site from docs/ into build/docs; a warning is an error."""
    options = ["-W", "--keep-going", "-q", "docs", "build/docs"]
    session.run(sys.executable, "-m", "sphinx", *options)


@nox.session(default=False)
def schema(session: nox.Session) -> None:
    """Write the JSON schema of the configuration, docs/config.schema.json."""
    with open("docs/config.schema.json", "w", encoding="utf-8") as file:
        session.run(sys.executable, "-m", "gorun_tasks.config.schema", stdout=file)


@nox.session
def bench(session: nox.Session) -> None:
    """Compare gorun with go run, Task, make, doit and watchers; try -- --quick or -- --loop."""
    session.run(sys.executable, "-m", "benchmarks", *session.posargs)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Compare gorun with go on trees that change at random; try -- --minutes 60."""
    session.run(sys.executable, "-m", "tests.fuzz", *session.posargs)


@nox.session(default=False)
def releases(session: nox.Session) -> None:
    """List what a release of Go reads that nobody reviewed yet; name a GOROOT after --."""
    session.run(sys.executable, "-m", "tests.releases", *session.posargs)


@nox.session(default=False)
def corpus(session: nox.Session) -> None:
    """Compare gorun with go run on real programs: needs the network and hours; try -- age shfmt."""
    session.run(sys.executable, "-m", "tests.corpus", *session.posargs)


@nox.session
def run(session: nox.Session) -> None:
    """Run the example's web server; try -- -once."""
    version = "-X main.version=1.2.3"
    go.run(session, "./services/cmd/api", *session.posargs, chdir=EXAMPLE, ldflags=version)


@nox.session
def race(session: nox.Session) -> None:
    """Show the example's data race: the detector's report, and its exit status 66."""
    go.run(session, "./services/cmd/kettle", chdir=EXAMPLE, race=True)


go.sessions(Workspace(EXAMPLE))
