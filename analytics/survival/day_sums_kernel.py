"""The partial likelihood over rows in memory, or over batches that are read anew for each sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.cox_likelihood import Likelihood
from analytics.survival.day_sums import PlacedRows, sum_cross, sum_days
from analytics.survival.day_sums_rows import DayRows
from analytics.survival.day_sums_scores import ScoreParts, sum_scores
from analytics.survival.day_sums_solution import accumulate, solve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analytics.survival.cox_description import ScoreSpread
    from analytics.survival.cox_design import Floats, Ties
    from analytics.survival.day_sums_layout import DayLayout
    from analytics.survival.day_sums_solution import Solution

# Fewer rows than so many per risk set in a batch, and the batches are ordered together.
ROWS_PER_SET = 16
# An information this small beside the cross product it is the difference of is rounding.
ROUNDING = 1e-11


def order_rows(rows: DayRows, layout: DayLayout) -> PlacedRows:
    """Order rows by their last risk set, those in none left out."""
    place = layout.place(rows)
    # Small integers are ordered in linear time.
    key = place.astype(np.int16) if len(layout.set_day) < np.iinfo(np.int16).max else place
    order = np.argsort(key, kind="stable")
    order = order[np.searchsorted(key, 0, sorter=order) :]
    kept = rows.take(order)
    return PlacedRows(kept.columns, place[order], kept.event, kept.weight, kept.cluster, layout.centre)


def order_in_memory(batches: list[DayRows], layout: DayLayout) -> list[PlacedRows]:
    """Order rows held in memory: each batch by itself, or together where risk sets are small."""
    few = len(layout.set_day) * ROWS_PER_SET
    if len(batches) > 1 and any(len(batch.day) < few for batch in batches):
        batches = [_join(batches)]
    return [order_rows(batch, layout) for batch in batches]


def _join(batches: list[DayRows]) -> DayRows:
    """Put batches one after the other."""
    weights = [each.weight for each in batches if each.weight is not None]
    clusters = [each.cluster for each in batches if each.cluster is not None]
    return DayRows(
        tuple(np.concatenate(columns) for columns in zip(*(each.columns for each in batches), strict=True)),
        np.concatenate([each.day for each in batches]),
        np.concatenate([each.stratum for each in batches]),
        np.concatenate([each.event for each in batches]),
        np.concatenate(weights) if weights else None,
        np.concatenate(clusters) if clusters else None,
    )


class DayKernel:
    """Likelihood, scores and baseline from sums by day.

    Parameters
    ----------
    parts
        Rows, each part ordered; they can be read again and again.
    layout
        Risk sets and scale of all rows.
    ties
        ``efron`` or ``breslow``.
    """

    def __init__(self, parts: Iterable[PlacedRows], layout: DayLayout, ties: Ties) -> None:
        self.parts = parts
        self.layout = layout
        self.ties = ties

    def solve(self, scaled: Floats) -> Solution:
        """Sum by day and solve at scaled coefficients."""
        beta, n_sets = scaled / self.layout.scale, len(self.layout.set_day)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            sums = sum_days(self.parts, beta, n_sets, self.ties)
            return solve(sums, self.layout.bounds, self.ties)

    def evaluate(self, scaled: Floats) -> Likelihood:
        """Give log-likelihood, score and information at scaled coefficients."""
        beta, scale = scaled / self.layout.scale, self.layout.scale
        solution = self.solve(scaled)
        if not np.isfinite(solution.value):
            return Likelihood(float("nan"), solution.score, solution.means)
        exposure = accumulate(solution.hazard, self.layout.bounds)
        cross = sum_cross(self.parts, beta, exposure, solution.tied_hazard)
        information = cross - solution.means
        rounding = np.diag(information) < ROUNDING * np.diag(cross)
        information[rounding, :] = information[:, rounding] = 0.0
        return Likelihood(solution.value, solution.score / scale, information / np.outer(scale, scale))

    def spread(self, scaled: Floats, n_clusters: int) -> ScoreSpread:
        """Sum score residuals by cluster at scaled coefficients; 0 clusters: each row is its own."""
        parts = ScoreParts.of(self.solve(scaled), self.layout.bounds)
        beta = scaled / self.layout.scale
        blocks = sum_scores(self.parts, beta, parts, n_clusters)
        return blocks.spread(self.layout.scale)

    def baseline(self, scaled: Floats) -> pl.DataFrame:
        """Give the table of `analytics.survival.cox_baseline.estimate_baseline` at scaled coefficients."""
        layout, solution = self.layout, self.solve(scaled)
        beta = scaled / layout.scale
        from_centre = (layout.stratum_centre - layout.centre)[layout.set_stratum]
        with np.errstate(over="ignore"):
            factor = np.exp(from_centre @ beta)
            to_zero = np.exp(-layout.stratum_centre @ beta)
        drift = (solution.drift() - solution.hazard[:, None] * from_centre) * factor[:, None]
        sums = (solution.hazard * factor, solution.square * factor**2, drift)
        return _baseline_table(layout, tuple(accumulate(each, layout.bounds) for each in sums), to_zero)


def _baseline_table(layout: DayLayout, sums: tuple[Floats, ...], to_zero: Floats) -> pl.DataFrame:
    """Carry sums by risk set to every end of follow-up."""
    stratum, day = layout.ends["stratum"].to_numpy(), layout.ends["day"].to_numpy()
    last = layout.last_set[stratum, day - layout.first_day]
    hazard, variance, drift = (np.concatenate((each, np.zeros_like(each[:1])))[last] for each in sums)
    return pl.DataFrame(
        {
            "stratum": pl.Series(layout.labels, dtype=pl.String).gather(stratum.astype(np.uint32)),
            "time_days": day.astype(np.float64),
            "cumulative_hazard": to_zero[stratum] * hazard,
            "centre": pl.Series(layout.stratum_centre[stratum]).arr.to_list(),
            "centred_hazard": hazard,
            "centred_variance": variance,
            "centred_drift": pl.Series(drift).arr.to_list(),
        }
    )
