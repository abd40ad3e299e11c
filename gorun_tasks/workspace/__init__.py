"""The programs of a repository: found, named, configured, affected, shown."""
