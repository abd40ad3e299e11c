"""Tests of `gorun_tasks/inputs`."""
