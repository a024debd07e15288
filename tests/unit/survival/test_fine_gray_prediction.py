"""Cumulative incidence predicted by Fine-Gray models, and limits of risks."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.survival.fine_gray import fit_fine_gray
from analytics.survival.fine_gray_design import FineGraySpec
from analytics.survival.fine_gray_prediction import predict_incidence
from analytics.survival.hazard_influence import risk_limits
from analytics.survival.results_competing import FineGrayFit

SPEC = FineGraySpec("days", "cause", ("x",), censoring_ties="events_first")
PROFILES = pl.DataFrame({"x": [0.0, 1.0]})


def random_patients(n: int = 40, seed: int = 8) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "days": draw.integers(1, 15, n),
            "cause": draw.choice([0, 1, 2], n, p=[0.3, 0.4, 0.3]),
            "x": draw.normal(size=n).round(2),
        }
    )


def fitted(frame: pl.DataFrame, spec: FineGraySpec = SPEC) -> FineGrayFit:
    fit = fit_fine_gray(frame, spec)
    assert isinstance(fit, FineGrayFit), fit
    return fit


def test_incidence_is_one_minus_the_exponential_of_the_hazard() -> None:
    frame = pl.DataFrame({"days": [1, 2, 3, 4], "cause": [1, 2, 1, 1], "x": [1, 1, 0, 0]})
    table = predict_incidence(fitted(frame), frame, PROFILES, times=[0, 3, 9]).table
    r = (math.sqrt(5) - 1) / 2
    by_three = 1 / (2 * r + 2) + 1 / (r + 2)
    assert table["incidence"].to_list()[:2] == pytest.approx([0, 1 - math.exp(-by_three)])
    assert table["incidence"][4] == pytest.approx(1 - math.exp(-r * by_three))
    assert table["is_beyond_follow_up"].to_list() == [False, False, True] * 2
    assert table["std_error"][0] == table["lower"][0] == table["upper"][0] == 0


def test_standard_error_is_near_the_jackknife_of_leaving_patients_out() -> None:
    frame = random_patients(120)
    whole = predict_incidence(fitted(frame), frame, PROFILES, times=[8])
    without = []
    for left_out in range(frame.height):
        rest = frame.filter(pl.int_range(pl.len()) != left_out)
        without.append(predict_incidence(fitted(rest), rest, PROFILES, times=[8]).table["incidence"])
    moved = np.array(without) - np.mean(without, axis=0)
    jackknife = np.sqrt((moved**2).sum(axis=0))
    assert whole.table["std_error"].to_numpy() == pytest.approx(jackknife, rel=0.06)


def test_limits_hold_the_risk_and_stay_between_0_and_1() -> None:
    frame = random_patients()
    table = predict_incidence(fitted(frame), frame, PROFILES, times=[2, 8, 14]).table
    assert (table["lower"] <= table["incidence"]).all()
    assert (table["incidence"] <= table["upper"]).all()
    assert table["lower"].min() >= 0
    assert table["upper"].max() <= 1


def test_sandwich_takes_the_censoring_as_known() -> None:
    frame = random_patients()
    known = FineGraySpec("days", "cause", ("x",), variance="sandwich", censoring_ties="events_first")
    first = predict_incidence(fitted(frame), frame, PROFILES, times=[8]).table
    second = predict_incidence(fitted(frame, known), frame, PROFILES, times=[8]).table
    assert second["incidence"].to_list() == pytest.approx(first["incidence"].to_list())
    assert np.abs(second["std_error"].to_numpy() / first["std_error"].to_numpy() - 1).max() > 1e-4


def test_other_data_than_those_of_the_fit_are_refused() -> None:
    frame = random_patients()
    with pytest.raises(SpecificationError):
        predict_incidence(fitted(frame), frame[1:], PROFILES, times=[8])
    with pytest.raises(SpecificationError):
        predict_incidence(fitted(frame), frame.drop("x"), PROFILES, times=[8])


def test_limits_on_both_scales_by_hand() -> None:
    risk, error = np.array([0.2, 0.0, 1.0]), np.array([0.05, 0.1, 0.1])
    low, high = risk_limits(risk, error, scale="loglog", confidence=0.95)
    reach = 1.959963984540054 * 0.05 / (0.2 * -math.log(0.2))
    assert low[0] == pytest.approx(math.exp(math.log(0.2) * math.exp(reach)))
    assert high[0] == pytest.approx(math.exp(math.log(0.2) * math.exp(-reach)))
    assert (low[1:].tolist(), high[1:].tolist()) == ([0.0, 1.0], [0.0, 1.0])
    low, high = risk_limits(risk, error, scale="cloglog", confidence=0.95)
    reach = 1.959963984540054 * 0.05 / (0.8 * -math.log(0.8))
    assert low[0] == pytest.approx(1 - math.exp(math.log(0.8) * math.exp(-reach)))
    assert high[0] == pytest.approx(1 - math.exp(math.log(0.8) * math.exp(reach)))
