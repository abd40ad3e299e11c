"""Launchers in the place of go and of the C compiler: compiled, and they choose by a file.

Decides what a launcher may start: the real command, or the same with a variable or an argument of
the launcher's own. It must never matter to a tree in which there is none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from tests.fuzz.model import World

# The file beside the launcher's folder says what is started, with which variable and argument.
_SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
	static char line[3][4096], path[4200], *words[10000];
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	int i, n = 0, status;
	ssize_t end = readlink("/proc/self/exe", path, 4000);
	if (end < 0) return 126;
	path[end] = 0;
	*strrchr(path, '/') = 0;
	strcat(path, "/../choice-");
	strncat(path, name, 20);
	FILE *f = fopen(path, "r");
	if (!f) return 126;
	for (i = 0; i < 3 && fgets(line[i], 4000, f); i++) line[i][strcspn(line[i], "\n")] = 0;
	fclose(f);
	if (line[1][0]) putenv(line[1]);
	words[n++] = argv[0];
	if (line[2][0]) words[n++] = line[2];
	for (i = 1; i < argc && n < 9999; i++) words[n++] = argv[i];
	if (getenv("LAUNCHER_STAYS")) {
		pid_t child = fork();
		if (child == 0) {
			execv(line[0], words);
			_exit(126);
		}
		waitpid(child, &status, 0);
		return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	}
	execv(line[0], words);
	return 126;
}
"""


def _program() -> bytes:
    """Return a compiled launcher, the same for every world; b"" where there is no C compiler."""
    place = f"{tempfile.gettempdir()}/gorun-fuzz-launcher-{os.getuid()}"
    gcc = shutil.which("gcc")
    if not os.path.exists(place):
        if not gcc:
            return b""
        with open(f"{place}.c", "w", encoding="ascii") as file:
            file.write(_SOURCE)
        subprocess.run([gcc, "-w", "-o", f"{place}~", f"{place}.c"], check=True)
        os.replace(f"{place}~", place)
    with open(place, "rb") as file:
        return file.read()


def launcher(world: World, random: Random) -> str:
    """Have a launcher in PATH, go to another choice of it, or take it away."""
    name = "gcc" if world.kind == "cgo" and random.random() < 0.6 else "go"
    place, choice = f"bin0/{name}", f"choice-{name}"
    if os.path.lexists(world.at(place)) and random.random() < 0.3:
        world.remove(place)
        return f"removed {place}"
    program = _program()
    if not program:
        return ""
    go = random.choice(world.toolchains)
    choices = {
        "go": (f"{go}\n\n\n", f"{go}\nGOFLAGS=-tags=dev\n\n", f"{go}\nGOFLAGS=-trimpath\n\n"),
        "gcc": ("/usr/bin/gcc\n\n\n", "/usr/bin/gcc\n\n-DEXTRA=+100\n", "/usr/bin/gcc\n\n-g0\n"),
    }
    chosen = random.choice(choices[name])
    world.write(choice, chosen.encode(), random.choice(("plain", "same", "over")))
    world.environment["LAUNCHER_STAYS"] = random.choice(("", "1"))
    if not os.path.isfile(world.at(place)) or os.path.islink(world.at(place)):
        world.remove(place)
        world.write(place, program)
        os.chmod(world.at(place), 0o755)
    return f"{place} starts {chosen.split()}"
