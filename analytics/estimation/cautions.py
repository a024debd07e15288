"""What must be known before a number is read: short follow-up, weights that rest on few, one ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.labels import label_group, label_term
from analytics.charts.numbers import format_days, format_p_value
from analytics.survival.refusals import Caution
from analytics.survival.results import NotEstimable, ProportionalityTest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.follow_up import FollowUp

SMALLEST_EFFECTIVE_SIZE = 10
"""Fewest patients, counted as equal ones, that carry a weighted curve; ours, as for unweighted groups."""
EFFECTIVE_SHARE = 0.5
"""A weighted analysis whose effective size is below this share of its patients says so; ours."""
DOUBTFUL = 0.05
"""Tail probability below which one ratio for the whole follow-up is doubted."""


def effective_size(weights: pl.Series) -> float:
    """Return how many equally weighted patients would tell as much: (sum w) squared over sum of w squared.

    Parameters
    ----------
    weights
        Weights >= 0, without nulls; Kish (1965), Survey Sampling, section 8.2.
    """
    squared = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squared if squared > 0 else 0.0


def caution_weights(frame: pl.DataFrame, column: str | None) -> tuple[str, ...]:
    """Say where weights make the patients worth much less than their number."""
    if column is None or column not in frame.columns:
        return ()
    weights = frame[column].drop_nulls().cast(pl.Float64)
    size = effective_size(weights)
    if not len(weights) or size >= EFFECTIVE_SHARE * len(weights):
        return ()
    return (
        Caution(
            "small_effective_size",
            f"{len(weights):,} weighted patients tell as much as {size:,.0f} equally weighted ones would: "
            "a few of them decide the result",
        ),
    )


def refuse_weights(frame: pl.DataFrame, column: str, *, group: str) -> NotEstimable | None:
    """Refuse a weighted group that rests on too few patients."""
    size = effective_size(frame[column].cast(pl.Float64))
    # Fewer patients than that are the estimator's own business.
    if frame.height < SMALLEST_EFFECTIVE_SIZE or size >= SMALLEST_EFFECTIVE_SIZE:
        return None
    reason = (
        f"The weights let {frame.height} patients tell as much as {size:.1f} would: too few for a curve. "
        "Look at which weights are extreme."
    )
    return NotEstimable(group, reason, "effective_size_too_small")


def caution_follow_up(
    follow_up: Sequence[FollowUp | NotEstimable], horizons: Sequence[int]
) -> tuple[str, ...]:
    """Say where fewer than half of a group could have been followed to a horizon."""
    notes = []
    for one in follow_up:
        if isinstance(one, NotEstimable) or one.median_days is None:
            continue
        beyond = [day for day in horizons if day > one.median_days]
        if beyond:
            notes.append(
                Caution(
                    "short_follow_up",
                    f"{label_group(one.group)}: fewer than half could have been followed to "
                    f"{format_days(min(beyond))} (median potential follow-up {one.median_days:,.0f} days, "
                    "reverse Kaplan-Meier): later risks rest on the rest",
                )
            )
    return tuple(notes)


def caution_proportionality(test: ProportionalityTest | NotEstimable | None) -> tuple[str, ...]:
    """Doubt one ratio for the whole follow-up where the test of proportional hazards speaks against it."""
    if not isinstance(test, ProportionalityTest):
        return ()
    doubtful = [row for row in test.table.iter_rows(named=True) if row["p_value"] < DOUBTFUL]
    whole = [row for row in doubtful if row["term"] == "GLOBAL"]
    if not whole:
        return ()
    terms = ", ".join(label_term(row["term"]) for row in doubtful if row["term"] != "GLOBAL")
    return (
        Caution(
            "not_proportional",
            f"Hazards are not proportional over time ({format_p_value(whole[0]['p_value'])}"
            + (f"; {terms}" if terms else "")
            + "): a ratio is an average over the follow-up. Ask for periods (period_days) or for event-free "
            "time (rmst)",
        ),
    )
