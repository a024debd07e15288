"""Kaplan-Meier and Aalen-Johansen in 28 groups, ours and the peers', each from the file."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import polars as pl

from analytics.store.batches import count_rows
from analytics.survival.cumulative_incidence import estimate_cumulative_incidences
from analytics.survival.event_counts import EventCounts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GROUPS = ("device", "severity")
CAUSES = ("endpoint", "competing")


def estimate_curves(folder: Path, name: str) -> None:
    """Estimate event-free probability and incidence of both causes with variances and intervals."""
    counts = EventCounts.from_counts(count_rows(folder / name, strata=GROUPS, table="outcomes"))
    # The event-free rows are the Kaplan-Meier curve of any event, with Greenwood's variance.
    estimate_cumulative_incidences(counts, causes=CAUSES)


def _groups(folder: Path) -> list[pl.DataFrame]:
    """Read the outcomes by group, as a peer needs them."""
    columns = [*GROUPS, "time_days", "cause"]
    return pl.read_parquet(folder / "outcomes.parquet", columns=columns).partition_by(GROUPS)


def _lifelines(folder: Path) -> None:
    """Do so with lifelines, incidences without their variance (which would take several times as long)."""
    lifelines = importlib.import_module("lifelines")
    for part in _groups(folder):
        # Arrays: from pandas series lifelines takes a little longer.
        days, cause = part["time_days"].to_numpy(), part["cause"].to_numpy()
        lifelines.KaplanMeierFitter().fit(days, cause > 0)
        for code in (1, 2):
            lifelines.AalenJohansenFitter(calculate_variance=False, seed=1).fit(
                days, cause, event_of_interest=code
            )


def _scikit_survival(folder: Path) -> None:
    """Do so with scikit-survival, incidences with their variance."""
    peer = importlib.import_module("sksurv.nonparametric")
    for part in _groups(folder):
        days, cause = part["time_days"].to_numpy(), part["cause"].to_numpy().astype(int)
        peer.kaplan_meier_estimator(cause > 0, days, conf_type="log-log")
        peer.cumulative_incidence_competing_risks(cause, days, conf_type="log-log")


def _rust_survival(folder: Path) -> None:
    """Do so with survival (Rust): all groups in one call, event-free probability among the states."""
    peer = importlib.import_module("survival")
    frame = pl.concat(_groups(folder))
    group = frame["device"].cast(pl.Int64) * 4 + frame["severity"]
    states = frame["cause"].replace_strict([0, 1, 2], ["censored", *CAUSES], return_dtype=pl.String)
    status = states.cast(pl.Enum(["censored", *CAUSES]))
    peer.survfit(peer.Surv(frame["time_days"].cast(pl.Float64), status), group=group.to_list())


CURVE_TASKS: dict[tuple[str, str], Callable[[Path], None]] = {
    ("curves", "calcpci"): lambda folder: estimate_curves(folder, "outcomes.parquet"),
    ("curves", "calcpci, table"): lambda folder: estimate_curves(folder, "outcomes.duckdb"),
    ("curves", "scikit-survival"): _scikit_survival,
    ("curves", "lifelines"): _lifelines,
    ("curves", "survival (Rust)"): _rust_survival,
}
