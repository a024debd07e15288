"""Two groups compared by a hierarchy of outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.errors import SpecificationError
from analytics.estimation.groups import compare_hierarchy
from analytics.estimation.models import UNKNOWN_DAYS, too_many_inexact
from analytics.estimation.results import Results
from analytics.survival.results import NotEstimable

if TYPE_CHECKING:
    import polars as pl

    from analytics.estimation.specification import Specification


def run_win_ratio(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Estimate the win ratio, refused where the days of events are not known."""
    if too_many_inexact(frame):
        return Results(win_ratio=NotEstimable("win ratio", UNKNOWN_DAYS, "event_times_unknown"))
    if spec.landmark_days is not None or spec.until_days is not None:
        raise SpecificationError(
            where="specification [analysis]",
            what="a win ratio takes the whole follow-up",
            fix="Leave out 'landmark_days' and 'until_days'.",
        )
    return Results(win_ratio=compare_hierarchy(frame, spec, causes))
