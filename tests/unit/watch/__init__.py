"""Tests of `gorun_tasks/watch`."""
