"""Becomes another command, in the place of this Python: `become.py COMMAND...`."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    os.execv(sys.argv[1], sys.argv[1:])
