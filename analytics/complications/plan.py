"""What was fixed before the data were seen: families of tests, reference groups, covariates."""

from __future__ import annotations

PRIMARY_COMPLICATIONS = (
    "dissection_any",
    "perforation_any",
    "slow_flow_no_reflow",
    "abrupt_closure",
    "any_procedural",
)
"""Complications whose difference between severe and no or mild calcium is the primary family (Holm)."""

PRIMARY_CONTRAST = ("severity", "severe", "none_mild")
"""Grouping, group and reference of the primary family; every other comparison is exploratory."""

REFERENCE = {"strategy": "nc_balloon", "severity": "none_mild"}
"""Group that the others are compared with, unless the reader asks otherwise."""

SEVERITY_GROUPS = {
    "none": "none_mild",
    "mild": "none_mild",
    "none_mild": "none_mild",
    "moderate": "moderate",
    "severe": "severe",
}
"""Grades that are compared. What could be several (``not_severe``) or is unknown takes no part."""

ORDERED_GRADES = ("none_mild", "moderate", "severe")
"""Grades of a trend, from least to most calcium."""

COVARIATES: dict[str, dict[str, tuple[str, ...]]] = {
    "lesion": {
        "strategy": ("severity_group", "cto", "age_years", "dialysis", "presentation_group", "bifurcation"),
        "severity": ("age_years", "dialysis", "presentation_group", "has_diabetes", "sex"),
    },
    "procedure": {
        "strategy": ("severity_group", "age_years", "dialysis", "presentation_group", "n_lesions"),
        "severity": ("age_years", "dialysis", "presentation_group", "has_diabetes", "sex"),
    },
}
"""Columns adjusted for, the most important first. A device is no covariate of a grade: it follows from it."""

FEWEST = 20
"""Groups with fewer units in the denominator are shown and not compared."""


def covariates_of(unit: str, by: str) -> tuple[str, ...]:
    """Return the columns to adjust for; patients are adjusted as procedures are."""
    return COVARIATES["lesion" if unit == "lesion" else "procedure"][by]
