"""Exact ties against brute-force sums over subsets."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest

from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec, Floats
from analytics.survival.cox_likelihood import CoxKernel
from analytics.survival.cox_rows import collect_rows
from analytics.survival.results import CoxFit

SPEC = CoxSpec(time="time", event="event", terms=("x", "z"), ties="exact")
FRAME = pl.DataFrame(
    {
        "time": [3, 3, 3, 5, 5, 5, 5, 8, 9, 9, 12],
        "event": [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0],
        "x": [0.3, -1.2, 0.8, 0.1, 2.0, -0.4, 1.1, 0.0, -0.7, 0.6, 1.5],
        "z": [1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0],
    }
)


def brute_force(beta: Floats) -> float:
    time, event = FRAME["time"].to_numpy(), FRAME["event"].to_numpy()
    predictor = FRAME.select("x", "z").to_numpy() @ beta
    total = 0.0
    for when in np.unique(time[event == 1]):
        died = (time == when) & (event == 1)
        subsets = combinations(np.flatnonzero(time >= when), int(died.sum()))
        total += predictor[died].sum() - np.log(
            sum(np.exp(predictor[list(group)].sum()) for group in subsets)
        )
    return float(total)


@pytest.mark.parametrize("beta", [(0.0, 0.0), (0.4, -1.1), (-2.0, 0.5)])
def test_exact_likelihood_is_the_sum_over_all_subsets(beta: tuple[float, float]) -> None:
    kernel = CoxKernel(collect_rows(FRAME, SPEC), "exact")
    assert kernel.evaluate(np.array(beta) * kernel.scale).value == pytest.approx(
        brute_force(np.array(beta)), rel=1e-13
    )


def test_exact_score_and_information_are_its_derivatives() -> None:
    kernel = CoxKernel(collect_rows(FRAME, SPEC), "exact")
    beta = np.array([0.4, -0.6])
    at, step = kernel.evaluate(beta), 1e-5
    for place, unit in enumerate(np.eye(2) * step):
        above, below = kernel.evaluate(beta + unit), kernel.evaluate(beta - unit)
        assert (above.value - below.value) / (2 * step) == pytest.approx(at.score[place], abs=1e-8)
        assert (below.score - above.score) / (2 * step) == pytest.approx(at.information[place], abs=1e-8)


def test_many_tied_events_neither_overflow_nor_slow_down() -> None:
    draw = np.random.default_rng(3)
    n = 600
    x = draw.normal(size=n)
    day = np.ceil(draw.exponential(8 * np.exp(-0.5 * x))).clip(max=6)
    fit = fit_cox(
        pl.DataFrame({"time": day, "event": day < 6, "x": x * 40}),
        CoxSpec(time="time", event="event", terms=("x",), ties="exact"),
    )
    assert isinstance(fit, CoxFit)
    assert fit.coefficients[0] * 40 == pytest.approx(0.55, abs=0.2)
