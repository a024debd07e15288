"""Faults of the quality catalogue, as data, by family."""
