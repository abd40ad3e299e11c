"""gorun --watch, and watching in the runners."""
