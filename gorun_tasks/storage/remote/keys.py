"""Keys: under what a build is found elsewhere: the weak key, and for one content the strong one.

The weak key is what is known before anything is looked at. It leads to path sets; what is in their
places makes the strong key, and that leads to an executable.

Decides what is in a key. It must never leave out of both what could change the executable.
"""

from __future__ import annotations

import hashlib
import os

from gorun_tasks.inputs.digest import bytes_of
from gorun_tasks.storage.remote.canonical import encode
from gorun_tasks.storage.remote.path_set import plain
from gorun_tasks.storage.remote.toolchain_choice import PLATFORM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gorun_tasks.core.program import ProgramSpec
    from gorun_tasks.storage.remote.path_set import PathSet
    from gorun_tasks.storage.remote.portable import Facts

SCHEMA = 4
"""Of what a closure holds, and of the form in which it is published. It is raised whenever that
changes: an input that was missed before, a file that is read otherwise. What was published under
another one is never started."""


def weak_key(program: ProgramSpec, scope: str = "") -> bytes:
    """Return what is known of a program beforehand. `scope` is whose results are seen."""
    module = module_of(program)
    lines = bytes_of(f"{module}/go.mod").split(b"\n")
    line = next((line.strip() for line in lines if line.startswith(b"module")), b"")
    place = os.path.relpath(program.directory, module) if line else ""
    return encode(
        (
            ("gorun weak key", SCHEMA, scope, *PLATFORM),
            program.flags.words,
            program.target.words,
            program.stamp,
            place,
            line,
        )
    )


def module_of(program: ProgramSpec) -> str:
    """Return the directory of the nearest go.mod, "/" where there is none."""
    module = program.package_directory or program.directory
    while not os.path.isfile(f"{module}/go.mod") and module != "/":
        module = os.path.dirname(module)
    return module


def strong_key(weak: bytes, path_set: PathSet, facts: Facts) -> str:
    """Return the key of one content, hexadecimal. Raises NotCanonical."""
    words = "gorun strong key", weak, path_set.encoded(), plain(facts)
    return hashlib.sha256(encode(words)).hexdigest()
