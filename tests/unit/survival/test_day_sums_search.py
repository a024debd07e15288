"""The short ways of large fits: samples, groups of strata, and a baseline that waits to be asked for."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec
from analytics.survival.cox_likelihood import Likelihood
from analytics.survival.cox_maximum import newton
from analytics.survival.day_sums_baseline import DayBaseline
from analytics.survival.day_sums_fit import fit_cox_from_batches
from analytics.survival.day_sums_sample import TiltedSample, approach
from analytics.survival.results import CoxFit

SITES = CoxSpec("days", "event", ("x", "z"), strata=("site",), cluster="ward")


def patients(n: int = 3_000) -> pl.DataFrame:
    draw = np.random.default_rng(11)
    x, z = draw.normal(size=n), draw.integers(0, 2, n)
    days = np.ceil(draw.exponential(60 * np.exp(-0.5 * x - 0.8 * z)))
    gone = draw.integers(0, 80, n)
    return pl.DataFrame(
        {
            "x": x,
            "z": z,
            "days": np.minimum(days, gone).astype(np.int64),
            "event": days <= gone,
            "site": draw.integers(0, 30, n),
            "ward": draw.integers(0, 90, n),
        }
    )


class Quartic:
    """A likelihood in closed form: value -b^2 / 2 - b^4 / 4 from a shifted origin, times a size."""

    def __init__(self, top: float, size: float) -> None:
        self.top, self.size, self.asked = top, size, 0

    def evaluate(self, beta: np.ndarray) -> Likelihood:
        """Give value and derivatives, and count."""
        self.asked += 1
        b = beta - self.top
        value = -self.size * float(b[0] ** 2 / 2 + b[0] ** 4 / 4)
        return Likelihood(value, -self.size * (b + b**3), self.size * np.diag(1 + 3 * b**2))


def test_a_tilted_sample_has_the_derivatives_of_all_rows_at_its_anchor() -> None:
    rows, sample, anchor = Quartic(0.5, 100.0), Quartic(0.4, 7.0), np.zeros(1)
    full = rows.evaluate(anchor)
    tilted = TiltedSample(sample, anchor, full)
    # Information 100 (1 + 3/4) = 175 and 7 (1 + 0.48) = 10.36: the sample is 10.36 / 175 of all rows.
    share = 10.36 / 175
    assert tilted.start.score == pytest.approx(share * full.score)
    assert tilted.start.information == pytest.approx(share * full.information)
    step = 1e-6
    ahead = tilted.evaluate(np.array([step]))
    assert (ahead.value - tilted.start.value) / step == pytest.approx(tilted.start.score[0], rel=1e-5)


def test_a_tilted_sample_comes_nearer_than_its_own_maximum() -> None:
    rows, sample = Quartic(0.5, 100.0), Quartic(0.45, 7.0)
    found = approach(sample, rows.evaluate(np.zeros(1)))
    assert found is not None
    assert abs(found[0] - 0.5) < 0.05 / 2


def test_a_sample_that_leads_nowhere_is_not_followed() -> None:
    class Broken(Quartic):
        def evaluate(self, beta: np.ndarray) -> Likelihood:
            at = super().evaluate(beta)
            return Likelihood(float("nan"), at.score, at.information)

    assert approach(Broken(0.4, 7.0), Quartic(0.5, 100.0).evaluate(np.zeros(1))) is None


def test_a_short_last_step_is_taken_without_another_look() -> None:
    curious, content = Quartic(0.5, 100.0), Quartic(0.5, 100.0)
    exact = newton(curious, np.zeros(1), 30)
    quick = newton(content, np.zeros(1), 30, near=1e-3)
    assert quick.converged
    assert quick.beta == pytest.approx(exact.beta, abs=1e-6)
    assert content.asked < curious.asked


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("block", [1, 250, 100_000])
def test_groups_of_strata_add_up_to_the_fit_of_sorted_rows(
    ties: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analytics.survival.day_sums_strata.BLOCK", block)
    monkeypatch.setattr("analytics.survival.day_sums_fit.SAMPLE", 1_000)
    frame, spec = patients(), replace(SITES, ties=ties)
    found, wanted = fit_cox_from_batches([frame], spec), fit_cox(frame, spec)
    assert isinstance(found, CoxFit)
    assert isinstance(wanted, CoxFit)
    assert found.coefficients == pytest.approx(wanted.coefficients, abs=1e-10)
    assert np.array(found.covariance) == pytest.approx(np.array(wanted.covariance), rel=1e-8)
    assert np.array(found.model_covariance) == pytest.approx(np.array(wanted.model_covariance), rel=1e-8)
    assert found.baseline["centred_hazard"].to_list() == pytest.approx(
        wanted.baseline["centred_hazard"].to_list(), rel=1e-8
    )


def test_a_baseline_is_made_at_its_first_reading_and_kept() -> None:
    fit = fit_cox_from_batches([patients()], SITES)
    assert isinstance(fit, CoxFit)
    assert isinstance(vars(fit)["baseline"], DayBaseline)
    again = pickle.loads(pickle.dumps(fit))  # noqa: S301 - of this test
    first = fit.baseline
    assert fit.baseline is first
    assert first.equals(again.baseline)
    assert replace(fit, ties="breslow").baseline is first


def test_a_baseline_far_from_zero_is_said_before_it_is_made() -> None:
    far = patients().with_columns(pl.col("x") + 1e5)
    fit = fit_cox_from_batches([far], SITES)
    assert isinstance(fit, CoxFit)
    assert any("centre the covariates" in note for note in fit.basis.warnings)
    near = fit_cox_from_batches([patients()], SITES)
    assert isinstance(near, CoxFit)
    assert not any("centre the covariates" in note for note in near.basis.warnings)
