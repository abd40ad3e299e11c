"""A workload's tree: a git repository with a Go module, and what people keep beside it.

Decides what an edit, a touch, a switched branch are. It must always know what the program would
print: a way that starts another program is found out by that.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING

from benchmarks.kit import content
from benchmarks.recipes import OUTPUTS, recipes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.kit import Kit

    Files = Mapping[str, str]

MAIN_WORD, LEAF_WORD = "main-word", "leaf-word"
"""What stands in the sources at first."""

_FIRST = {"main": MAIN_WORD, "leaf": LEAF_WORD}


def _nothing(_folder: str) -> None:
    """Write no more."""


class Tree:
    """A workload's tree: a git repository with a Go module, and what people keep beside it."""

    def __init__(self, kit: Kit, name: str, targets: tuple[str, ...], words: Files) -> None:
        self.kit = kit
        self.name = name
        self.kept = f"{kit.folder}/{name}"
        """What may be kept between runs, and in `run` what may not."""
        self.folder = f"{self.kept}/tree"
        self.targets = targets
        self._places = words  # which file has a word: "main", "leaf"
        self._words = dict(_FIRST)
        self._edits = 0

    @property
    def target(self) -> str:
        """What is run."""
        return self.targets[0]

    def has_leaf(self) -> bool:
        """Say whether main imports a package of its own module."""
        return "leaf" in self._places

    def answer(self, *, flagged: bool = False) -> str:
        """Return what a program prints that was built from what stands here now."""
        words = [self._words[place] for place in self._places]
        return " ".join([*words, "flagged" if flagged else "plain"])

    def edit(self, place: str) -> None:
        """Write a word that was never there before."""
        self._edits += 1
        self._say(place, f"word-{os.getpid()}-{self._edits}")

    def undo(self) -> None:
        """Write the first words again."""
        self._say("main", MAIN_WORD)
        if self.has_leaf():
            self._say("leaf", LEAF_WORD)

    def _say(self, place: str, word: str) -> None:
        path = f"{self.folder}/{self._places[place]}"
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if self._words[place] != word:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace(f'"{self._words[place]}', f'"{word}'))
            self._words[place] = word

    def switch(self, branch: str) -> None:
        """Have git switch to "main", or to "other", where one file of twenty differs."""
        self.kit.git(self.folder, "checkout", "-q", branch)
        for place in self._places:
            self._words[place] = _FIRST[place]
        if branch == "other":
            self._words["main"] = f"other-{MAIN_WORD}"

    def touch(self) -> None:
        """Give every file of the tree the present time."""
        for path in self.kit.git(self.folder, "ls-files", "-z").split("\0"):
            if path:
                os.utime(f"{self.folder}/{path}")

    def clean(self) -> None:
        """Remove what git does not keep: outputs, and what the runners remember."""
        self.kit.git(self.folder, "clean", "-dfxq", *OUTPUTS)

    def prepare(self, files: Files, write: Callable[[str], None] = _nothing) -> None:
        """Have the tree as it is first written: these files, and what `write` puts there.

        A tree from an earlier run is taken where it was written from the same files.
        """
        shutil.rmtree(f"{self.kept}/run", ignore_errors=True)
        files = {**recipes(self.targets), **files}
        mark = f"{self.folder}/.git/bench"
        form = hashlib.sha256(repr(files).encode()).hexdigest()
        if content(mark) == form:
            self.kit.git(self.folder, "checkout", "-qf", "main")
            self.clean()
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        write(self.folder)
        self._write(files)
        self.kit.git(self.folder, "init", "-q", "-b", "main")
        self.kit.git(self.folder, "add", "-A", "-f")
        self.kit.git(self.folder, "commit", "-qm", "as written")
        self.kit.git(self.folder, "checkout", "-qb", "other")
        self._say("main", f"other-{MAIN_WORD}")
        for path in self.kit.git(self.folder, "ls-files", "*.go").split()[::20]:
            with open(f"{self.folder}/{path}", "a", encoding="utf-8") as file:
                file.write("\n// other\n")
        self.kit.git(self.folder, "commit", "-qam", "other")
        self.switch("main")
        with open(mark, "w", encoding="utf-8") as file:
            file.write(form)

    def _write(self, files: Files) -> None:
        for name, text in files.items():
            path = f"{self.folder}/{name}"
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
