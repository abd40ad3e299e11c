"""Rebuild and restart on change."""
