"""Laws of standardised comparisons: order, labels and units do not matter, and nothing leaves its range."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.comparison.results import StandardisedComparison
from analytics.comparison.standardisation import standardise
from analytics.refusals import NotEstimable

SEEDS = st.integers(0, 10_000)


def draw(seed: int) -> pl.DataFrame:
    """Draw 160 rows of 90 patients; devices, grades, ages and events hang together."""
    rng = np.random.default_rng(seed)
    grade = rng.integers(0, 3, 160)
    burr = rng.random(160) < 0.2 + 0.2 * grade
    return pl.DataFrame(
        {
            "device": np.where(burr, "burr", "balloon"),
            "grade": np.array(["mild", "moderate", "severe"])[grade],
            "age": rng.normal(70, 9, 160),
            "event": rng.random(160) < 0.15 + 0.1 * grade + 0.1 * burr,
            "patient": rng.integers(0, 90, 160),
        }
    )


def compare(
    rows: pl.DataFrame, levels: tuple[str, str] = ("balloon", "burr")
) -> StandardisedComparison | NotEstimable:
    return standardise(
        rows,
        outcome="event",
        exposure="device",
        levels=levels,
        covariates=("grade", "age"),
        clusters="patient",
    )


@settings(deadline=None, max_examples=25)
@given(SEEDS)
def test_risks_and_limits_stay_in_their_range(seed: int) -> None:
    found = compare(draw(seed))
    if isinstance(found, NotEstimable):
        assert found.reason
        return
    estimates = found.estimates
    assert estimates.select((pl.col("lower") >= 0) & (pl.col("upper") <= 1)).to_series().all()
    inside = (pl.col("lower") <= pl.col("estimate")) & (pl.col("estimate") <= pl.col("upper"))
    assert estimates.select(inside).to_series().all()
    assert found.contrasts.select(inside).to_series().all()


@settings(deadline=None, max_examples=15)
@given(SEEDS)
def test_neither_order_nor_names_of_patients_nor_units_matter(seed: int) -> None:
    rows = draw(seed)
    changed = rows.sample(fraction=1.0, shuffle=True, seed=seed).with_columns(
        pl.col("age") * 365.25, patient=pl.format("p{}", 500 - pl.col("patient"))
    )
    first, second = compare(rows), compare(changed)
    assert isinstance(first, StandardisedComparison) == isinstance(second, StandardisedComparison)
    if isinstance(first, StandardisedComparison) and isinstance(second, StandardisedComparison):
        for name in ("estimate", "std_error", "lower", "upper"):
            assert first.contrasts[name].to_list() == pytest.approx(
                second.contrasts[name].to_list(), rel=1e-7
            )


@settings(deadline=None, max_examples=15)
@given(SEEDS)
def test_turning_the_comparison_round_turns_its_answers_round(seed: int) -> None:
    there, back = compare(draw(seed)), compare(draw(seed), ("burr", "balloon"))
    if isinstance(there, NotEstimable) or isinstance(back, NotEstimable):
        assert isinstance(there, NotEstimable) == isinstance(back, NotEstimable)
        return
    difference, ratio = there.contrasts.rows(named=True)
    other_difference, other_ratio = back.contrasts.rows(named=True)
    assert difference["estimate"] == pytest.approx(-other_difference["estimate"], rel=1e-8)
    assert difference["upper"] == pytest.approx(-other_difference["lower"], rel=1e-8)
    assert ratio["upper"] == pytest.approx(1 / other_ratio["lower"], rel=1e-8)
    assert difference["p_value"] == pytest.approx(other_difference["p_value"], rel=1e-6)
