"""Validation starts without what only analyses, charts and pages need."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "scipy.stats",
    "statsmodels",
    "lifelines",
    "streamlit",
    "vl_convert",
    "altair",
    "matplotlib",
    "openpyxl",
)


def test_validation_loads_no_statistics_and_no_charts() -> None:
    code = f"import sys; from analytics import pipeline; print([m for m in {HEAVY!r} if m in sys.modules])"
    answer = subprocess.run((sys.executable, "-c", code), check=True, capture_output=True, text=True)
    assert answer.stdout.strip() == "[]"
