"""Fine-Gray models: hand-worked data, variance from its definition, conventions, refusals."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec, Factor
from analytics.survival.fine_gray import fit_fine_gray
from analytics.survival.fine_gray_design import FineGraySpec
from analytics.survival.fine_gray_kernel import estimate_censoring
from analytics.survival.results import NotEstimable
from analytics.survival.results_competing import FineGrayFit

SPEC = FineGraySpec(time="days", cause="cause", terms=("x",))


def fitted(frame: pl.DataFrame, spec: FineGraySpec = SPEC) -> FineGrayFit:
    fit = fit_fine_gray(frame, spec)
    assert isinstance(fit, FineGrayFit), fit
    return fit


def random_patients(n: int = 60, seed: int = 5) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "days": draw.integers(0, 12, n),
            "cause": draw.choice([0, 1, 2], n, p=[0.3, 0.4, 0.3]),
            "x": draw.normal(size=n).round(2),
            "z": draw.integers(0, 2, n),
            "site": draw.integers(0, 9, n),
            "weight": draw.uniform(0.5, 2.0, n).round(2),
        }
    )


def test_hand_worked_coefficient_without_censoring() -> None:
    # The competing row (x = 1) stays at risk: one event with x = 1 among risks {2r, 2}, then x = 0 among
    # {r, 2}, then x = 0 among {r, 1}; with r = e^b the score is 1 - r/(r+1) - r/(r+2) - r/(r+1) = 0.
    frame = pl.DataFrame({"days": [1, 2, 3, 4], "cause": [1, 2, 1, 1], "x": [1, 1, 0, 0]})
    fit = fitted(frame)
    r = math.exp(fit.coefficients[0])
    assert 1 - r / (r + 1) - r / (r + 2) - r / (r + 1) == pytest.approx(0, abs=1e-12)
    # (r+1)(r+2) = 2r(r+2) + r(r+1)  <=>  2r^2 + 2r - 2 = 0
    assert r == pytest.approx((math.sqrt(5) - 1) / 2, rel=1e-10)
    assert fit.baseline["hazard"].to_list() == pytest.approx([1 / (2 * r + 2), 1 / (r + 2), 1 / (r + 1)])


def test_hand_worked_weight_after_a_competing_event() -> None:
    # Competing event on day 1, a censoring on day 2 among 4 at risk: the weight of day 3 is 3/4.
    frame = pl.DataFrame(
        {"days": [1, 2, 3, 4, 5], "cause": [2, 0, 1, 1, 0], "x": [1, 0, 1, 0, 0]},
    )
    fit = fitted(frame)
    r = math.exp(fit.coefficients[0])
    hazards = [1 / (0.75 * r + r + 2), 1 / (0.75 * r + 2)]
    assert fit.baseline["hazard"].to_list() == pytest.approx(hazards)


def test_without_competing_events_the_model_is_coxs() -> None:
    frame = random_patients().with_columns(
        pl.when(pl.col("cause") == 2).then(0).otherwise("cause").alias("cause")
    )
    fit = fitted(frame, FineGraySpec("days", "cause", ("x", "z"), ties="efron", variance="sandwich"))
    cox = fit_cox(frame.with_columns(pl.col("cause") == 1), CoxSpec("days", "cause", ("x", "z"), robust=True))
    assert fit.coefficients == pytest.approx(cox.coefficients)
    assert np.asarray(fit.covariance) == pytest.approx(np.asarray(cox.covariance))
    assert any("competing" in warning for warning in fit.basis.warnings)


def test_conventions_differ_only_in_who_can_be_censored_on_a_day_with_events() -> None:
    stop, censored = np.array([1.0, 1.0, 2.0, 2.0, 3.0]), np.array([True, False, True, False, False])
    together = estimate_censoring(stop, censored, events_first=False)
    first = estimate_censoring(stop, censored, events_first=True)
    assert together.survival.tolist() == pytest.approx([4 / 5, 4 / 5 * 2 / 3])
    assert first.survival.tolist() == pytest.approx([3 / 4, 3 / 4 * 1 / 2])
    assert first.before(np.array([1.0, 2.0, 9.0])).tolist() == pytest.approx([1, 3 / 4, 3 / 8])


def brute_score(frame: pl.DataFrame, counts: np.ndarray, beta: float) -> float:
    """Score by its definition, events before censorings, each row standing for a number of patients."""
    days, cause, x = (frame[name].to_numpy().astype(float) for name in ("days", "cause", "x"))

    def free(before: float) -> float:
        product = 1.0
        for day in np.unique(days[cause == 0]):
            if day < before:
                left = counts[(days == day) & (cause == 0)].sum()
                product *= 1 - left / (counts[days > day].sum() + left)
        return product

    score = 0.0
    for event in np.flatnonzero(cause == 1):
        weight = np.where(days >= days[event], 1.0, 0.0)
        for other in np.flatnonzero((cause == 2) & (days < days[event])):
            weight[other] = free(days[event]) / free(days[other])
        risk = counts * weight * np.exp(x * beta)
        score += counts[event] * (x[event] - (risk @ x) / risk.sum())
    return score


def test_variance_is_the_derivative_by_every_patients_weight() -> None:
    frame = random_patients(25, seed=3)
    spec = FineGraySpec("days", "cause", ("x",), censoring_ties="events_first")
    fit = fitted(frame, spec)
    beta, one = fit.coefficients[0], np.ones(25)
    assert brute_score(frame, one, beta) == pytest.approx(0, abs=1e-10)
    step = 1e-5
    slope = (brute_score(frame, one, beta + step) - brute_score(frame, one, beta - step)) / (2 * step)
    moved = [
        (brute_score(frame, one + step * unit, beta) - brute_score(frame, one - step * unit, beta))
        / (2 * step)
        for unit in np.eye(25)
    ]
    assert fit.covariance[0][0] == pytest.approx(np.sum(np.square(moved)) / slope**2, rel=1e-6)


@pytest.mark.parametrize("variance", ["estimated_censoring", "sandwich"])
def test_rows_of_a_cluster_in_another_order_and_unit_change_nothing(variance: str) -> None:
    frame = random_patients()
    spec = FineGraySpec("days", "cause", ("x", "z"), cluster="site", weights="weight", variance=variance)
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=1).with_columns(pl.col("days") * 24.0)
    first, second = fitted(frame, spec), fitted(shuffled, spec)
    assert second.coefficients == pytest.approx(first.coefficients)
    assert np.asarray(second.covariance) == pytest.approx(np.asarray(first.covariance))


def test_doubled_sampling_weights_change_nothing() -> None:
    frame = random_patients()
    spec = FineGraySpec("days", "cause", ("x",), weights="weight")
    doubled = fitted(frame.with_columns(pl.col("weight") * 2), spec)
    assert doubled.table["coefficient"][0] == pytest.approx(fitted(frame, spec).table["coefficient"][0])
    assert doubled.table["std_error"][0] == pytest.approx(fitted(frame, spec).table["std_error"][0])


def test_a_group_of_its_own_has_its_own_censoring() -> None:
    frame = random_patients()
    grouped = fitted(frame, FineGraySpec("days", "cause", ("x",), censoring_groups=("z",)))
    assert "censoring by z" in grouped.basis.method
    constant = frame.with_columns(z=pl.lit(1))
    alone = fitted(constant, FineGraySpec("days", "cause", ("x",), censoring_groups=("z",)))
    assert alone.coefficients == pytest.approx(fitted(frame).coefficients, rel=1e-12)
    assert abs(grouped.coefficients[0] - alone.coefficients[0]) > 1e-6


def test_stopping_early_stays_near_the_maximum() -> None:
    frame = random_patients()
    early = fitted(frame, FineGraySpec("days", "cause", ("x",), stop_at=1e-3))
    assert early.coefficients == pytest.approx(fitted(frame).coefficients, abs=1e-2)
    assert early.log_likelihood < fitted(frame).log_likelihood


def test_rows_with_missing_values_are_left_out_and_counted() -> None:
    frame = random_patients()
    holes = frame.with_columns(
        pl.when(pl.int_range(pl.len()) < 3).then(None).otherwise("cause").alias("cause")
    )
    fit = fitted(holes)
    assert fit.basis.n == 57
    assert fit.coefficients == pytest.approx(fitted(frame[3:]).coefficients)
    assert any(warning.startswith("3 rows are left out") for warning in fit.basis.warnings)


@pytest.mark.parametrize(
    ("change", "terms", "code"),
    [
        ({"cause": pl.lit(2)}, ("x",), "no_events"),
        ({"days": pl.lit(None, dtype=pl.Int64)}, ("x",), "no_patients"),
        ({"x": pl.lit(1.0)}, ("x",), "singular"),
        ({"x": (pl.col("cause") == 1).cast(pl.Int64)}, ("x",), "separation"),
    ],
)
def test_refuses_what_no_model_can_carry(change: dict[str, pl.Expr], terms: tuple[str], code: str) -> None:
    refusal = fit_fine_gray(random_patients().with_columns(**change), FineGraySpec("days", "cause", terms))
    assert isinstance(refusal, NotEstimable)
    assert (refusal.code, refusal.group) == (code, "Fine-Gray model")


def test_fewer_events_than_coefficients_are_refused() -> None:
    frame = pl.DataFrame({"days": [1, 2, 3], "cause": [1, 2, 0], "x": [1, 2, 3], "z": [3, 1, 2]})
    refusal = fit_fine_gray(frame, FineGraySpec("days", "cause", ("x", "z")))
    assert isinstance(refusal, NotEstimable)
    assert refusal.code == "too_few_events"


@pytest.mark.parametrize(
    "spec",
    [
        FineGraySpec("days", "reason", ("x",)),
        FineGraySpec("days", "x", ("z",)),
        FineGraySpec("days", "cause", ("x",), cause_of_interest=0),
        FineGraySpec("days", "cause", ("x",), ties="exact"),
        FineGraySpec("days", "cause", ("x",), censoring_ties="never"),
        FineGraySpec("days", "cause", ("x",), variance="none"),
    ],
)
def test_specifications_that_cannot_be_carried_out_are_errors(spec: FineGraySpec) -> None:
    with pytest.raises(SpecificationError):
        fit_fine_gray(random_patients(), spec)


def test_factors_and_another_cause_are_modelled() -> None:
    frame = random_patients().with_columns(grade=pl.col("z").replace_strict({0: "mild", 1: "severe"}))
    fit = fitted(frame, FineGraySpec("days", "cause", (Factor("grade"),), cause_of_interest=2))
    swapped = frame.with_columns(pl.col("cause").replace({1: 2, 2: 1}))
    assert fit.terms == ("grade=severe",)
    assert fit.coefficients == pytest.approx(
        fitted(swapped, FineGraySpec("days", "cause", ("z",))).coefficients
    )
