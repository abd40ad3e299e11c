"""Tests of `gorun_tasks/cli`."""
