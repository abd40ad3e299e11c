"""This machine: locks, atomic files, console, processes."""
