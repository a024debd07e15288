"""The hand-worked data of Therneau & Grambsch (2000), appendix E, and six rows with closed forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec
from analytics.survival.cox_likelihood import CoxKernel
from analytics.survival.cox_residuals import estimate_residuals
from analytics.survival.cox_rows import collect_rows
from analytics.survival.results import CoxFit, NotEstimable

if TYPE_CHECKING:
    from analytics.survival.cox_design import Ties

SIX_ROWS = pl.DataFrame({"time": [9, 1, 1, 6, 6, 8], "status": [1, 1, 0, 1, 1, 0], "x": [0, 1, 1, 1, 0, 0]})
START_STOP = pl.DataFrame(
    {
        "start": [1, 2, 5, 2, 1, 7, 3, 4, 8, 8],
        "stop": [2, 3, 6, 7, 8, 9, 9, 9, 14, 17],
        "event": [1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
        "x": [1, 0, 0, 1, 0, 1, 1, 1, 0, 0],
    }
)
WEIGHTED = pl.DataFrame(
    {
        "time": [1, 1, 2, 2, 2, 2, 3, 4, 5],
        "status": [1, 0, 1, 1, 1, 0, 0, 1, 0],
        "x": [2, 0, 1, 1, 0, 1, 0, 1, 0],
        "wt": [1, 2, 3, 4, 3, 2, 1, 2, 1],
    }
)
BETAS = (-1.0, 0.0, 0.7, 2.0)


def spec(ties: Ties, **options: object) -> CoxSpec:
    return CoxSpec(**{"time": "time", "event": "status", "terms": ("x",), "ties": ties, **options})


def fitted(frame: pl.DataFrame, specification: CoxSpec) -> CoxFit:
    fit = fit_cox(frame, specification)
    assert isinstance(fit, CoxFit)
    return fit


def likelihood(ties: Ties, beta: float) -> tuple[float, float, float]:
    """Give the kernel's value, score and information on the scale of x."""
    kernel = CoxKernel(collect_rows(SIX_ROWS, spec(ties)), ties)
    at = kernel.evaluate(np.array([beta]) * kernel.scale)
    return at.value, float(at.score[0] * kernel.scale[0]), float(at.information[0, 0] * kernel.scale[0] ** 2)


@pytest.mark.parametrize("beta", BETAS)
def test_breslow_likelihood_and_derivatives_match_their_closed_forms(beta: float) -> None:
    r = np.exp(beta)
    value, score, information = likelihood("breslow", beta)
    assert value == pytest.approx(2 * beta - np.log(3 * r + 3) - 2 * np.log(r + 3), rel=1e-13)
    assert score == pytest.approx(2 - r / (r + 1) - 2 * r / (r + 3), abs=1e-13)
    assert information == pytest.approx(r / (r + 1) ** 2 + 6 * r / (r + 3) ** 2, rel=1e-13)


@pytest.mark.parametrize("beta", BETAS)
def test_efron_likelihood_and_derivatives_match_their_closed_forms(beta: float) -> None:
    r = np.exp(beta)
    value, score, information = likelihood("efron", beta)
    assert value == pytest.approx(
        2 * beta - np.log(3 * r + 3) - np.log(r + 3) - np.log(r / 2 + 2.5), rel=1e-13
    )
    assert score == pytest.approx(2 - r / (r + 1) - r / (r + 3) - r / (r + 5), abs=1e-13)
    expected = r / (r + 1) ** 2 + 3 * r / (r + 3) ** 2 + 5 * r / (r + 5) ** 2
    assert information == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("beta", BETAS)
def test_exact_likelihood_sums_over_pairs_of_tied_events(beta: float) -> None:
    r = np.exp(beta)
    value, score, information = likelihood("exact", beta)
    assert value == pytest.approx(2 * beta - 2 * np.log(3 * r + 3), rel=1e-13)
    assert score == pytest.approx(2 - 2 * r / (r + 1), abs=1e-13)
    assert information == pytest.approx(2 * r / (r + 1) ** 2, rel=1e-12)


def test_coefficients_of_six_rows_match_their_closed_forms() -> None:
    breslow = fitted(SIX_ROWS, spec("breslow")).coefficients[0]
    efron = fitted(SIX_ROWS, spec("efron")).coefficients[0]
    assert breslow == pytest.approx(np.log((3 + np.sqrt(33)) / 2), rel=1e-13)
    angle = np.arccos((45 / 23) * np.sqrt(3 / 23)) / 3
    assert efron == pytest.approx(np.log(2 * np.sqrt(23 / 3) * np.cos(angle)), rel=1e-12)


def test_exact_ties_of_six_rows_have_no_maximum() -> None:
    answer = fit_cox(SIX_ROWS, spec("exact"))
    assert isinstance(answer, NotEstimable)
    assert answer.code == "separation"
    assert "for x:" in answer.reason


