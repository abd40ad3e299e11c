"""invoke, the real one."""
