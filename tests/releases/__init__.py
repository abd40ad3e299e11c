"""What a release of Go reads: each place in its sources, reviewed."""
