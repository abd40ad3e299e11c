"""The task graph: Compile, Link, Execute, Delete; generation, outcomes, events."""
