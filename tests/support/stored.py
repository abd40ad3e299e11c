"""Made-up programs in a store, published as real ones are, without go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gorun_tasks.closure.recorder import Closure, Section
from gorun_tasks.core.store import (
    Manifest,
    Store,
)
from gorun_tasks.storage.publisher import Publisher
from gorun_tasks.storage.staged_executable import StagedExecutable

if TYPE_CHECKING:
    from gorun_tasks.core.fingerprint import Detail, Key, Record


class Programs:
    """Publishes made-up programs into a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(str(folder / "store" / "v1"))
        self.publisher = Publisher.of(self.store)

    def publish(
        self, key: str, content: str, records: dict[str, Key], *, placed: bool = False
    ) -> Manifest:
        """Publish a program that read one file in each of these directories."""
        executable = self.folder / "out"
        executable.write_text(content)
        handed = StagedExecutable(str(executable), in_a_hurry=placed)
        if placed:
            assert Path(self.publisher.place(handed)).read_text() == content
        # One of go's own, where a name begins as such a path does, and one of the program's.
        sections = [
            Section("goroot-1", "GOROOT", str(self.folder)),
            Section("module-1", "module", str(self.folder)),
        ]
        for base, stat_key in records.items():
            record: Record = (base, None, ("a.go",), (stat_key,))
            detail: Detail = ("", (), (), (content.encode(),))
            sections[not base.startswith("src/")].add(record, detail)
        return self.publisher.publish(
            key,
            (key,),
            handed,
            Closure((), {}, (), (), [section for section in sections if section.records]),
            goroot_bin="",
            go_version="go1.27.3",
            wrapper=(),
            cgo=False,
        )
