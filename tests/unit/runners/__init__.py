"""Tests of `gorun_tasks/build`."""
