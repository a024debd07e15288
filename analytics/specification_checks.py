"""What the head of a specification may say."""

from __future__ import annotations

from typing import Any

from analytics.errors import SpecificationError

ESTIMATORS = (
    "kaplan_meier",
    "aalen_johansen",
    "rmst",
    "log_rank",
    "gray",
    "cox",
    "fine_gray",
    "win_ratio",
    "proportion",
)
"""Estimators that a specification may name."""

INTERVALS = ("log-log", "log", "plain", "arcsin", "logit")
"""Scales of the intervals of curves."""


def check_head(head: dict[str, Any], *, where: str) -> None:
    """Refuse a missing or impossible entry of the head."""
    for key in ("name", "estimator"):
        if not isinstance(head.get(key), str):
            raise SpecificationError(where=where, what=f"'{key}' is missing", fix=f'Add {key} = "...".')
    if head["estimator"] not in ESTIMATORS:
        raise SpecificationError(
            where=where,
            what=f"unknown estimator '{head['estimator']}'",
            fix=f"Use one of {', '.join(ESTIMATORS)}.",
        )
    confidence = head.get("confidence", 0.95)
    if not isinstance(confidence, float) or not 0 < confidence < 1:
        raise SpecificationError(
            where=where,
            what="'confidence' is not between 0 and 1",
            fix="Write for example confidence = 0.95.",
        )
    horizons = head.get("horizons_days", [1])
    if not isinstance(horizons, list) or not all(type(day) is int and day > 0 for day in horizons):
        raise SpecificationError(
            where=where, what="'horizons_days' is no list of whole days", fix="Write for example [30, 365]."
        )
    _check_options(head, where=where)


def _check_options(head: dict[str, Any], *, where: str) -> None:
    """Refuse an impossible stretch of follow-up or scale of intervals."""
    landmark, until = head.get("landmark_days", 0), head.get("until_days")
    if type(landmark) is not int or landmark < 0:
        raise SpecificationError(
            where=where, what="'landmark_days' is no whole day", fix="Write for example landmark_days = 30."
        )
    if until is not None and (type(until) is not int or until <= landmark):
        raise SpecificationError(
            where=where,
            what="'until_days' is no whole day after the landmark",
            fix="Write for example until_days = 365.",
        )
    if head.get("interval", "log-log") not in INTERVALS:
        raise SpecificationError(
            where=where, what="unknown 'interval'", fix=f"Use one of {', '.join(INTERVALS)}."
        )
