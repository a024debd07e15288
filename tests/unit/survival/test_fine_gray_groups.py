"""Fine-Gray models with censoring groups, strata and delayed entry: definitions and R's numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from analytics.survival.fine_gray import fit_fine_gray
from analytics.survival.fine_gray_design import FineGraySpec
from analytics.survival.results_competing import FineGrayFit

DATA = Path(__file__).resolve().parents[2] / "oracle" / "data" / "mgus2_complete.csv"
GROUPED = FineGraySpec("days", "cause", ("x",), censoring_groups=("z",), censoring_ties="events_first")


def fitted(frame: pl.DataFrame, spec: FineGraySpec) -> FineGrayFit:
    fit = fit_fine_gray(frame, spec)
    assert isinstance(fit, FineGrayFit), fit
    return fit


def mgus() -> pl.DataFrame:
    return pl.read_csv(DATA, null_values=["NA", ""]).drop_nulls()


def patients(seed: int) -> pl.DataFrame:
    """Draw two groups, the second of which is followed half as long and ends with a competing event."""
    draw = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "days": [*draw.integers(1, 12, 20), *draw.integers(1, 6, 10), 6],
            "cause": [*draw.choice([0, 1, 2], 30, p=[0.3, 0.4, 0.3]), 2],
            "z": [0] * 20 + [1] * 11,
        }
    )
    return frame.with_columns(x=pl.Series(draw.normal(size=31).round(2)))


def brute_score(frame: pl.DataFrame, counts: np.ndarray, beta: float) -> float:
    """Score by its definition, events before censorings, each row standing for a number of patients."""
    days, cause, x, z = (frame[name].to_numpy().astype(float) for name in ("days", "cause", "x", "z"))

    def free(before: float, group: float) -> float:
        if before > days[z == group].max():
            return 0.0
        product = 1.0
        for day in np.unique(days[(cause == 0) & (z == group)]):
            if day < before:
                left = counts[(days == day) & (cause == 0) & (z == group)].sum()
                product *= 1 - left / (counts[(days > day) & (z == group)].sum() + left)
        return product

    score = 0.0
    for event in np.flatnonzero(cause == 1):
        weight = np.where(days >= days[event], 1.0, 0.0)
        for other in np.flatnonzero((cause == 2) & (days < days[event])):
            weight[other] = free(days[event], z[other]) / free(days[other], z[other])
        risk = counts * weight * np.exp(x * beta)
        score += counts[event] * (x[event] - (risk @ x) / risk.sum())
    return score


@pytest.mark.parametrize("seed", [1, 2])
def test_with_censoring_groups_the_variance_is_the_derivative_by_every_patients_weight(seed: int) -> None:
    frame = patients(seed)
    fit = fitted(frame, GROUPED)
    beta, one, step = fit.coefficients[0], np.ones(frame.height), 1e-5
    assert brute_score(frame, one, beta) == pytest.approx(0, abs=1e-9)
    slope = (brute_score(frame, one, beta + step) - brute_score(frame, one, beta - step)) / (2 * step)
    moved = [
        (brute_score(frame, one + step * unit, beta) - brute_score(frame, one - step * unit, beta))
        / (2 * step)
        for unit in np.eye(frame.height)
    ]
    assert fit.covariance[0][0] == pytest.approx(np.sum(np.square(moved)) / slope**2, rel=1e-6)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        # R 4.2, cmprsk: crr(etime, state, cbind(age, male), cengroup = agegrp or male, gtol = 1e-12). The
        # oldest are followed for 228 months, the youngest for 424.
        ("agegrp", (-0.0143087779027, -0.290794024918)),
        ("male", (-0.0187963926179, -0.277013418144)),
    ],
)
def test_a_group_leaves_the_risk_sets_with_its_last_follow_up(
    group: str, expected: tuple[float, float]
) -> None:
    spec = FineGraySpec("etime", "state", ("age", "male"), censoring_groups=(group,))
    assert fitted(mgus(), spec).coefficients.tolist() == pytest.approx(expected, rel=1e-8)
