"""Flag help: a line on each of go's build flags, for completion and for the options of tasks.

Decides the words only; which flags there are is said in `flags`.
"""

FLAG_HELP = {
    "C": "change to this directory first",
    "a": "recompile everything",
    "asan": "find wrong uses of memory (address sanitizer)",
    "asmflags": "arguments for the assembler",
    "buildmode": "what kind of file to build",
    "buildvcs": "stamp the version control's state",
    "compiler": "gc or gccgo",
    "cover": "measure the coverage of the code the program runs",
    "covermode": "how coverage is counted",
    "coverpkg": "packages whose coverage is measured",
    "debug-actiongraph": "write go's actions and their times to a file",
    "debug-runtime-trace": "write a runtime trace of go itself to a file",
    "debug-trace": "write what go does when to a file",
    "exec": "start the program by this command",
    "gccgoflags": "arguments for gccgo",
    "gcflags": "arguments for the compiler",
    "installsuffix": "suffix of the package directory",
    "json": "answer in JSON",
    "ldflags": "arguments for the linker",
    "linkshared": "link against shared libraries",
    "mod": "module mode: readonly, vendor or mod",
    "modcacherw": "leave the module cache writable",
    "modfile": "another go.mod file",
    "msan": "find uses of uninitialized memory (memory sanitizer)",
    "n": "print the commands, run nothing",
    "overlay": "JSON file that lays files over others",
    "p": "how many commands at a time",
    "pgo": "profile to optimize by: auto, off or a file",
    "pkgdir": "directory of packages",
    "race": "find data races while the program runs",
    "tags": "build tags, separated by commas",
    "toolexec": "run go's tools by this command",
    "trimpath": "leave this machine's paths out of the executable",
    "v": "print packages as they are compiled",
    "work": "keep go's temporary folder, and print its name",
    "x": "print the commands",
}
"""What go's build flags do, in a few words."""
