"""The partial likelihood over rows in memory, or over batches that are read anew for each sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics.survival.cox_likelihood import Likelihood
from analytics.survival.day_sums import sum_cross, sum_days
from analytics.survival.day_sums_baseline import DayBaseline
from analytics.survival.day_sums_scores import ScoreBlocks, ScoreParts, sum_scores
from analytics.survival.day_sums_slabs import ROWS_PER_SET, join_placed
from analytics.survival.day_sums_solution import accumulate, solve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analytics.survival.cox_description import ScoreSpread
    from analytics.survival.cox_design import Floats, Ties
    from analytics.survival.cox_rows import Ints
    from analytics.survival.day_sums import PlacedRows
    from analytics.survival.day_sums_layout import DayLayout
    from analytics.survival.day_sums_solution import Solution

# An information this small beside the cross product it is the difference of is rounding.
ROUNDING = 1e-11
# Scaled coefficients this near have the same sums, as far as anybody looks at them.
NEAR = 1e-9


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
        if self._solved is None or not np.allclose(self._solved[0], scaled, rtol=0.0, atol=NEAR):
            beta = scaled / self.layout.scale
            self._solved = (scaled.copy(), solve_rows(self.parts, beta, self.layout.bounds, self.ties))
        return self._solved[1]

    def evaluate(self, scaled: Floats) -> Likelihood:
        """Give log-likelihood, score and information at scaled coefficients."""
        self._solved = self._solved if self._is_at(scaled) else None
        solution = self.solve(scaled)
        if not np.isfinite(solution.value):
            return Likelihood(float("nan"), solution.score, solution.means)
        cross = cross_rows(self.parts, scaled / self.layout.scale, solution, self.layout.bounds)
        return describe_sums(solution, cross, self.layout.scale)

    def _is_at(self, scaled: Floats) -> bool:
        """Tell whether the answer at hand is that of exactly these coefficients."""
        return self._solved is not None and np.array_equal(self._solved[0], scaled)

    def sample(self, n: int) -> DayKernel | None:
        """Take about so many of the rows; None where that is not worth it."""
        step = self.layout.n // n
        # With a few rows per risk set, steps of the sample cost nearly what those of all rows do.
        if step < 2 or len(self.layout.set_day) * ROWS_PER_SET > n:
            return None
        return DayKernel([join_placed([part.every(step) for part in self.parts])], self.layout, self.ties)

    def spread(self, scaled: Floats, n_clusters: int) -> ScoreSpread:
        """Sum score residuals by cluster at scaled coefficients; 0 clusters: each row is its own."""
        parts = ScoreParts.of(self.solve(scaled), self.layout.bounds)
        blocks = ScoreBlocks.empty(len(scaled), n_clusters)
        sum_scores(self.parts, scaled / self.layout.scale, parts, n_clusters, into=blocks)
        return blocks.spread(self.layout.scale)

    def baseline(self, scaled: Floats) -> DayBaseline:
        """Give baseline hazards at scaled coefficients."""
        solution = self.solve(scaled)
        beta = scaled / self.layout.scale
        return DayBaseline(self.layout, beta, solution.hazard, solution.square, solution.drift())


def solve_rows(parts: Iterable[PlacedRows], beta: Floats, bounds: Ints, ties: Ties) -> Solution:
    """Sum rows by day and solve at coefficients on the caller's scale."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return solve(sum_days(parts, beta, int(bounds[-1]), ties), bounds, ties)


def cross_rows(parts: Iterable[PlacedRows], beta: Floats, solution: Solution, bounds: Ints) -> Floats:
    """Sum the cross products that the information is made of."""
    return sum_cross(parts, beta, accumulate(solution.hazard, bounds), solution.tied_hazard)


def describe_sums(at: Solution | Likelihood, cross: Floats, scale: Floats) -> Likelihood:
    """Put likelihood, score and information of all rows on the kernel's scale.

    Parameters
    ----------
    at
        Value, score, and as means or information what is to be taken from the cross product.
    cross
        Sum of cross products.
    scale
        What a coefficient is divided by to come to the caller's scale.
    """
    means = at.information if isinstance(at, Likelihood) else at.means
    information = cross - means
    rounding = np.diag(information) < ROUNDING * np.diag(cross)
    information[rounding, :] = information[:, rounding] = 0.0
    return Likelihood(at.value, at.score / scale, information / np.outer(scale, scale))
