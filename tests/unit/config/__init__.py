"""Tests of `gorun_tasks/config`."""
