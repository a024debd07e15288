"""Shared frailty: the marginal likelihood by numerical integration, the boundary, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import integrate, stats

from analytics.errors import SpecificationError
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec
from analytics.survival.cox_rows import collect_rows
from analytics.survival.frailty import fit_frailty_cox
from analytics.survival.frailty_likelihood import FrailtyKernel
from analytics.survival.results import NotEstimable
from analytics.survival.results_frailty import FrailtyFit

SPEC = CoxSpec("time", "event", ("x",), cluster="site")


def simulated(theta: float, *, n_sites: int = 25, n_each: int = 30) -> pl.DataFrame:
    rng = np.random.default_rng(7)
    site = np.repeat(np.arange(n_sites), n_each)
    frailty = rng.gamma(1 / theta, theta, n_sites)[site] if theta else np.ones(len(site))
    x = rng.normal(size=len(site))
    time, censored = rng.exponential(1 / (frailty * np.exp(0.5 * x))), rng.exponential(1.5, len(site))
    return pl.DataFrame({"time": np.minimum(time, censored), "event": time <= censored, "x": x, "site": site})


def test_gamma_frailties_are_events_over_expected_shrunken_to_one() -> None:
    frame = simulated(0.4)
    fit = fit_frailty_cox(frame, replace(SPEC, ties="breslow"))
    assert isinstance(fit, FrailtyFit)
    # At the maximum, frailty = (events + 1/theta) / (expected + 1/theta), and the frailties average 1.
    frailty, shape = fit.clusters["frailty"].to_numpy(), 1 / fit.theta
    expected = (fit.clusters["n_events"].to_numpy() + shape) / frailty - shape
    assert np.mean(frailty) == pytest.approx(1, abs=1e-8)
    assert np.sum(frailty * expected) == pytest.approx(frame["event"].sum(), rel=1e-8)
    assert fit.clusters["n"].to_list() == [30] * 25


def test_theta_and_the_coefficient_are_recovered() -> None:
    fit = fit_frailty_cox(simulated(0.4), SPEC)
    assert fit.theta_lower < 0.4 < fit.theta_upper
    assert fit.table["lower"][0] < np.exp(0.5) < fit.table["upper"][0]
    assert fit.test.p_value < 0.001
    plain = fit_cox(simulated(0.4), replace(SPEC, cluster=None))
    assert fit.log_likelihood_without == pytest.approx(plain.log_likelihood, abs=1e-8)
    assert fit.coefficients[0] > plain.coefficients[0]


def test_an_offset_stands_for_a_covariate_whose_coefficient_is_known() -> None:
    frame = simulated(0.4).with_columns(z=pl.Series(np.random.default_rng(8).normal(size=750)))
    free = fit_frailty_cox(frame, replace(SPEC, terms=("x", "z")))
    held = fit_frailty_cox(
        frame.with_columns(known=pl.col("z") * free.coefficients[1]), replace(SPEC, offset="known")
    )
    assert held.coefficients[0] == pytest.approx(free.coefficients[0], rel=1e-4)
    assert held.theta == pytest.approx(free.theta, rel=1e-3)
    assert held.log_likelihood == pytest.approx(free.log_likelihood, abs=1e-6)


def test_marginal_likelihood_of_gamma_is_the_integral_over_the_frailties() -> None:
    # With the hazard held, the penalised road and the closed integral differ by nothing that theta moves:
    # log of the integral of u^d exp(-u L) over the gamma density, at the L of the fit.
    frame, shape = simulated(0.4, n_sites=6, n_each=8), 1 / 0.7
    rows = collect_rows(frame, replace(SPEC, ties="breslow"))
    kernel = FrailtyKernel(rows, "breslow", "gamma", "full")
    state = kernel.maximise(0.7)
    frailty = np.exp(state.coefficients[1:])
    expected = (kernel.events + shape) / frailty - shape
    integrals = [
        integrate.quad(
            lambda u, d=d, e=e: u**d * np.exp(-u * e) * stats.gamma.pdf(u, shape, scale=0.7), 0, 60
        )[0]
        for d, e in zip(kernel.events, expected, strict=True)
    ]
    # Profile of the full likelihood: sum of events of log hazard increments is common to both roads.
    penalty = np.sum(frailty - np.log(frailty)) * shape
    partial = state.penalised + penalty
    common = partial - float(kernel.events @ np.log(frailty)) + float(frailty @ expected)
    assert state.marginal == pytest.approx(common + np.sum(np.log(integrals)), abs=1e-6)


@pytest.mark.parametrize("estimator", ["gamma", "gaussian_laplace", "gaussian_reml"])
def test_equal_sites_lie_at_the_boundary_and_say_so(estimator: str) -> None:
    rng = np.random.default_rng(1)
    time = np.tile(np.arange(1.0, 41.0), 6)
    frame = pl.DataFrame(
        {"time": time, "event": 1, "x": rng.normal(size=240), "site": np.repeat(np.arange(6), 40)}
    )
    fit = fit_frailty_cox(frame, SPEC, estimator=estimator)
    assert isinstance(fit, FrailtyFit)
    assert fit.is_at_boundary
    assert fit.theta == 0
    assert estimator == "gaussian_reml" or 0 == fit.theta_lower < fit.theta_upper < 1
    assert fit.clusters["frailty"].to_list() == [1.0] * 6
    assert any("theta is 0" in warning for warning in fit.basis.warnings)
    plain = fit_cox(frame, replace(SPEC, cluster=None))
    assert fit.coefficients[0] == pytest.approx(plain.coefficients[0], abs=1e-12)


def test_gaussian_estimates_agree_with_one_another_roughly() -> None:
    frame = simulated(0.3)
    laplace = fit_frailty_cox(frame, SPEC, estimator="gaussian_laplace")
    reml = fit_frailty_cox(frame, SPEC, estimator="gaussian_reml")
    assert laplace.theta == pytest.approx(reml.theta, rel=0.2)
    assert laplace.theta_lower < laplace.theta < laplace.theta_upper
    assert reml.test is None
    assert np.isnan(reml.theta_upper)


def test_laplace_theta_is_no_lower_than_its_neighbours() -> None:
    frame = simulated(0.3)
    fit = fit_frailty_cox(frame, SPEC, estimator="gaussian_laplace")
    kernel = FrailtyKernel(collect_rows(frame, fit.spec), "efron", "gaussian_laplace", "full")
    for factor in (0.99, 1.01):
        assert kernel.maximise(fit.theta * factor).marginal < fit.log_likelihood


def test_names_of_clusters_and_time_unit_change_nothing() -> None:
    frame = simulated(0.4)
    renamed = frame.with_columns(site=pl.format("s{}", 99 - pl.col("site")), time=pl.col("time") * 365)
    first, second = fit_frailty_cox(frame, SPEC), fit_frailty_cox(renamed, SPEC)
    assert first.theta == pytest.approx(second.theta, rel=1e-5)
    assert first.coefficients[0] == pytest.approx(second.coefficients[0], rel=1e-6)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"site": pl.lit(1)}, "one_group"),
        ({"event": pl.lit(0)}, "no_events"),
        ({"x": pl.lit(3.0)}, "singular"),
    ],
)
def test_data_that_carry_no_frailty_are_refused(change: dict[str, pl.Expr], code: str) -> None:
    refused = fit_frailty_cox(simulated(0.4).with_columns(**change), SPEC)
    assert isinstance(refused, NotEstimable)
    assert refused.code == code


def test_few_clusters_are_a_warning() -> None:
    fit = fit_frailty_cox(simulated(0.4, n_sites=4), SPEC)
    assert any("4 clusters say little" in warning for warning in fit.basis.warnings)


@pytest.mark.parametrize(
    "spec",
    [replace(SPEC, cluster=None), replace(SPEC, weights="x"), replace(SPEC, ties="exact")],
)
def test_what_a_shared_frailty_does_not_know_is_an_error(spec: CoxSpec) -> None:
    with pytest.raises(SpecificationError):
        fit_frailty_cox(simulated(0.4), spec)


def test_two_hundred_pairs_settle_at_every_theta_and_have_limits() -> None:
    # With a column per pair the last steps stay at the rounding of doubles where theta is tiny.
    frame = simulated(0.8, n_sites=200, n_each=2)
    fit = fit_frailty_cox(frame, SPEC, hessian="diagonal")
    assert isinstance(fit, FrailtyFit)
    kernel = FrailtyKernel(collect_rows(frame, fit.spec), "efron", "gamma", "diagonal")
    tiny = kernel.maximise(1e-7)
    assert tiny is not None
    assert tiny.marginal == pytest.approx(fit.log_likelihood_without, abs=1e-3)
    half = stats.chi2.ppf(0.95, 1) / 2
    assert 0 < fit.theta_lower < fit.theta < fit.theta_upper
    for limit in (fit.theta_lower, fit.theta_upper):
        there = kernel.maximise(limit)
        assert there is not None
        assert fit.log_likelihood - there.marginal == pytest.approx(half, abs=1e-4)
