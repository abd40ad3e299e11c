"""The corpus: real programs, chosen to differ in what go has to do for them.

Decides which programs are tried, and with which words. It must only name versions that the module
proxy serves, and words with which a program ends by itself and says the same each time.
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A program: where its sources are from, how it is run, and why it was chosen."""

    name: str
    why: str
    """What go has to do for it that it need not do for others."""
    modules: dict[str, str]
    """Modules that are unpacked into a tree, by the folder in it; none for `path@version`."""
    target: str
    """What to run in the tree, in go's words."""
    words: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    env: dict[str, str] = {}  # noqa: RUF012 - nobody changes it
    setup: tuple[tuple[str, ...], ...] = ()
    """Commands that finish the tree, with the network there."""
    stdin: str = ""
    varies: str = ""
    """A pattern for what the program says differently each time."""


def entry(name: str, why: str, module: str, target: str, *words: str) -> Entry:
    """Return a program of one module that needs nothing else."""
    return Entry(name, why, {"": module}, target, words)


PROGRAMS = (
    # Small ones, each of which is a kind.
    entry("age", "assembly in fetched modules", "filippo.io/age@v1.3.2", "./cmd/age", "--version"),
    entry("bbolt", "a database", "go.etcd.io/bbolt@v1.5.0", "./cmd/bbolt", "version"),
    entry(
        "xxhsum",
        "assembly of its own",
        "github.com/cespare/xxhash/v2@v2.3.0",
        "./xxhsum",
        "go.mod",
    ),
    entry("cpuid", "assembly", "github.com/klauspost/cpuid/v2@v2.4.2", "./cmd/cpuid"),
    entry(
        "simple-encoder",
        "a list of files, assembly",
        "github.com/klauspost/reedsolomon@v1.14.2",
        "examples/simple-encoder.go",
        "-h",
    ),
    Entry(
        "libc",
        "C functions without cgo, assembly",
        {"": "github.com/ebitengine/purego@v0.11.3"},
        "./examples/libc",
        env={"CGO_ENABLED": "0"},
    ),
    entry("shfmt", "fuzzed parsers", "mvdan.cc/sh/v3@v3.14.1", "./cmd/shfmt", "--version"),
    entry(
        "stringer",
        "a `tool` of go.mod, by its import path",
        "mvdan.cc/sh/v3@v3.14.1",
        "golang.org/x/tools/cmd/stringer",
        "-help",
    ),
    Entry(
        "gofumpt",
        "path@version",
        {},
        "mvdan.cc/gofumpt@v0.12.0",
        ("-h",),
    ),
    entry("glua", "an interpreter", "github.com/yuin/gopher-lua@v1.1.2", "./cmd/glua", "-v"),
    Entry(
        "goja",
        "a JavaScript engine that reads standard input",
        {"": "github.com/dop251/goja@v0.0.0-20260917113740-793a2a65c13b"},
        "./goja",
        stdin="console.log(6 * 7)\n",
        varies=r"\d+/\d+/\d+ [\d:]+",
    ),
    entry(
        "starlark",
        "an interpreter",
        "go.starlark.net@v0.0.0-20260908191801-89a6a09411d5",
        "./cmd/starlark",
        "-c",
        "print(6 * 7)",
    ),
    entry(
        "jsonnet",
        "a generated file of a megabyte",
        "github.com/google/go-jsonnet@v0.22.0",
        "./cmd/jsonnet",
        "-e",
        "{ answer: 6 * 7 }",
    ),
    entry(
        "esbuild",
        "a compiler",
        "github.com/evanw/esbuild@v0.28.2",
        "./cmd/esbuild",
        "--version",
    ),
    entry(
        "wazero",
        "a compiler, assembly",
        "github.com/tetratelabs/wazero@v1.12.0",
        "./cmd/wazero",
        "version",
    ),
    entry(
        "protoc-gen-go",
        "protobuf",
        "google.golang.org/protobuf@v1.36.12",
        "./cmd/protoc-gen-go",
        "--version",
    ),
    entry(
        "goimports",
        "its packages are read by tools",
        "golang.org/x/tools@v0.52.0",
        "./cmd/goimports",
        "-h",
    ),
    Entry(
        "goimports-workspace",
        "a go.work of three modules",
        {
            "tools": "golang.org/x/tools@v0.52.0",
            "mod": "golang.org/x/mod@v0.42.0",
            "sync": "golang.org/x/sync@v0.24.0",
        },
        "./tools/cmd/goimports",
        ("-h",),
        setup=(("work", "init", "./tools", "./mod", "./sync"),),
    ),
    entry(
        "textarea",
        "an editor, on no terminal",
        "github.com/rivo/tview@v0.42.0",
        "./demos/textarea",
    ),
    Entry(
        "host-local",
        "a plugin that reads standard input",
        {"": "github.com/containernetworking/plugins@v1.10.0"},
        "./plugins/ipam/host-local",
        env={"CNI_COMMAND": "VERSION"},
        stdin='{"cniVersion": "1.0.0"}',
    ),
    Entry(
        "go-plugin",
        "starts a plugin that it was built with",
        {"": "github.com/hashicorp/go-plugin@v1.8.0"},
        ".",
        flags=("-C=examples/basic",),
        setup=(
            (
                *("build", "-o", "examples/basic/plugin/greeter"),
                "./examples/basic/plugin/greeter_impl.go",
            ),
        ),
        varies=r"(?m)^\d{4}-\d\d-\d\dT.*$\n?",
    ),
    Entry(
        "gopls",
        "a nested module as path@version",
        {},
        "golang.org/x/tools/gopls@v0.23.0",
        ("version",),
    ),
    entry(
        "staticcheck",
        "an analysis of programs",
        "honnef.co/go/tools@v0.8.2",
        "./cmd/staticcheck",
        "-version",
    ),
    entry("yq", "generated lexers", "github.com/mikefarah/yq/v4@v4.54.3", ".", "--version"),
    entry(
        "yaegi",
        "huge generated files",
        "github.com/traefik/yaegi@v0.16.1",
        "./cmd/yaegi",
        "-e",
        "6 * 7",
    ),
    entry("task", "embeds", "github.com/go-task/task/v3@v3.54.0", "./cmd/task", "--version"),
    entry("swag", "reads Go sources", "github.com/swaggo/swag@v1.16.6", "./cmd/swag", "--version"),
    entry(
        "templ", "a compiler, embeds", "github.com/a-h/templ@v0.3.1100", "./cmd/templ", "version"
    ),
    entry("gqlgen", "embedded templates", "github.com/99designs/gqlgen@v0.17.98", ".", "version"),
    entry("ent", "embedded templates", "entgo.io/ent@v0.14.5", "./cmd/ent", "--help"),
    Entry(
        "delve",
        "a vendored tree, a debugger",
        {"": "github.com/go-delve/delve@v1.27.2"},
        "./cmd/dlv",
        ("version",),
        setup=(("mod", "vendor"),),
    ),
    entry(
        "grpc-client",
        "protobuf, gRPC",
        "google.golang.org/grpc@v1.85.0",
        "./interop/client",
        "-h",
    ),
    entry(
        "protoc-gen-openapiv2",
        "protobuf, gRPC",
        "github.com/grpc-ecosystem/grpc-gateway/v2@v2.33.0",
        "./protoc-gen-openapiv2",
        "--version",
    ),
    entry(
        "xcaddy",
        "a program that starts go",
        "github.com/caddyserver/xcaddy@v0.4.5",
        "./cmd/xcaddy",
        "version",
    ),
    Entry(
        "badger",
        "a database",
        {"": "github.com/dgraph-io/badger/v4@v4.9.6"},
        "./badger",
        ("--help",),
        varies=r"Listening for /debug .*\n",  # which a goroutine says, now before and now after
    ),
    entry(
        "goose",
        "SQLite in pure Go: huge generated files",
        "github.com/pressly/goose/v3@v3.30.0",
        "./cmd/goose",
        "-version",
    ),
    entry(
        "nats-server",
        "a server, assembly in fetched modules",
        "github.com/nats-io/nats-server/v2@v2.15.2",
        ".",
        "--version",
    ),
    Entry(
        "etcd",
        "nested modules that are replaced, a database",
        {"": "go.etcd.io/etcd/server/v3@v3.7.3", "api": "go.etcd.io/etcd/api/v3@v3.7.3"},
        ".",
        ("--version",),
        setup=(("mod", "edit", "-replace=go.etcd.io/etcd/api/v3=./api"),),
    ),
    entry("kind", "embeds", "sigs.k8s.io/kind@v0.33.0", ".", "version"),
    entry(
        "controller-gen",
        "Kubernetes' types",
        "sigs.k8s.io/controller-tools@v0.23.0",
        "./cmd/controller-gen",
        "--version",
    ),
    entry("cue", "a compiler", "cuelang.org/go@v0.17.1", "./cmd/cue", "version"),
    entry(
        "buf", "a protobuf compiler", "github.com/bufbuild/buf@v1.75.0", "./cmd/buf", "--version"
    ),
    Entry(
        "syncthing",
        "tags, a workspace of listeners",
        {"": "github.com/syncthing/syncthing@v1.30.0"},
        "./cmd/syncthing",
        ("--version",),
        ("-tags=noassets",),
    ),
    entry(
        "amtool",
        "a tool of Prometheus",
        "github.com/prometheus/alertmanager@v0.35.0",
        "./cmd/amtool",
        "--version",
    ),
    # A thousand packages and more.
    entry(
        "caddy",
        "a proxy of a thousand packages",
        "github.com/caddyserver/caddy/v2@v2.11.9",
        "./cmd/caddy",
        "version",
    ),
    entry(
        "promtool",
        "a thousand packages, Kubernetes and AWS",
        "github.com/prometheus/prometheus@v0.305.0",
        "./cmd/promtool",
        "--version",
    ),
    entry(
        "opa",
        "a compiler, embedded WebAssembly",
        "github.com/open-policy-agent/opa@v1.22.3",
        ".",
        "version",
    ),
    entry("coredns", "a DNS server", "github.com/coredns/coredns@v1.15.0", ".", "-version"),
    entry("helm", "Kubernetes", "helm.sh/helm/v3@v3.22.0", "./cmd/helm", "version"),
    # C.
    Entry(
        "go-pointer",
        "cgo in a fetched module as path@version",
        {},
        "github.com/mattn/go-pointer/_example@v0.0.1",
    ),
    Entry(
        "go-sqlite3",
        "9.6 MB of C of its own",
        {"": "github.com/mattn/go-sqlite3@v1.14.53"},
        "./_example/custom_func",
        varies=r"rand\(\) = .*",
    ),
    entry(
        "pebble",
        "C in a fetched module (zstd), a database",
        "github.com/cockroachdb/pebble@v1.1.5",
        "./cmd/pebble",
        "--help",
    ),
    Entry(
        "migrate",
        "9.6 MB of C in a fetched module, tags",
        {"": "github.com/golang-migrate/migrate/v4@v4.20.1"},
        "./cmd/migrate",
        ("-version",),
        ("-tags=sqlite3",),
    ),
    entry(
        "sqlc",
        "C in a fetched module: the parser of PostgreSQL",
        "github.com/sqlc-dev/sqlc@v1.31.1",
        "./cmd/sqlc",
        "version",
    ),
    entry(
        "go_rdkafka_generr",
        "archives of C of its own (librdkafka)",
        "github.com/confluentinc/confluent-kafka-go/v2@v2.11.1",
        "./kafka/go_rdkafka_generr",
        "/dev/null",
    ),
    Entry(
        "go_rdkafka_generr-fetched",
        "archives of C in a fetched module, as path@version",
        {},
        "github.com/confluentinc/confluent-kafka-go/v2/kafka/go_rdkafka_generr@v2.11.1",
        ("/dev/null",),
    ),
)
