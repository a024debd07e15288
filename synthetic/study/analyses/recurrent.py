"""Events that may come more than once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.cohort.endpoints import bundled_endpoints
from analytics.cohort.recurrent_events import derive_recurrent_events
from analytics.refusals import NotEstimable
from analytics.survival.mean_cumulative_count import RecurrentColumns, estimate_mean_cumulative_count
from synthetic.study.answers import Answer, StudyEstimator, StudyTest
from synthetic.study.truths.horizons import THREE_YEARS

if TYPE_CHECKING:
    from collections.abc import Callable

    from synthetic.study.frames import Replicate

_COLUMNS = RecurrentColumns(
    unit="patient_id", start="entry_days", event="n_recurrent", terminal="is_terminal"
)


def _mean_count(endpoint: str) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the mean number of events per patient by three years."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        rows = derive_recurrent_events(replicate.cohort, replicate.tables, bundled_endpoints()[endpoint])
        found = estimate_mean_cumulative_count(rows, columns=_COLUMNS, group="all")
        if isinstance(found, NotEstimable):
            return found
        row = found.table.filter(pl.col("time_days") <= THREE_YEARS).row(-1, named=True)
        return Answer(row["mean_count"], row["std_error"], row["lower"], row["upper"])

    return run


ESTIMATORS: dict[str, StudyEstimator] = {
    "mean_count_mi": StudyEstimator(
        "mi_count_1095", _mean_count("mi"), "Mean number of infarctions per patient by day 1,095"
    ),
    "mean_count_revascularisation": StudyEstimator(
        "revascularisation_count_1095",
        _mean_count("any_revascularisation"),
        "Mean number of unplanned revascularisations per patient by day 1,095",
    ),
}
"""Analyses by name."""

TESTS: dict[str, StudyTest] = {}
"""Tests by name."""
