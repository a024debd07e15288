"""The small figure of a claim: its estimates on one axis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from analytics.charts.claim_estimates import EstimateAxis, EstimateRow, claim_chart
from analytics.claims.results import NULLS, Estimate
from analytics.claims.verdicts import is_ratio
from analytics.claims.wording import MEASURES, say_direction, say_interval

if TYPE_CHECKING:
    from analytics.charts.theme import Spec
    from analytics.claims.results import ClaimResult, ComponentResult

_PERCENT = 100.0


def draw_claim(result: ClaimResult) -> Spec | None:
    """Draw the estimates of a claim that share the measure of its first one.

    Returns
    -------
    dict or None
        None where nothing can be estimated.
    """
    order = sorted(result.components, key=lambda part: not part.component.headline)
    known = [part for part in order if isinstance(part.findings.crude, Estimate)]
    if not known:
        return None
    measure = _measure(known[0])
    rows = [row for part in known for row in _rows(part, measure)]
    first = known[0].component
    null = NULLS.get(measure)
    axis = EstimateAxis(
        title=MEASURES[measure],
        null=None if null is None else _factor(measure) * null,
        limits=_limits(known[0], measure),
        is_log=is_ratio(measure),
    )
    subtitle = f"Claimed of the first row: {say_direction(first)}. Circle: crude; square: adjusted."
    return claim_chart(rows, axis, title=f"{result.claim.id}: {result.claim.title}", subtitle=subtitle)


def _measure(part: ComponentResult) -> str:
    """Return the measure of a component's estimate."""
    found = part.findings.crude
    return found.measure if isinstance(found, Estimate) else ""


def _rows(part: ComponentResult, measure: str) -> list[EstimateRow]:
    """Turn crude and adjusted estimates of one measure into rows."""
    found = (("crude", part.findings.crude), ("adjusted", part.findings.adjusted))
    return [
        _row(part.component.label, kind, one)
        for kind, one in found
        if isinstance(one, Estimate) and one.measure == measure
    ]


def _row(label: str, kind: str, found: Estimate) -> EstimateRow:
    """Turn one estimate into a row."""
    factor = _factor(found.measure)
    upper = math.inf if found.upper is None else found.upper
    return EstimateRow(
        label, kind, factor * found.value, factor * found.lower, factor * upper, say_interval(found)
    )


def _factor(measure: str) -> float:
    """Bring shares and their differences to percent."""
    return _PERCENT if measure in {"risk_difference", "share"} else 1.0


def _limits(part: ComponentResult, measure: str) -> tuple[float, ...]:
    """Limits of the margin or range that is claimed."""
    asked = part.component
    if asked.direction == "equal" and asked.margin is not None:
        low = 1.0 / asked.margin if is_ratio(measure) else -asked.margin
        limits: tuple[float | None, ...] = (low, asked.margin)
    elif asked.direction in {"within", "below"}:
        limits = (asked.low, asked.high)
    else:
        limits = ()
    return tuple(_factor(measure) * value for value in limits if value is not None)
