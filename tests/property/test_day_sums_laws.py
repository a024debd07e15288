"""Sums by day of any split add up to the sums of the whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from functools import reduce
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec
from analytics.survival.day_sums import DaySums, merge, sum_cross, sum_days
from analytics.survival.day_sums_fit import fit_cox_from_batches
from analytics.survival.day_sums_layout import Survey
from analytics.survival.day_sums_rows import code_rows, read_levels
from analytics.survival.day_sums_scores import ScoreParts, merge_scores, sum_scores
from analytics.survival.day_sums_slabs import join_rows, place_rows
from analytics.survival.day_sums_solution import accumulate, solve
from analytics.survival.results import CoxFit

SEEDS = st.integers(0, 100_000)
CUTS = st.lists(st.integers(0, 200), min_size=1, max_size=4)
TIES = st.sampled_from(["efron", "breslow"])
FEW = settings(deadline=None, max_examples=15, derandomize=True, database=None)


def drawn(seed: int, n: int = 200) -> pl.DataFrame:
    """Draw rows with many ties, several on day 0."""
    draw = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "time": draw.integers(0, 25, n),
            "event": draw.random(n) < 0.5,
            "x": draw.normal(2000, 3, n),
            "z": draw.integers(0, 2, n),
            "w": draw.random(n) + 0.2,
            "site": draw.integers(0, 8, n),
            "sex": draw.choice(["f", "m"], n),
        }
    )


def split(frame: pl.DataFrame, cuts: list[int]) -> list[pl.DataFrame]:
    edges = [0, *sorted(cuts), frame.height]
    return [frame[low:high] for low, high in pairwise(edges)]


def model(ties: str) -> CoxSpec:
    return CoxSpec("time", "event", ("x", "z"), strata=("sex",), weights="w", cluster="site", ties=ties)


@FEW
@given(seed=SEEDS, cuts=CUTS, ties=TIES)
def test_the_merge_of_any_split_equals_the_whole(seed: int, cuts: list[int], ties: str) -> None:
    frame, beta = drawn(seed), np.array([0.05, -0.4])
    levels = read_levels([frame], model(ties))
    survey = Survey(levels, 2)
    coded = [join_rows([code_rows(each, levels)[0]]) for each in (frame, *split(frame, cuts))]
    survey.add(coded[0], Counter())
    layout = survey.finish()
    whole, *parts = [place_rows(rows, layout) for rows in coded]
    n_sets = len(layout.set_day)

    sums = sum_days([whole], beta, n_sets, ties)
    merged = reduce(merge, (sum_days([part], beta, n_sets, ties) for part in parts))
    for each in fields(DaySums):
        assert getattr(merged, each.name) == pytest.approx(getattr(sums, each.name), rel=1e-10, abs=1e-10)

    solution = solve(sums, layout.bounds, ties)
    exposure = accumulate(solution.hazard, layout.bounds)
    cross = sum_cross([whole], beta, exposure, solution.tied_hazard)
    merged_cross = sum(sum_cross([part], beta, exposure, solution.tied_hazard) for part in parts)
    assert merged_cross == pytest.approx(cross, rel=1e-10)

    score = ScoreParts.of(solution, layout.bounds)
    blocks = sum_scores([whole], beta, score, 8)
    merged_blocks = reduce(merge_scores, (sum_scores([part], beta, score, 8) for part in parts))
    assert merged_blocks.by_cluster == pytest.approx(blocks.by_cluster, rel=1e-10, abs=1e-10)
    assert blocks.total == pytest.approx(solution.score, abs=1e-8)


@FEW
@given(seed=SEEDS, cuts=CUTS, ties=TIES)
def test_any_split_gives_the_fit_of_sorted_rows(seed: int, cuts: list[int], ties: str) -> None:
    frame = drawn(seed)
    wanted = fit_cox(frame, model(ties))
    found = fit_cox_from_batches(split(frame, cuts), model(ties))
    assert isinstance(wanted, CoxFit)
    assert isinstance(found, CoxFit)
    assert found.coefficients == pytest.approx(wanted.coefficients, abs=1e-10)
    assert np.array(found.covariance) == pytest.approx(np.array(wanted.covariance), rel=1e-8, abs=1e-10)
