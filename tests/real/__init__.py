"""Real programs from the module proxy: `nox -s real`, which takes minutes and the network."""
