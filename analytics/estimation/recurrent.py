"""Recurrent events of a specification: mean cumulative count, death being terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import SpecificationError
from analytics.estimation.group_labels import group_labels, name_levels
from analytics.estimation.groups import GROUP
from analytics.estimation.model_terms import require_columns
from analytics.estimation.models import ENTRY, UNKNOWN_DAYS, too_many_inexact
from analytics.estimation.results import Part, Results
from analytics.survival.event_counts import CAUSE, TIME
from analytics.survival.mean_cumulative_count import RecurrentColumns, estimate_mean_cumulative_count
from analytics.survival.results import NotEstimable

if TYPE_CHECKING:
    from analytics.estimation.specification import Specification

N_RECURRENT = "n_recurrent"
IS_TERMINAL = "is_terminal"


def run_mean_cumulative_count(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Estimate the mean number of events per patient by group.

    Parameters
    ----------
    frame
        Rows of patients under observation on (``entry_days``, ``time_days``], ended by an event (``cause``
        1), by death (``cause`` 2) or by neither; several rows a patient. ``n_recurrent`` and ``is_terminal``
        stand in for ``cause`` where an event and death may share a day.
    spec
        ``outcome.unit`` names the column of the patient.
    causes
        Labels of the event and, where there is one, of what ends the count.
    """
    if spec.landmark_days is not None or spec.until_days is not None:
        raise SpecificationError(
            where="specification [analysis]",
            what="a mean cumulative count takes the whole follow-up",
            fix="Leave out 'landmark_days' and 'until_days'.",
        )
    if too_many_inexact(frame):
        refusal = NotEstimable("mean cumulative count", UNKNOWN_DAYS, "event_times_unknown")
        return Results(parts=(Part("mean_cumulative_count", (refusal,)),))
    spec = name_levels(frame, spec)
    require_columns(frame, [spec.outcome.unit])
    rows = frame if N_RECURRENT in frame.columns else _from_causes(frame)
    columns = RecurrentColumns(
        spec.outcome.unit, ENTRY, TIME, N_RECURRENT, IS_TERMINAL if len(causes) > 1 else None
    )
    try:
        found = tuple(
            estimate_mean_cumulative_count(
                rows.filter(pl.col(GROUP) == label), columns=columns, group=label, confidence=spec.confidence
            )
            for label in group_labels(frame, spec)
        )
    except ValueError as error:  # its message holds counts, no value of a row
        what, _, fix = str(error).partition(". ")
        raise SpecificationError(where="specification [outcome]", what=what, fix=fix) from None
    return Results(parts=(Part("mean_cumulative_count", found),))


def _from_causes(frame: pl.DataFrame) -> pl.DataFrame:
    """Read events and deaths off the causes; rows without an entry begin at the beginning."""
    start = pl.col(ENTRY) if ENTRY in frame.columns else pl.lit(None, dtype=pl.Float64)
    return frame.with_columns(
        (pl.col(CAUSE) == 1).cast(pl.Int64).alias(N_RECURRENT),
        (pl.col(CAUSE) == 2).alias(IS_TERMINAL),
        start.alias(ENTRY),
    )
