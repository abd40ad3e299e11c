"""What the adapters for nox, invoke and doit share."""
