"""doit, the real one."""
