"""Intracoronary imaging: scores recomputed, methods against one another, stent expansion."""
