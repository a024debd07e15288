"""Mapping files, format 1: a foreign file read as canonical tables."""
