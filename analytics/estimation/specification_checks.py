"""What the head of a specification may say, and which options of a model an estimator reads."""

from __future__ import annotations

from typing import Any

from analytics.errors import SpecificationError

INTERVALS = ("log-log", "log", "plain", "arcsin", "logit")
"""Scales of the intervals of curves."""

BANDS = ("equal-precision", "hall-wellner")
"""Simultaneous bands of curves."""

_COX = ("term", "ties", "strata", "cluster", "weights", "robust")
_PARAMETRIC = ("term", "profile", "cluster", "weights", "robust")

MODEL_KEYS: dict[str, tuple[str, ...]] = {
    "kaplan_meier": (),
    "aalen_johansen": (),
    "nelson_aalen": (),
    "rmst": (),
    "restricted_time_lost": (),
    "conditional_survival": (),
    "log_rank": (),
    "gray": (),
    "smooth_hazard": (),
    "mean_cumulative_count": (),
    "cox": (
        *_COX,
        "profile",
        "contrast",
        "offset",
        "proportionality",
        "penalty",
        "frailty",
        "frailty_distribution",
        "period_days",
    ),
    "cause_specific_cox": ("term", "profile", "contrast", "ties", "strata", "cluster", "weights", "robust"),
    "fine_gray": ("term", "profile", "contrast", "strata", "weights", "cluster"),
    "accelerated_failure_time": (*_PARAMETRIC, "distribution"),
    "royston_parmar": (*_PARAMETRIC, "scale", "n_knots"),
    "piecewise_exponential": (*_PARAMETRIC, "cut_days"),
    "validation": ("term", "ties", "cluster", "resamples", "seed", "risk_groups"),
    "win_ratio": (),
    "binary_rates": ("cluster",),
    "proportion": (),
    "standardised_risk": ("term", "cluster", "limits", "resamples", "seed"),
}
"""Estimators that a specification may name, and the keys of [model] that each reads."""

ESTIMATORS = tuple(MODEL_KEYS)
"""Estimators that a specification may name."""


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
    _check_stretch(head, where=where)
    _check_options(head, where=where)


def check_model(estimator: str, model: dict[str, Any], *, where: str) -> None:
    """Refuse options of a model that this estimator does not read: they would be silently without effect."""
    read = MODEL_KEYS[estimator]
    every = {key for keys in MODEL_KEYS.values() for key in keys}
    for key in model:
        if key in every and key not in read:
            known = f"It reads {', '.join(read)}." if read else "It reads none: leave out [model]."
            raise SpecificationError(where=where, what=f"{estimator} does not read '{key}'", fix=known)


def _check_stretch(head: dict[str, Any], *, where: str) -> None:
    """Refuse an impossible stretch of follow-up."""
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
    if type(head.get("from_day", 0)) is not int or head.get("from_day", 0) < 0:
        raise SpecificationError(
            where=where, what="'from_day' is no whole day", fix="Write for example from_day = 30."
        )


def _check_options(head: dict[str, Any], *, where: str) -> None:
    """Refuse an unknown scale of intervals, an unknown band or an impossible bandwidth."""
    if head.get("interval", "log-log") not in INTERVALS:
        raise SpecificationError(
            where=where, what="unknown 'interval'", fix=f"Use one of {', '.join(INTERVALS)}."
        )
    if "band" in head and head["band"] not in BANDS:
        raise SpecificationError(where=where, what="unknown 'band'", fix=f"Use one of {', '.join(BANDS)}.")
    width = head.get("bandwidth_days", 1.0)
    if isinstance(width, bool) or not isinstance(width, int | float) or width <= 0:
        raise SpecificationError(
            where=where, what="'bandwidth_days' is no number above 0", fix="Write for example 60."
        )
