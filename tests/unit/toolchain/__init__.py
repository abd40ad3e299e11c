"""Tests of `gorun_tasks/toolchain`."""
