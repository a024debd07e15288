"""Standardised comparisons: rows left out, covariates that cannot be carried, overlap, refusals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from scipy import optimize, special

from analytics.comparison.results import StandardisedComparison
from analytics.comparison.standardisation import standardise
from analytics.errors import SpecificationError
from analytics.refusals import NotEstimable

SIDES = ("lower", "upper")


def test_rows_lost_to_a_covariate_are_told(
    compare: Callable[..., StandardisedComparison], patients: pl.DataFrame
) -> None:
    blank = pl.int_range(pl.len()) % 5 == 0
    rows = patients.with_columns(age=pl.when(blank).then(None).otherwise(70.0 + pl.int_range(pl.len()) % 7))
    found = compare(rows, covariates=("severe", "age"))
    assert "20 % of the rows are left out, for want of age." in found.basis.warnings


def test_what_is_no_number_counts_as_missing(
    compare: Callable[..., StandardisedComparison], patients: pl.DataFrame
) -> None:
    rows = patients.with_columns(age=70.0 + pl.int_range(pl.len()) % 7)
    odd = rows.with_columns(age=pl.when(pl.int_range(pl.len()) < 3).then(float("nan")).otherwise("age"))
    found = compare(odd, covariates=("severe", "age"))
    assert found.basis.left_out == {"age not recorded": 3}
    assert found.estimates.equals(compare(rows[3:], covariates=("severe", "age")).estimates)


def test_a_group_without_events_is_set_aside_and_named(
    compare: Callable[..., StandardisedComparison], patients: pl.DataFrame
) -> None:
    rows = pl.concat(
        [patients, pl.DataFrame({"severe": [True] * 8, "device": ["laser"] * 8, "outcome": [False] * 8})]
    )
    found = compare(rows, levels=("burr", "balloon", "laser"))
    assert found.estimates["level"].to_list() == ["burr", "balloon"]
    assert [(refusal.group, refusal.code) for refusal in found.refused] == [("laser", "no_events")]
    assert found.basis.n == 100


def test_nothing_is_compared_when_the_reference_has_no_event(patients: pl.DataFrame) -> None:
    rows = patients.with_columns(outcome=pl.col("outcome") & (pl.col("device") == "burr"))
    refused = standardise(
        rows, outcome="outcome", exposure="device", levels=("balloon", "burr"), covariates=("severe",)
    )
    assert isinstance(refused, NotEstimable)
    assert refused.code == "no_events"


def test_rows_left_out_are_counted_by_reason(
    compare: Callable[..., StandardisedComparison], patients: pl.DataFrame
) -> None:
    rows = patients.with_columns(
        outcome=pl.when(pl.int_range(pl.len()) == 0).then(None).otherwise("outcome"),
        age=pl.when(pl.int_range(pl.len()) == 1).then(None).otherwise(70.0 + pl.int_range(pl.len()) % 7),
        device=pl.when(pl.int_range(pl.len()) < 4).then("device").otherwise("device"),
    )
    other = rows.head(2).with_columns(device=pl.lit("stent only"))
    found = compare(pl.concat([rows, other]), covariates=("severe", "age"))
    assert found.basis.left_out == {"another group": 2, "outcome not recorded": 1, "age not recorded": 1}
    assert found.basis.n == 98


def test_a_category_without_an_entry_is_one_of_its_own(
    compare: Callable[..., StandardisedComparison], patients: pl.DataFrame
) -> None:
    blank = pl.int_range(pl.len()) % 9 == 0
    rows = patients.with_columns(severe=pl.when(blank).then(None).otherwise("severe"))
    filled, complete = compare(rows), compare(rows, missing="complete")
    assert filled.basis.n == 100
    assert "severe: not recorded" in filled.coefficients["term"].to_list()
    assert complete.basis.left_out == {"severe not recorded": 12}


def test_covariates_that_the_events_cannot_carry_are_left_out_and_said(
    compare: Callable[..., StandardisedComparison], patients: pl.DataFrame
) -> None:
    rows = patients.with_columns(site=(pl.int_range(pl.len()) % 9).cast(pl.String), same=pl.lit(1))
    found = compare(rows, covariates=("severe", "site", "same"))
    assert found.basis.adjusted_for == ("severe",)
    assert set(found.basis.not_adjusted_for) == {"site", "same"}
    assert any(warning.startswith("Not adjusted for: site") for warning in found.basis.warnings)
    strict = standardise(
        rows,
        outcome="outcome",
        exposure="device",
        levels=("burr", "balloon"),
        covariates=("severe", "site"),
        when_few="refuse",
    )
    assert isinstance(strict, NotEstimable)
    assert strict.code == "too_few_events"


def test_a_covariate_that_tells_the_outcomes_apart_is_held_by_a_penalty(
    compare: Callable[..., StandardisedComparison], patients: pl.DataFrame
) -> None:
    rows = patients.with_columns(ghost=pl.col("outcome") & (pl.int_range(pl.len()) % 2 == 0))
    found = compare(rows, covariates=("severe", "ghost"))
    assert found.basis.adjusted_for == ("severe", "ghost")
    assert any(warning.startswith("Some of ghost had no event") for warning in found.basis.warnings)
    # Predicted and observed events agree in each group: the penalty leaves the groups alone.
    assert found.estimates["estimate"].to_list() == pytest.approx(penalised_by_hand(rows), rel=1e-6)


def penalised_by_hand(rows: pl.DataFrame) -> list[float]:
    """Maximise the likelihood with log-F(1, 1) densities of both covariates, by another road."""
    x = rows.select(pl.lit(1.0), pl.col("device") == "balloon", "severe", "ghost").cast(pl.Float64).to_numpy()
    y = rows["outcome"].to_numpy()

    def loss(b: np.ndarray) -> float:
        prior = (b[2:] / 2 - np.logaddexp(0, b[2:])).sum()
        return float(-(y * (x @ b) - np.logaddexp(0, x @ b)).sum() - prior)

    b = optimize.minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-9}).x
    at = x.copy()
    risks = []
    for mark in (0.0, 1.0):
        at[:, 1] = mark
        risks.append(float(special.expit(at @ b).mean()))
    return risks


def test_few_blanks_take_the_commonest_category(
    compare: Callable[..., StandardisedComparison], patients: pl.DataFrame
) -> None:
    rows = patients.with_columns(severe=pl.when(pl.int_range(pl.len()) < 3).then(None).otherwise("severe"))
    found = compare(rows)
    assert found.basis.n == 100
    assert found.coefficients["term"].to_list() == ["intercept", "device: balloon", "severe"]
    assert "Under 5 % without an entry took the commonest category: severe." in found.basis.warnings
    # The three were not severe, and that is the commoner answer: nothing is lost here.
    assert found.estimates.equals(compare(patients).estimates)


def test_thin_overlap_is_told(compare: Callable[..., StandardisedComparison], patients: pl.DataFrame) -> None:
    rows = patients.filter(~(pl.col("severe") & (pl.col("device") == "balloon")))
    found = compare(pl.concat([rows, rows]))
    thin = found.overlap.filter((pl.col("stratum") == "true") & (pl.col("level") == "balloon"))
    assert thin["share"].to_list() == [0.0]
    assert any("rests on the model" in warning for warning in found.basis.warnings)


@pytest.mark.parametrize(
    "choices",
    [
        {"covariates": ("no such column",)},
        {"levels": ("burr",)},
        {"covariates": ("outcome",)},
        {"modifiers": ("device",)},
        {"population": "laser"},
        {"outcome": "device"},
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(
    choices: dict[str, object], compare: Callable[..., StandardisedComparison], patients: pl.DataFrame
) -> None:
    with pytest.raises(SpecificationError):
        compare(patients, **choices)
