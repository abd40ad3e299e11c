"""What must be true of gorun-tasks, shown on real programs."""
