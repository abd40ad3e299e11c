"""Tests of `gorun_tasks/core`."""
