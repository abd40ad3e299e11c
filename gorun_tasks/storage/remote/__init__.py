"""Shared builds: places that other checkouts and machines read and write."""
