"""Runs go, reads what it tells, and leaves no process behind."""
