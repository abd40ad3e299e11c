"""What is the same in nox, invoke and doit."""
