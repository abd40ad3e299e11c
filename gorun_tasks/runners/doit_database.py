"""doit's database: closed while a program runs.

A server may run for days, and a second doit in another terminal must find the database free: gdbm
locks it while it is open, sqlite3 once a task has failed, and json forgets what others wrote
meanwhile. Decides when it is closed and opened. It must never touch a back-end that is not doit's.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
import time

from doit.dependency import DatabaseException, DbmDB, JsonDB, SqliteDB
from doit.globals import Globals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_PAUSE = 0.05  # seconds
_PATIENCE = 200  # pauses: somebody else has it for as long as he looks what there is to do


@contextlib.contextmanager
def closed() -> Iterator[None]:
    """Write the database and close it, and open it again afterwards.

    With -n it is open in the process or the thread that hands out the tasks, and stays so.
    """
    backend: Any = getattr(Globals.dep_manager, "backend", None)
    aside = multiprocessing.parent_process() is not None or (
        threading.current_thread() is not threading.main_thread()
    )
    if aside or type(backend) not in (DbmDB, JsonDB, SqliteDB):
        yield
        return
    backend.dump()
    try:
        yield
    finally:
        _open(backend)


def _open(backend: Any) -> None:
    module = getattr(backend, "module", None)
    named = {"module_name": module.__name__} if module else {}
    for pause in range(_PATIENCE, -1, -1):
        try:
            backend.__init__(backend.name, backend.codec, **named)
        except DatabaseException:
            if not pause:
                raise
            time.sleep(_PAUSE)
        else:
            return
