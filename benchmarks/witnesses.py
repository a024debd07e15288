"""Curves and Cox models beside lifelines, on the same rows in the same process."""

from __future__ import annotations

import numpy as np
import polars as pl
from lifelines import CoxPHFitter, KaplanMeierFitter

from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec
from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curves
from benchmarks.timing import best

PATIENTS = 100_000
COVARIATES = 8


def run(rows: int | None) -> None:
    """Print seconds and ratios for Kaplan-Meier in 28 groups and an Efron fit of 8 covariates."""
    frame = _patients(rows or PATIENTS)
    _row("Kaplan-Meier, 28 groups", best(lambda: _curves(frame)), best(lambda: _their_curves(frame)))
    _row("Cox, Efron, 8 covariates", best(lambda: _fit(frame), 1), best(lambda: _their_fit(frame), 1))


def _row(name: str, ours: float, theirs: float) -> None:
    """Print one comparison."""
    print(f"{name:<28}ours {ours:>7.3f} s   lifelines {theirs:>7.3f} s   ratio {theirs / ours:>5.1f}")


def _patients(n: int) -> pl.DataFrame:
    """Draw patients with whole days up to five years."""
    generator = np.random.default_rng(1)
    x = generator.normal(size=(n, COVARIATES))
    days = np.ceil(generator.exponential(3000 * np.exp(-0.2 * x[:, 0])))
    return pl.DataFrame(
        {
            "group": generator.integers(0, 28, n),
            "time_days": np.minimum(days, 1825).astype(np.int64),
            "cause": (days <= 1825).astype(np.int8),
            **{f"x{i}": x[:, i] for i in range(COVARIATES)},
        }
    )


def _curves(frame: pl.DataFrame) -> None:
    """Estimate ours."""
    estimate_event_curves(count_events(frame, strata=("group",)))


def _their_curves(frame: pl.DataFrame) -> None:
    """Estimate with lifelines."""
    for _, part in frame.group_by("group"):
        KaplanMeierFitter().fit(part["time_days"].to_numpy(), part["cause"].to_numpy())


def _fit(frame: pl.DataFrame) -> None:
    """Fit ours; below 50,000 numbers it starts from lifelines."""
    terms = tuple(f"x{i}" for i in range(COVARIATES))
    fit_cox(frame, CoxSpec(time="time_days", event="cause", terms=terms))


def _their_fit(frame: pl.DataFrame) -> None:
    """Fit with lifelines."""
    CoxPHFitter().fit(frame.drop("group").to_pandas(), "time_days", "cause")
