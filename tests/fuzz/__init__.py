"""Differential tests: gorun against go itself, on trees that change at random."""
