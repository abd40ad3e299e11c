"""Go variables: the settings that go and its tools read, and where go finds them.

Decides which environment variables are inputs, and how go reads what `go env -w` writes. It must
never leave one out because it seems to change nothing.
"""

from __future__ import annotations

from gorun_tasks.core.program import PLATFORM
from gorun_tasks.system import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# To go an empty variable is an unset one.
ENVIRONMENT = (
    # cmd/go's KnownEnv (internal/cfg), without what only says where things are kept or concerns
    # the network (it may hold a token).
    *("AR", "CC", "CGO_CFLAGS", "CGO_CFLAGS_ALLOW", "CGO_CFLAGS_DISALLOW", "CGO_CPPFLAGS"),
    *("CGO_CPPFLAGS_ALLOW", "CGO_CPPFLAGS_DISALLOW", "CGO_CXXFLAGS", "CGO_CXXFLAGS_ALLOW"),
    *("CGO_CXXFLAGS_DISALLOW", "CGO_FFLAGS", "CGO_FFLAGS_ALLOW"),
    *("CGO_FFLAGS_DISALLOW", "CGO_LDFLAGS", "CGO_LDFLAGS_ALLOW", "CGO_LDFLAGS_DISALLOW", "CXX"),
    *("FC", "GCCGO", "GCCGOTOOLDIR", "GO111MODULE", "GODEBUG", "GOENV", "GOEXE", "GOFIPS140"),
    *("GOFLAGS", "GOHOSTARCH", "GOHOSTOS", "GOMODCACHE", "GOPATH", "GOROOT", "GOTOOLCHAIN"),
    *("GOTOOLDIR", "GOWORK", "GO_EXTLINK_ENABLED", "PKG_CONFIG"),
    *PLATFORM,
    # What a go tells the go of another toolchain that it starts: which one that must be.
    "GOTOOLCHAIN_INTERNAL_SWITCH_VERSION",
    # Our own choice of the go command.
    "GORUN_GO",
    # os.UserConfigDir (the go env file) and os.TempDir (a go.mod there does not count).
    *("HOME", "XDG_CONFIG_HOME", "TMPDIR"),
    # What compile, link and cmd/go ask the system for besides.
    *("GOCLOBBERDEADHASH", "GOCOMPILEDEBUG", "GOSSADIR", "GOSSAFUNC", "GO_BUILDER_NAME"),
    *("GSHS_LOGFILE",),
    # What C compilers and pkg-config read.
    *("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "LIBRARY_PATH"),
    *("PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", "PKG_CONFIG_SYSROOT_DIR", "GCC_EXEC_PREFIX"),
    *("COMPILER_PATH", "SDKROOT", "MACOSX_DEPLOYMENT_TARGET", "SOURCE_DATE_EPOCH"),
    "LD_RUN_PATH",
)

DEFAULTED = (
    *("CGO_ENABLED", "GO386", "GOAMD64", "GOARCH", "GOARM", "GOARM64", "GOMIPS", "GOMIPS64"),
    *("GOOS", "GOPPC64", "GORISCV64"),
)
"""Variables whose default `go env` shows where they are not set."""

ONLY_TELL = frozenset(
    (
        *("gcpacertrace", "gctrace", "inittrace", "scavtrace", "scheddetail", "schedtrace"),
        *("http2debug", "tracebackancestors"),
    )
)
"""Settings in GODEBUG that have a Go program, go too, tell more of itself, and nothing else (the
documentation of runtime and net/http)."""

PLACES_OF_THE_ENV_FILE = ("GOENV", "HOME", "XDG_CONFIG_HOME")
"""Variables that go reads to find the go env file, and hardly for anything else."""


def env_file(environ: Mapping[str, str]) -> str:
    """Return where `go env -w` writes (cfg.EnvFile, os.UserConfigDir), "" where not surely."""
    chosen = environ.get("GOENV", "")
    if chosen:
        return chosen
    directory = host.user_config_directory(environ)
    return f"{directory}/go/env" if directory.startswith("/") else ""


def effective_godebug(godebug: str) -> list[str]:
    """Return the settings of a GODEBUG that may change what go does, in their order."""
    settings = (setting for setting in godebug.split(",") if setting)
    return [setting for setting in settings if setting.partition("=")[0] not in ONLY_TELL]


def written(data: bytes) -> dict[str, str]:
    """Return what a go env file, or GOROOT's go.env, sets.

    The rule of cfg.readEnvFile: a line without "=", or that does not begin with a capital letter,
    is passed over, and the last line of a name wins.
    """
    settings = {}
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        name, equals, value = line.partition("=")
        if equals and "A" <= line[0] <= "Z":
            settings[name] = value
    return settings
