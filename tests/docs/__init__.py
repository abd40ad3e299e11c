"""The documentation, held against what it says."""
