"""One estimate of ours or of a peer, timed in its own process: FOLDER TASK WAY."""

from __future__ import annotations

import importlib
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from analytics.store.batches import count_rows, scan_batches
from analytics.survival.cox_design import CoxSpec
from analytics.survival.cumulative_incidence import estimate_cumulative_incidence
from analytics.survival.day_sums_fit import fit_cox_from_batches
from analytics.survival.event_counts import EventCounts
from benchmarks.survival_data import COVARIATES

if TYPE_CHECKING:
    from collections.abc import Callable

GROUPS = ("device", "severity")


def _curves(folder: Path, name: str) -> None:
    """Estimate event-free probability and incidence of both causes with variance, in 28 groups."""
    counts = EventCounts.from_counts(count_rows(folder / name, strata=GROUPS, table="outcomes"))
    for label in counts.labels():
        estimate_cumulative_incidence(counts, group=label, causes=("endpoint", "competing"))


def _fit(
    folder: Path, *, in_memory: bool = True, strata: tuple[str, ...] = (), cluster: str | None = None
) -> None:
    """Fit 24 covariates with Efron ties, reading included."""
    spec = CoxSpec(time="time_days", event="event", terms=COVARIATES, strata=strata, cluster=cluster)
    fit_cox_from_batches(scan_batches(folder / "outcomes.parquet", spec.columns), spec, in_memory=in_memory)


def _groups(folder: Path) -> list[pl.DataFrame]:
    """Read the outcomes by group, as a peer needs them."""
    columns = [*GROUPS, "time_days", "cause"]
    return pl.read_parquet(folder / "outcomes.parquet", columns=columns).partition_by(GROUPS)


def _lifelines_curves(folder: Path) -> None:
    """Do so with lifelines, incidences without their variance."""
    lifelines = importlib.import_module("lifelines")
    for part in _groups(folder):
        days, cause = part["time_days"].to_numpy(), part["cause"].to_numpy()
        lifelines.KaplanMeierFitter().fit(days, cause > 0)
        for code in (1, 2):
            lifelines.AalenJohansenFitter(calculate_variance=False, seed=1).fit(
                days, cause, event_of_interest=code
            )


def _sksurv_curves(folder: Path) -> None:
    """Do so with scikit-survival, incidences with their variance."""
    peer = importlib.import_module("sksurv.nonparametric")
    for part in _groups(folder):
        days, cause = part["time_days"].to_numpy(), part["cause"].to_numpy().astype(int)
        peer.kaplan_meier_estimator(cause > 0, days, conf_type="log-log")
        peer.cumulative_incidence_competing_risks(cause, days, conf_type="log-log")


def _lifelines_fit(folder: Path, **options: object) -> None:
    """Fit with lifelines, from pandas rows read from the same file."""
    lifelines = importlib.import_module("lifelines")
    columns = [*COVARIATES, "time_days", "event", *(["site"] if options else [])]
    frame = pl.read_parquet(folder / "outcomes.parquet", columns=columns).to_pandas()
    lifelines.CoxPHFitter().fit(frame, "time_days", "event", **options)


TASKS: dict[tuple[str, str], Callable[[Path], None]] = {
    ("curves", "calcpci"): lambda folder: _curves(folder, "outcomes.parquet"),
    ("curves", "calcpci, table"): lambda folder: _curves(folder, "outcomes.duckdb"),
    ("curves", "scikit-survival"): _sksurv_curves,
    ("curves", "lifelines"): _lifelines_curves,
    ("cox", "calcpci"): _fit,
    ("cox", "calcpci, streamed"): lambda folder: _fit(folder, in_memory=False),
    ("cox", "lifelines"): _lifelines_fit,
    ("stratified", "calcpci"): lambda folder: _fit(folder, strata=("site",)),
    ("stratified", "lifelines"): lambda folder: _lifelines_fit(folder, strata=["site"]),
    ("cluster", "calcpci"): lambda folder: _fit(folder, cluster="site"),
    ("cluster", "lifelines"): lambda folder: _lifelines_fit(folder, cluster_col="site"),
}


def _peak() -> float:
    """Give the largest resident memory so far, in MB; 0 where the system does not tell."""
    # The resource module would count what the parent held before this process began.
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    words = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(words["VmHWM"].split()[0]) / 1024


def main(folder: str, task: str, way: str) -> None:
    """Run one estimate and print its seconds and the memory above the interpreter's."""
    for name in ("lifelines", "sksurv.nonparametric"):
        if way == name.replace("sksurv.nonparametric", "scikit-survival"):
            importlib.import_module(name)
    warnings.simplefilter("ignore")
    before, began = _peak(), time.perf_counter()
    TASKS[task, way](Path(folder))
    print(time.perf_counter() - began, _peak() - before)


if __name__ == "__main__":
    main(*sys.argv[1:4])
