"""The hot path: all that an unchanged start imports, and nothing else of ours."""
