"""Regressions with variances by cluster: binary, ordered and continuous outcomes."""
