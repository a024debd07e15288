"""Cause-specific Cox models, absolute risks with their errors, pseudo-values."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.survival.cause_specific import CauseSpecificSpec, fit_cause_specific
from analytics.survival.cause_specific_risk import predict_absolute_risk
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec
from analytics.survival.pseudo_values import estimate_pseudo_values
from analytics.survival.results import NotEstimable
from analytics.survival.results_competing import CauseSpecificFit

SPEC = CauseSpecificSpec("days", "cause", ("mace", "death"), ("x", "z"))
PROFILES = pl.DataFrame({"x": [0.5, -1.0], "z": [0, 1]})


def random_patients(n: int = 60, seed: int = 4) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "days": draw.integers(1, 10, n),
            "cause": draw.choice([0, 1, 2], n, p=[0.3, 0.4, 0.3]),
            "x": draw.normal(size=n).round(2),
            "z": draw.integers(0, 2, n),
            "site": draw.integers(0, 9, n),
            "weight": np.ones(n),
        }
    )


def fitted(frame: pl.DataFrame, spec: CauseSpecificSpec = SPEC) -> CauseSpecificFit:
    fit = fit_cause_specific(frame, spec)
    assert isinstance(fit, CauseSpecificFit), fit
    return fit


def test_each_cause_has_the_model_that_censors_the_other() -> None:
    frame = random_patients()
    fit = fitted(frame)
    alone = fit_cox(frame.with_columns(pl.col("cause") == 2), CoxSpec("days", "cause", ("x", "z")))
    assert fit.model("death").coefficients == pytest.approx(alone.coefficients)
    assert fit.basis.n_events == (frame["cause"] > 0).sum()


def test_hand_worked_risk() -> None:
    # Breslow hazards at x = 0 with r, s = exp(coefficients): on day 1 three of each x are at risk, on day 2
    # three with x = 0 and two with x = 1, of whom one has the endpoint and one dies.
    frame = pl.DataFrame({"days": [1, 2, 3, 4, 2, 3], "cause": [1, 2, 1, 2, 1, 2], "x": [1, 0, 0, 1, 0, 1]})
    fit = fitted(frame, CauseSpecificSpec("days", "cause", ("mace", "death"), ("x",), ties="breslow"))
    r, s = (math.exp(model.coefficients[0]) for model in fit.models)
    table = predict_absolute_risk(fit, frame, pl.DataFrame({"x": [0.0]}), times=[2]).table
    first, second = 1 / (3 * r + 3), 1 / (2 * r + 3)
    dead = 1 / (2 * s + 3)
    risks = [first + (1 - first) * second, (1 - first) * dead, (1 - first) * (1 - second - dead)]
    assert table["cause"].to_list() == ["mace", "death", "event_free"]
    assert table["incidence"].to_list() == pytest.approx(risks)


@pytest.mark.parametrize("estimator", ["product-limit", "exponential"])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_jackknife_is_the_derivative_by_every_patients_weight(estimator: str, ties: str) -> None:
    frame = random_patients(24)
    spec = replace(SPEC, ties=ties, weights="weight")
    options = {"times": [4, 8], "estimator": estimator}
    found = predict_absolute_risk(fitted(frame, spec), frame, PROFILES, **options).table
    step, squares = 1e-4, 0.0
    for row in range(frame.height):
        moved = []
        for sign in (1, -1):
            weight = pl.when(pl.int_range(pl.len()) == row).then(1 + sign * step).otherwise(1.0)
            changed = frame.with_columns(weight=weight)
            table = predict_absolute_risk(fitted(changed, spec), changed, PROFILES, **options).table
            moved.append(table["incidence"].to_numpy())
        squares = squares + ((moved[0] - moved[1]) / (2 * step)) ** 2
    assert found["std_error"].to_numpy() == pytest.approx(np.sqrt(squares), rel=1e-5)


@pytest.mark.parametrize("estimator", ["product-limit", "exponential"])
def test_causes_and_no_event_add_up_to_one(estimator: str) -> None:
    frame = random_patients()
    table = predict_absolute_risk(fitted(frame), frame, PROFILES, times=[0, 3, 6], estimator=estimator).table
    sums = table.group_by("profile", "time_days").agg(pl.col("incidence").sum())
    assert sums["incidence"].to_list() == pytest.approx([1.0] * 6)


def test_tied_once_is_the_jackknife_without_ties() -> None:
    frame = random_patients().with_columns(days=pl.int_range(1, 61).shuffle(seed=2))
    spec = replace(SPEC, ties="breslow")
    exact = predict_absolute_risk(fitted(frame, spec), frame, PROFILES, times=[20]).table
    once = predict_absolute_risk(fitted(frame, spec), frame, PROFILES, times=[20], variance="tied-once").table
    # What is left is the derivative of the product against that of the exponential.
    assert once["std_error"].to_numpy() == pytest.approx(exact["std_error"].to_numpy(), rel=0.05)


def test_clusters_of_one_change_nothing_and_larger_ones_do() -> None:
    frame = random_patients().with_columns(patient=pl.int_range(pl.len()))
    plain = predict_absolute_risk(fitted(frame), frame, PROFILES, times=[5]).table["std_error"].to_list()
    alone = replace(SPEC, cluster="patient")
    by_patient = predict_absolute_risk(fitted(frame, alone), frame, PROFILES, times=[5])
    by_site = predict_absolute_risk(fitted(frame, replace(SPEC, cluster="site")), frame, PROFILES, times=[5])
    assert by_patient.table["std_error"].to_list() == pytest.approx(plain)
    assert by_site.table["std_error"].to_list() != pytest.approx(plain)
    assert by_site.basis.variance.endswith("by site")


def test_a_cause_without_events_is_refused_by_name() -> None:
    frame = random_patients().with_columns(pl.col("cause").replace({2: 0}))
    refusal = fit_cause_specific(frame, SPEC)
    assert isinstance(refusal, NotEstimable)
    assert (refusal.code, refusal.group) == ("no_events", "Cox model of death")


def test_separation_in_one_cause_is_refused_by_name() -> None:
    frame = random_patients().with_columns(z=(pl.col("cause") == 1).cast(pl.Int64))
    refusal = fit_cause_specific(frame, SPEC)
    assert isinstance(refusal, NotEstimable)
    assert (refusal.code, refusal.group) == ("separation", "Cox model of mace")


@pytest.mark.parametrize(
    "spec",
    [
        replace(SPEC, causes=("mace",)),
        replace(SPEC, causes=()),
        replace(SPEC, ties="exact"),
        replace(SPEC, cause="reason"),
    ],
)
def test_specifications_that_cannot_be_carried_out_are_errors(spec: CauseSpecificSpec) -> None:
    with pytest.raises(SpecificationError):
        fit_cause_specific(random_patients(), spec)


def test_options_that_do_not_go_together_are_errors() -> None:
    frame = random_patients()
    fit = fitted(frame)
    with pytest.raises(SpecificationError):
        predict_absolute_risk(fit, frame, PROFILES, times=[5], estimator="guess")
    with pytest.raises(SpecificationError):
        predict_absolute_risk(fit, frame, PROFILES, times=[5], estimator="exponential", variance="tied-once")
    with pytest.raises(SpecificationError):
        predict_absolute_risk(fit, frame[1:], PROFILES, times=[5])


def test_hand_worked_pseudo_values() -> None:
    # Without censoring a pseudo-value is the indicator of the cause by then.
    values = estimate_pseudo_values([1, 2, 2, 3], [1, 2, 1, 2], cause=1, horizons=[0, 1, 2, 5])
    assert values == pytest.approx(
        np.array([[0, 1, 1, 1], [0, 0, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0]]), abs=1e-12
    )


def test_pseudo_values_average_to_the_risk_and_none_are_given_for_nobody() -> None:
    # Aalen-Johansen by hand: 1/4 on day 1, one of two left after a censoring on day 3: 1/4 + 3/4 * 2/3 * 1/2.
    values = estimate_pseudo_values([1, 2, 3, 3], [1, 0, 1, 0], cause=1, horizons=[1, 3])
    assert values.mean(axis=0) == pytest.approx([1 / 4, 1 / 4 + 3 / 4 * 1 / 2])
    assert estimate_pseudo_values([], [], cause=1, horizons=[1]).shape == (0, 1)
