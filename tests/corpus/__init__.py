"""Real programs beside `go run`: `nox -s corpus`, which takes the network and hours."""
