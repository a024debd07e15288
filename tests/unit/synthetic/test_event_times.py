"""Event times and laboratory formulas against values by hand."""

from __future__ import annotations

import numpy as np
import pytest

from synthetic.laboratory import creatinine_from_egfr
from synthetic.lesions import cross_gradings, weighted_kappa
from synthetic.outcomes import cumulative_hazard, invert_cumulative_hazard, relative_hazard
from synthetic.settings import Cause


def test_cumulative_hazard_adds_up_its_intervals() -> None:
    hazard = np.array([[0.1, 0.01]])
    assert cumulative_hazard(hazard, (10,), days=10)[0] == pytest.approx(1.0)
    assert cumulative_hazard(hazard, (10,), days=30)[0] == pytest.approx(1.2)


def test_inverse_gives_back_the_time_by_hand() -> None:
    hazard = np.tile([0.1, 0.01], (3, 1))
    times = invert_cumulative_hazard(np.array([0.5, 1.0, 1.2]), hazard, (10,))
    assert times.tolist() == pytest.approx([5.0, 10.0, 30.0])


def test_zero_hazard_never_strikes() -> None:
    assert invert_cumulative_hazard(np.array([0.5]), np.zeros((1, 2)), (10,))[0] == np.inf


def test_hazard_before_a_zero_interval_still_strikes() -> None:
    times = invert_cumulative_hazard(np.array([0.5, 2.0]), np.tile([0.1, 0.0], (2, 1)), (10,))
    assert times[0] == pytest.approx(5.0)
    assert times[1] == np.inf


def test_relative_hazard_multiplies_ratios() -> None:
    cause = Cause(
        rate_per_100_years=(1.0,),
        severity_hr=(1.0, 1.0, 1.0, 1.0),
        device_effect=True,
        covariate_hr={"age_per_10_years": 1.5, "dialysis": 3.0},
    )
    covariates = {"age_per_10_years": np.array([0.0, 2.0]), "dialysis": np.array([0.0, 1.0])}
    assert relative_hazard(cause, covariates).tolist() == pytest.approx([1.0, 1.5**2 * 3.0])


def test_weighted_kappa_by_hand() -> None:
    # one of four lesions differs by one step; the margins are (1, 1, 1, 1) and (1, 1, 2, 0)
    first, second = np.array([0, 1, 2, 3]), np.array([0, 1, 2, 2])
    observed, expected = 1 / 4, (0 + 1 + 2 * 2 + 1 + 0 + 2 * 1 + 2 + 1 + 0 + 3 + 2 + 2 * 1) / 16
    assert weighted_kappa(cross_gradings(first, second)) == pytest.approx(1 - observed / expected)


def test_perfect_agreement_has_kappa_one() -> None:
    grades = np.array([0, 1, 2, 3])
    assert weighted_kappa(cross_gradings(grades, grades)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("egfr", "age", "sex"), [(45.0, 70.0, "male"), (95.0, 50.0, "female"), (20.0, 80.0, "female")]
)
def test_creatinine_gives_back_the_filtration_by_ckd_epi_2021(egfr: float, age: float, sex: str) -> None:
    creatinine = (
        creatinine_from_egfr(np.array([egfr]), age_years=np.array([age]), male=np.array([sex == "male"]))[0]
        / 88.42
    )
    kappa, alpha = (0.9, -0.302) if sex == "male" else (0.7, -0.241)
    back = 142 * min(creatinine / kappa, 1) ** alpha * max(creatinine / kappa, 1) ** -1.2 * 0.9938**age
    assert back * (1 if sex == "male" else 1.012) == pytest.approx(egfr, rel=0.03)
