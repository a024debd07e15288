"""Benchmarks: `python -m benchmarks [--rows N] [--only NAME]`. Never part of the tests."""
