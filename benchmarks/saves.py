"""Programs that say when they start, and what a person saves beside and in them.

Decides what an effective save is (the program that comes of it says another word), and which saves
need no restart. It must never name a save needless after which the program would behave otherwise.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.kit import Kit

# The first instruction of main that is not the runtime's: the initialisation of its variables.
_TELL = """\
package main

import (
	"os"
	"strconv"
	"syscall"
	"time"

	"loop/word"
)

var _ = tell(time.Now())

// note 0
func tell(now time.Time) error {
	pipe, err := syscall.Open(os.Getenv("LOOP_PIPE"), syscall.O_WRONLY, 0)
	if err != nil {
		return err
	}
	said := strconv.Itoa(os.Getpid()) + " " + strconv.FormatInt(now.UnixNano(), 10) + " "
	_, err = syscall.Write(pipe, []byte(said+word.Word+"\\n"))
	return err
}
"""

_HELLO = """\
package main

import (
	"fmt"
	"time"
)

func main() {
	fmt.Println(greeting)
	time.Sleep(time.Hour)
}
"""

_SERVER = """\
package main

import (
	"database/sql"
	"encoding/json"
	"html/template"
	"net"
	"net/http"
)

var page = template.Must(template.New("page").Parse("<p>{{.}}</p>"))

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { page.Execute(w, greeting) })
	http.HandleFunc("/drivers", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(sql.Drivers())
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	panic(http.Serve(listener, nil))
}
"""

_FILES = {
    "go.mod": "module loop\n\ngo 1.26\n",
    "tell.go": _TELL,
    "greeting.go": 'package main\n\nconst greeting = "hello"\n',
    "main_test.go": 'package main\n\nimport "testing"\n\nfunc TestNothing(*testing.T) {}\n',
    "word/word.go": 'package word\n\nconst Word = "first"\n',
    "apart/apart.go": "package apart\n\nconst Count = 0\n",
    "README.md": "# A program that says when it starts\n",
    ".gitignore": "/bin/\n/tmp/\n",
}

PROGRAMS = {"hello": _HELLO, "server": _SERVER}
"""What is watched: hello world, and a web server of some two hundred packages."""


class Folder:
    """A module with one program, in a git repository."""

    def __init__(self, kit: Kit, path: str, program: str, files: Mapping[str, str]) -> None:
        self.path = path
        self.word = "first"
        self._kit = kit
        self._count = 0
        shutil.rmtree(path, ignore_errors=True)
        for name, text in {**_FILES, "main.go": PROGRAMS[program], **files}.items():
            self.write(name, text)
        kit.git(path, "init", "-q", "-b", "main")
        kit.git(path, "add", "-A")
        kit.git(path, "commit", "-qm", "as written")
        kit.git(path, "checkout", "-qb", "other")
        self.write("greeting.go", 'package main\n\nconst greeting = "good morning"\n')
        kit.git(path, "commit", "-qam", "other")
        kit.git(path, "checkout", "-q", "main")

    def write(self, name: str, text: str) -> None:
        """Write a file in place, as many editors do."""
        path = f"{self.path}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, name: str) -> str:
        """Return the content of a file."""
        with open(f"{self.path}/{name}", encoding="utf-8") as file:
            return file.read()

    def number(self) -> int:
        """Return a number that was not used before."""
        self._count += 1
        return self._count

    def save(self, way: int = 0) -> str:
        """Save another word, in one of the ways of editors; return it."""
        self.word = f"word-{os.getpid()}-{self.number()}"
        _SAVES[way % len(_SAVES)](
            self, "word/word.go", f'package word\n\nconst Word = "{self.word}"\n'
        )
        return self.word

    def there_and_back(self) -> None:
        """Have git check out another branch, and this one again."""
        self._kit.git(self.path, "checkout", "-q", "other")
        self._kit.git(self.path, "checkout", "-q", "main")


def _by_rename(folder: Folder, name: str, text: str) -> None:
    folder.write(f"{name}.tmp", text)
    os.replace(f"{folder.path}/{name}.tmp", f"{folder.path}/{name}")


def _by_backup(folder: Folder, name: str, text: str) -> None:
    """Move the old file away and write a new one, as vim does."""
    path = f"{folder.path}/{name}"
    os.replace(path, f"{path}~")
    folder.write(name, text)
    os.unlink(f"{path}~")


_SAVES: tuple[Callable[[Folder, str, str], None], ...] = (Folder.write, _by_rename, _by_backup)
WAYS_TO_SAVE = len(_SAVES)


def _touch(folder: Folder) -> None:
    for name in ("main.go", "greeting.go", "word/word.go"):
        os.utime(f"{folder.path}/{name}")


def _same_bytes(folder: Folder) -> None:
    folder.write("main.go", folder.read("main.go"))


def _comment(folder: Folder) -> None:
    text = folder.read("tell.go")
    before, mark, rest = text.partition("// note ")
    _, _, after = rest.partition("\n")
    folder.write("tell.go", f"{before}{mark}{folder.number()}\n{after}")


def _swap_files(folder: Folder) -> None:
    for name in ("main.go~", ".main.go.swp", "4913"):
        folder.write(name, "x")
        os.unlink(f"{folder.path}/{name}")


def _readme(folder: Folder) -> None:
    folder.write("README.md", f"# Read me {folder.number()}\n")


def _apart(folder: Folder) -> None:
    folder.write("apart/apart.go", f"package apart\n\nconst Count = {folder.number()}\n")


def _test(folder: Folder) -> None:
    folder.write("main_test.go", f"package main\n\nconst count = {folder.number()}\n")


class Needless(NamedTuple):
    """Something after which the program that runs is still the program of the sources."""

    name: str
    do: Callable[[Folder], None]


NEEDLESS = (
    Needless("touch", _touch),
    Needless("the same bytes saved again", _same_bytes),
    Needless("a comment edited, the executable is the same", _comment),
    Needless("git checkout there and back", Folder.there_and_back),
    Needless("temporary files of an editor", _swap_files),
    Needless("README.md edited", _readme),
    Needless("a package edited that the program does not import", _apart),
    Needless("a test edited", _test),
)
