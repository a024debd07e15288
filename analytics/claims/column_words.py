"""Words for the columns that stand in sentences about claims."""

from __future__ import annotations

import re

WORDS = {
    "age_years": "age",
    "has_diabetes": "diabetes",
    "ckd": "kidney disease",
    "prior_mi": "earlier infarction",
    "is_acute": "acute presentation",
    "site_id": "site",
    "longest_lesion_mm": "longest lesion",
    "lesion_length_mm": "lesion length",
    "reference_diameter_mm": "reference diameter",
    "stenosis_pre_pct": "stenosis before",
    "severity_group": "calcification grade",
    "strategy": "device strategy",
    "is_resistant": "lesion that balloons fail in",
    "is_uncrossable": "lesion that no balloon crosses",
    "n_lesions": "number of lesions",
    "current_smoker": "current smoking",
    "oct_calcium_score": "OCT calcium score",
    "calcium_arc_deg": "calcium arc",
}
"""Columns and what a reader calls them; any other is shown with spaces."""

_KNOWN = re.compile(r"\b(" + "|".join(sorted(WORDS, key=len, reverse=True)) + r")\b")


def in_words(text: str) -> str:
    """Put words in the place of the names of known columns."""
    return _KNOWN.sub(lambda found: WORDS[found[0]], text)
