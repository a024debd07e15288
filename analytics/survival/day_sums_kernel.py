"""The partial likelihood over rows in memory, or over batches that are read anew for each sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.cox_likelihood import Likelihood
from analytics.survival.day_sums import sum_cross, sum_days
from analytics.survival.day_sums_scores import ScoreParts, sum_scores
from analytics.survival.day_sums_solution import accumulate, solve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analytics.survival.cox_description import ScoreSpread
    from analytics.survival.cox_design import Floats, Ties
    from analytics.survival.day_sums import PlacedRows
    from analytics.survival.day_sums_layout import DayLayout
    from analytics.survival.day_sums_solution import Solution

# An information this small beside the cross product it is the difference of is rounding.
ROUNDING = 1e-11


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
        self._solved: tuple[Floats, Solution] | None = None

    def solve(self, scaled: Floats) -> Solution:
        """Sum by day and solve at scaled coefficients; asked again at the same, the answer is at hand."""
        if self._solved is None or not np.array_equal(self._solved[0], scaled):
            self._solved = (scaled.copy(), self._solve(scaled))
        return self._solved[1]

    def _solve(self, scaled: Floats) -> Solution:
        """Sum by day and solve."""
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
            "stratum": pl.Series([layout.labels[number] for number in stratum.tolist()], dtype=pl.String),
            "time_days": day.astype(np.float64),
            "cumulative_hazard": to_zero[stratum] * hazard,
            # A cast, because list expressions wake the query engine and its memory.
            "centre": pl.Series(layout.stratum_centre[stratum]).cast(pl.List(pl.Float64)),
            "centred_hazard": hazard,
            "centred_variance": variance,
            "centred_drift": pl.Series(drift).cast(pl.List(pl.Float64)),
        }
    )
