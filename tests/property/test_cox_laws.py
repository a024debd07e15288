"""Laws of Cox models that hold for any data."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.survival.cox import fit_cox
from analytics.survival.cox_concordance import estimate_concordance, sum_below
from analytics.survival.cox_design import CoxSpec
from analytics.survival.cox_residuals import estimate_residuals
from analytics.survival.results import CoxFit

SEEDS = st.integers(0, 100_000)
TIES = st.sampled_from(["efron", "breslow"])
FEW = settings(deadline=None, max_examples=12, derandomize=True, database=None)


def drawn(seed: int, n: int = 70) -> pl.DataFrame:
    """Draw start-stop rows with many ties."""
    draw = np.random.default_rng(seed)
    entry = draw.integers(0, 6, n)
    return pl.DataFrame(
        {
            "entry": entry,
            "time": entry + draw.integers(1, 15, n),
            "event": draw.random(n) < 0.6,
            "x": draw.normal(size=n),
            "z": draw.integers(0, 2, n),
            "w": draw.integers(1, 4, n),
            "site": draw.integers(0, 8, n),
        }
    )


def spec(**options: object) -> CoxSpec:
    return CoxSpec(**{"time": "time", "event": "event", "terms": ("x", "z"), "entry": "entry", **options})


def fitted(frame: pl.DataFrame, specification: CoxSpec) -> CoxFit:
    fit = fit_cox(frame, specification)
    assert isinstance(fit, CoxFit)
    return fit


@FEW
@given(seed=SEEDS, ties=TIES)
def test_the_order_of_rows_does_not_matter(seed: int, ties: str) -> None:
    data = drawn(seed)
    shuffled = data.sample(fraction=1, shuffle=True, seed=seed)
    options = {"ties": ties, "weights": "w", "cluster": "site"}
    first, second = fitted(data, spec(**options)), fitted(shuffled, spec(**options))
    assert second.coefficients == pytest.approx(first.coefficients, abs=1e-10)
    assert np.array(second.covariance) == pytest.approx(np.array(first.covariance), rel=1e-8)
    assert estimate_concordance(second, shuffled).std_error == pytest.approx(
        estimate_concordance(first, data).std_error, rel=1e-8
    )


@FEW
@given(seed=SEEDS)
def test_whole_weights_count_as_copies_of_the_row(seed: int) -> None:
    data = drawn(seed)
    copies = data[np.repeat(np.arange(data.height), data["w"].to_numpy())]
    weighted = fitted(data, spec(ties="breslow", weights="w", robust=False))
    repeated = fitted(copies, spec(ties="breslow"))
    assert repeated.coefficients == pytest.approx(weighted.coefficients, abs=1e-10)
    assert np.array(repeated.covariance) == pytest.approx(np.array(weighted.covariance), rel=1e-9)


@FEW
@given(seed=SEEDS, ties=TIES, factor=st.sampled_from([0.01, 7.5]))
def test_scaling_all_weights_leaves_the_robust_variance(seed: int, ties: str, factor: float) -> None:
    data = drawn(seed)
    first = fitted(data, spec(ties=ties, weights="w"))
    second = fitted(data.with_columns(w=pl.col("w") * factor), spec(ties=ties, weights="w"))
    assert second.coefficients == pytest.approx(first.coefficients, abs=1e-10)
    assert np.array(second.covariance) == pytest.approx(np.array(first.covariance), rel=1e-8)


@FEW
@given(seed=SEEDS, ties=TIES, factor=st.sampled_from([1e-4, -3.0, 1e5]))
def test_the_unit_of_a_covariate_scales_its_coefficient(seed: int, ties: str, factor: float) -> None:
    data = drawn(seed)
    first = fitted(data, spec(ties=ties))
    second = fitted(data.with_columns(x=pl.col("x") * factor), spec(ties=ties))
    assert second.coefficients[0] * factor == pytest.approx(first.coefficients[0], abs=1e-10)
    assert second.coefficients[1] == pytest.approx(first.coefficients[1], abs=1e-10)
    assert second.log_likelihood == pytest.approx(first.log_likelihood, rel=1e-12)


@FEW
@given(seed=SEEDS, ties=st.sampled_from(["efron", "breslow", "exact"]))
def test_three_shifted_copies_as_strata_give_the_same_coefficients(seed: int, ties: str) -> None:
    data = drawn(seed)
    shifted = pl.concat(
        data.with_columns(pl.col("entry", "time") + shift, copy=pl.lit(shift)) for shift in (0, 4, 100)
    )
    first, second = fitted(data, spec(ties=ties)), fitted(shifted, spec(ties=ties, strata=("copy",)))
    assert second.coefficients == pytest.approx(first.coefficients, abs=1e-10)
    assert 3 * np.array(second.covariance) == pytest.approx(np.array(first.covariance), rel=1e-8)
    assert second.log_likelihood == pytest.approx(3 * first.log_likelihood, rel=1e-12)


@FEW
@given(seed=SEEDS, ties=TIES)
def test_weighted_residuals_sum_to_zero(seed: int, ties: str) -> None:
    data = drawn(seed)
    rows = estimate_residuals(
        fitted(data, spec(ties=ties, weights="w", strata=("z",), terms=("x",))), data
    ).rows
    weight = data["w"].to_numpy()
    assert weight @ rows["martingale"].to_numpy() == pytest.approx(0, abs=1e-9)
    assert weight @ np.array(rows["score"].to_list()) == pytest.approx(np.zeros(1), abs=1e-9)


@FEW
@given(seed=SEEDS)
def test_sums_below_two_limits_match_a_direct_count(seed: int) -> None:
    draw = np.random.default_rng(seed)
    first, second = draw.integers(0, 9, (2, 40))
    weight, limits = draw.random(40), draw.integers(0, 11, (2, 25))
    inside = (first < limits[0][:, None]) & (second < limits[1][:, None])
    assert sum_below(first, second, weight, (limits[0], limits[1])) == pytest.approx(
        inside @ weight, abs=1e-12
    )
