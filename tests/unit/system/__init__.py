"""Tests of `gorun_tasks/system`."""
