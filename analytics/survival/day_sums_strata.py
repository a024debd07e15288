"""The partial likelihood of many strata, a few at a time: sums that never leave the processor's cache."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics.survival.cox_likelihood import Likelihood
from analytics.survival.day_sums import BLOCK
from analytics.survival.day_sums_baseline import DayBaseline
from analytics.survival.day_sums_kernel import NEAR, cross_rows, describe_sums, solve_rows
from analytics.survival.day_sums_scores import ScoreBlocks, ScoreParts, sum_scores

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analytics.survival.cox_description import ScoreSpread
    from analytics.survival.cox_design import Floats, Ties
    from analytics.survival.cox_rows import Ints
    from analytics.survival.day_sums import PlacedRows
    from analytics.survival.day_sums_layout import DayLayout
    from analytics.survival.day_sums_solution import Solution


class StrataGroup(NamedTuple):
    """Rows of whole strata, their risk sets counted from the first of the group."""

    rows: PlacedRows
    bounds: Ints
    sets: slice


class StrataKernel:
    """Likelihood, scores and baseline from sums by day within groups of strata.

    The likelihood of a stratified model is a sum over strata, so no sum of all of them is ever held.

    Parameters
    ----------
    groups
        Rows of whole strata.
    layout
        Risk sets and scale of all rows.
    ties
        ``efron`` or ``breslow``.
    keeps_baseline
        Whether to note baseline hazards on the way.
    """

    def __init__(
        self, groups: Sequence[StrataGroup], layout: DayLayout, ties: Ties, *, keeps_baseline: bool = True
    ) -> None:
        self.groups, self.layout, self.ties = groups, layout, ties
        self.keeps_baseline = keeps_baseline
        self._baseline: DayBaseline | None = None

    def _solve(self, scaled: Floats) -> Iterator[tuple[StrataGroup, Solution]]:
        """Sum and solve group by group at scaled coefficients."""
        for group in self.groups:
            yield group, solve_rows([group.rows], scaled / self.layout.scale, group.bounds, self.ties)

    def evaluate(self, scaled: Floats) -> Likelihood:
        """Give log-likelihood, score and information at scaled coefficients."""
        n, beta = len(scaled), scaled / self.layout.scale
        value, score, means, cross = 0.0, np.zeros(n), np.zeros((n, n)), np.zeros((n, n))
        baseline = self._start_baseline(beta) if self.keeps_baseline else None
        for group, solution in self._solve(scaled):
            if not np.isfinite(solution.value):
                return Likelihood(float("nan"), solution.score, solution.means)
            value += solution.value
            score += solution.score
            means += solution.means
            cross += cross_rows([group.rows], beta, solution, group.bounds)
            if baseline is not None:
                _fill(baseline, group.sets, solution)
        self._baseline = baseline
        return describe_sums(Likelihood(value, score, means), cross, self.layout.scale)

    def sample(self, n: int) -> StrataKernel | None:
        """Take groups with about so many of the rows; None where that is not worth it."""
        step = self.layout.n // n
        if step < 2 or len(self.groups) < 2 * step:
            return None
        return StrataKernel(self.groups[::step], self.layout, self.ties, keeps_baseline=False)

    def spread(self, scaled: Floats, n_clusters: int) -> ScoreSpread:
        """Sum score residuals by cluster at scaled coefficients; 0 clusters: each row is its own."""
        blocks = ScoreBlocks.empty(len(scaled), n_clusters)
        for group, solution in self._solve(scaled):
            parts = ScoreParts.of(solution, group.bounds)
            sum_scores([group.rows], scaled / self.layout.scale, parts, n_clusters, into=blocks)
        return blocks.spread(self.layout.scale)

    def baseline(self, scaled: Floats) -> DayBaseline:
        """Give baseline hazards at the scaled coefficients, which are mostly those asked for last."""
        beta = scaled / self.layout.scale
        held = self._baseline
        if held is None or not np.allclose(held.beta * self.layout.scale, scaled, rtol=0.0, atol=NEAR):
            held = self._start_baseline(beta)
            for group, solution in self._solve(scaled):
                _fill(held, group.sets, solution)
        return held

    def _start_baseline(self, beta: Floats) -> DayBaseline:
        """Take the arrays of the last baseline for the next one."""
        if self._baseline is not None:
            return replace(self._baseline, beta=beta)
        n_sets = len(self.layout.set_day)
        return DayBaseline(
            self.layout, beta, np.zeros(n_sets), np.zeros(n_sets), np.zeros((n_sets, len(beta)))
        )


def _fill(baseline: DayBaseline, sets: slice, solution: Solution) -> None:
    """Note the hazards of one group, in place."""
    baseline.hazard[sets], baseline.square[sets] = solution.hazard, solution.square
    baseline.drift[sets] = solution.drift()


def cut_strata(part: PlacedRows, bounds: Ints) -> Iterator[StrataGroup]:
    """Cut rows into groups of whole strata, each nearly as large as a block of rows.

    Parameters
    ----------
    part
        All rows, ordered by stratum and day.
    bounds
        First risk set of each stratum, and the number of sets at the end.

    Yields
    ------
    StrataGroup
        In the order of the strata; a stratum larger than a block is a group of its own.
    """
    starts = np.searchsorted(part.place, bounds.astype(part.place.dtype))
    edges = [0]
    for stratum in range(1, len(bounds)):
        is_last = stratum == len(bounds) - 1
        if is_last or starts[stratum + 1] - starts[edges[-1]] > BLOCK:
            edges.append(stratum)
    for low, high in pairwise(edges):
        rows = part.within(slice(int(starts[low]), int(starts[high])))
        sets = slice(int(bounds[low]), int(bounds[high]))
        if len(rows.place):
            place = (rows.place.astype(np.int64) - sets.start).astype(np.int32)
            yield StrataGroup(replace(rows, place=place), bounds[low : high + 1] - sets.start, sets)
