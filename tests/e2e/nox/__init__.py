"""nox, the real one."""
