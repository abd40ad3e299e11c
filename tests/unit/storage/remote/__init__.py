"""Tests of `gorun_tasks/storage/remote`."""
