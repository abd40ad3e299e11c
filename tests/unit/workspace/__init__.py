"""Tests of `gorun_tasks/workspace`."""
