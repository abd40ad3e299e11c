"""How long things take. Each module is a program: `python -m benchmarks.hello`."""
