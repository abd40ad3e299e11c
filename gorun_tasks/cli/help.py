"""Help: what --help prints. Words only."""

HELP = """\
usage: gorun [gorun options] [build flags] target [arguments]

Runs a Go program as `go run` does, and starts it at once when nothing changed.

target       . | ./cmd/api | an import path | a.go b.go | path@version | :NAME (of --list)
build flags  go's own, before the target: -race -tags -ldflags -gcflags -mod -C … (go help build)
arguments    everything after the target; they belong to the program, untouched

  --why          say on stdout whether a run would build, and because of what; exit status
                 0 current, 1 stale
  --which        build if needed, print a path that stays the same after every rebuild
  --debug        keep debug information and switch optimisation off
  --ephemeral    delete the executable when the program ends
  --rebuild      ask go even if nothing changed
  --store WHAT   stat | clear | verify | drop (of a program: gorun --store drop ./cmd/api)
  --list         the programs of this module, go.work or repository, and their names
  --graph [mermaid]  them, what of them is stale, and the packages that they share
  --affected REV  which of them a change touches, and why: main, main...HEAD, HEAD; - reads
                 the names of changed files; with --build, builds these
  --build        build these (:NAME or packages), or all of them; run nothing
  --stamp VAR=FACT  link a fact of git into a string variable: main.version=version; the facts
                 are version, commit, date, dirty
  --watch        run, and run again when an edit changes the executable (gorun-tasks[watch]); of
                 several, :api :worker, only those that it changes; ^C ends both, twice at once
  --listen HOST:PORT  have --watch listen, and hand the socket over in the manner of systemd
                 (LISTEN_FDS): requests during a restart wait
  --stop-signal SIGNAL  what ends a program that --watch replaces: TERM, INT, HUP …
  --stop-timeout SECONDS  how long it may take before SIGKILL (5)
  --quiet        none of our own lines, but why there is no program
  --events FILE  append what happened as JSON lines
  --completion SHELL  print a script for bash, zsh or fish that completes what is typed
  --help         print this
  --version      print the version of gorun

environment  GORUN_CACHE_DIR, GORUN_CACHE_SIZE (5GiB), GORUN_GO (the go command),
             GORUN_EVENTS, GORUN_BUILD_EXIT_CODE (125)

exit status  the program's own; 125 it never ran (the build failed, or go could not be asked),
             2 the command line makes no sense, 126 built but this system cannot execute it
"""