def test_breslow_baseline_and_martingale_residuals_match_their_closed_forms() -> None:
    fit = fitted(SIX_ROWS, spec("breslow"))
    r = float(np.exp(fit.coefficients[0]))
    first, second = 1 / (3 * r + 3), 2 / (r + 3)
    assert fit.baseline["time_days"].to_list() == [1.0, 6.0, 8.0, 9.0]
    hazard = np.cumsum([first, second, 0.0, 1.0])
    assert fit.baseline["cumulative_hazard"].to_numpy() == pytest.approx(hazard, rel=1e-12)
    expected = [
        -first - second,
        1 - r * first,
        -r * first,
        1 - r * (first + second),
        1 - first - second,
        -first - second,
    ]
    residuals = estimate_residuals(fit, SIX_ROWS).rows["martingale"].to_numpy()
    assert residuals == pytest.approx(np.array(expected), abs=1e-13)


def test_efron_residuals_of_six_rows_match_the_book() -> None:
    residuals = estimate_residuals(fitted(SIX_ROWS, spec("efron")), SIX_ROWS)
    martingale = [
        -0.365543432545,
        0.719170679378,
        -0.280829320622,
        -0.438341358754,
        0.731086865087,
        -0.365543432545,
    ]
    score = [
        0.220858373842,
        0.113278039476,
        -0.044233998659,
        -0.102919917745,
        -0.407840870754,
        0.220858373842,
    ]
    assert residuals.rows["martingale"].to_numpy() == pytest.approx(np.array(martingale), abs=2e-11)
    assert [row[0] for row in residuals.rows["score"]] == pytest.approx(score, abs=2e-11)
    assert residuals.events["time_days"].to_list() == [1.0, 6.0, 6.0, 9.0]
    schoenfeld = [0.157512038135, 0.421243980934, -0.578756019066, 0.0]
    assert [row[0] for row in residuals.events["schoenfeld"]] == pytest.approx(schoenfeld, abs=2e-11)


# Expected: R 4.2.2, survival 3.8-11, coxph with eps = 1e-11.
@pytest.mark.parametrize(
    ("ties", "coefficient", "variance", "null", "top", "score_test"),
    [
        (
            "breslow",
            -0.0845260806613,
            0.630145870034547,
            -9.39266192877014,
            -9.38701511836634,
            0.0113434952144629,
        ),
        (
            "efron",
            -0.0211052095802,
            0.63230626065796,
            -9.16951837745593,
            -9.16916646472476,
            0.000704473406128923,
        ),
    ],
)
def test_start_stop_rows_match_r(
    ties: Ties, coefficient: float, variance: float, null: float, top: float, score_test: float
) -> None:
    fit = fitted(START_STOP, spec(ties, time="stop", event="event", entry="start"))
    assert fit.coefficients[0] == pytest.approx(coefficient, abs=1e-11)
    assert fit.covariance[0][0] == pytest.approx(variance, rel=1e-9)
    assert fit.log_likelihood_null == pytest.approx(null, rel=1e-13)
    assert fit.log_likelihood == pytest.approx(top, rel=1e-13)
    assert fit.tests["score"].statistic == pytest.approx(score_test, rel=1e-11)


@pytest.mark.parametrize(
    ("ties", "coefficient", "variance", "null", "top"),
    [
        ("breslow", 0.859557444493589, 0.508503337517858, -32.8675507789005, -32.0210462764333),
        ("efron", 0.872604246382886, 0.507756626959711, -30.2921796058532, -29.4167846001362),
    ],
)
def test_weighted_rows_match_r(
    ties: Ties, coefficient: float, variance: float, null: float, top: float
) -> None:
    fit = fitted(WEIGHTED, spec(ties, weights="wt", robust=False))
    assert fit.coefficients[0] == pytest.approx(coefficient, rel=1e-9)
    assert fit.covariance[0][0] == pytest.approx(variance, rel=1e-9)
    assert fit.log_likelihood_null == pytest.approx(null, rel=1e-13)
    assert fit.log_likelihood == pytest.approx(top, rel=1e-13)


def test_weighted_efron_residuals_match_r() -> None:
    residuals = estimate_residuals(fitted(WEIGHTED, spec("efron", weights="wt")), WEIGHTED)
    martingale = [
        0.853345363892, -0.025607157841, 0.322652660609, 0.322652660609, 0.716962343206,
        -1.07772628957, -0.450340771901, -0.904903386436, -0.795986578173,
    ]  # fmt: skip
    schoenfeld = [1.032595468781, 0.162175872498, 0.162175872498, -0.837824127502, 0.172822903136]
    assert residuals.rows["martingale"].to_numpy() == pytest.approx(np.array(martingale), abs=1e-9)
    assert [row[0] for row in residuals.events["schoenfeld"]] == pytest.approx(schoenfeld, abs=1e-9)
