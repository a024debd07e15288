"""ROC area and calibration: pairs counted by hand, pROC's numbers, clusters."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import special

from analytics.refusals import NotEstimable
from analytics.regression.discrimination import (
    RiskCalibration,
    RocArea,
    assess_calibration,
    estimate_roc_area,
)


def area(*given: object, **choices: object) -> RocArea:
    found = estimate_roc_area(*given, **choices)
    assert isinstance(found, RocArea)
    return found


def test_pairs_are_counted_and_ties_count_half() -> None:
    # Cases 3, 2, 2; others 1, 2: of six pairs four are right and two tied.
    found = area([3, 2, 2, 1, 2], [1, 1, 1, 0, 0])
    assert found.area == pytest.approx(5 / 6)
    # Placements: cases 1, 3/4, 3/4; others 1, 2/3. Variances 1/48 and 1/18, over 3 and 2.
    assert found.std_error**2 == pytest.approx(1 / 48 / 3 + 1 / 18 / 2)


# R 4.2.2, pROC 1.18.0: roc(y, age, direction = "<"); sqrt(var(r)); the same with the tied score g
def test_area_and_error_equal_proc(teaching: pl.DataFrame) -> None:
    age, grade = area(teaching["age"], teaching["y"]), area(teaching["g"], teaching["y"])
    assert (age.area, age.std_error) == pytest.approx((0.69942857142857, 0.069647175762099), rel=1e-12)
    assert (grade.area, grade.std_error) == pytest.approx((0.656, 0.065833553927531), rel=1e-12)
    assert 0 < age.lower < age.area < age.upper < 1


def test_copies_of_a_patient_add_no_information(teaching: pl.DataFrame) -> None:
    once = area(teaching["age"], teaching["y"])
    twice = area(
        pl.concat([teaching["age"]] * 2), pl.concat([teaching["y"]] * 2), clusters=list(range(60)) * 2
    )
    assert twice.area == pytest.approx(once.area)
    assert twice.std_error == pytest.approx(once.std_error, rel=1e-12)
    assert (twice.n, twice.n_clusters) == (120, 60)


def test_a_perfect_score_has_no_width() -> None:
    found = area([1, 2, 3, 4], [0, 0, 1, 1])
    assert (found.area, found.std_error, found.lower, found.upper) == (1.0, 0.0, 1.0, 1.0)


# R 4.2.2: p <- plogis(-4 + .05 age); glm(y ~ offset(qlogis(p))), glm(y ~ qlogis(p)), mean((p - y)^2)
def test_calibration_equals_glm(teaching: pl.DataFrame) -> None:
    risk = special.expit(-4 + 0.05 * teaching["age"].to_numpy())
    found = assess_calibration(risk, teaching["y"])
    assert isinstance(found, RiskCalibration)
    assert (found.intercept, found.intercept_error) == pytest.approx(
        (0.20926499866904, 0.26955807216), rel=1e-9
    )
    assert (found.slope, found.slope_error) == pytest.approx((1.4685116891542, 0.592720206), rel=1e-8)
    assert found.brier == pytest.approx(0.22065422142712, rel=1e-12)
    assert found.brier_scaled == pytest.approx(1 - 0.22065422142712 / (25 / 60 * 35 / 60), rel=1e-12)


def test_refusals_are_values() -> None:
    refused = estimate_roc_area([1, 2, 3], [1, 0, 0])
    assert isinstance(refused, NotEstimable)
    assert refused.code == "no_events"
    assert assess_calibration([0.5, 0.5], [1, 1]).code == "no_events"
    assert estimate_roc_area(np.array([]), np.array([])).code == "no_patients"
