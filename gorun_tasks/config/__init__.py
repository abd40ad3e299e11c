"""The configuration of a repository: which file counts, which keys it has, what they mean."""
