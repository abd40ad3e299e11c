"""Tests of `gorun_tasks/closure`."""
