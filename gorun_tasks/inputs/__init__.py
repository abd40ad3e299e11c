"""The cold half of a check: digests, comparison, reasons, the full verdict."""
