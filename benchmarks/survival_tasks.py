"""One estimate of ours or of a peer, timed in its own process: FOLDER TASK WAY."""

from __future__ import annotations

import importlib
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from analytics.store.batches import scan_batches
from analytics.survival.cox_design import CoxSpec
from analytics.survival.day_sums_fit import fit_cox_from_batches
from benchmarks.curve_tasks import CURVE_TASKS
from benchmarks.survival_data import COVARIATES, SMALL

if TYPE_CHECKING:
    from collections.abc import Callable

MODULES = {
    "lifelines": ("lifelines",),
    "scikit-survival": ("sksurv.nonparametric",),
    "survival (Rust)": ("survival",),
}


def _fit(
    folder: Path, *, in_memory: bool = True, strata: tuple[str, ...] = (), cluster: str | None = None
) -> None:
    """Fit 24 covariates with Efron ties, reading included."""
    spec = CoxSpec(time="time_days", event="event", terms=COVARIATES, strata=strata, cluster=cluster)
    fit_cox_from_batches(scan_batches(folder / "outcomes.parquet", spec.columns), spec, in_memory=in_memory)


def _lifelines_fit(folder: Path, **options: object) -> None:
    """Fit with lifelines, from pandas rows read from the same file."""
    lifelines = importlib.import_module("lifelines")
    columns = [*COVARIATES, "time_days", "event", *(["site"] if options else [])]
    frame = pl.read_parquet(folder / "outcomes.parquet", columns=columns).to_pandas()
    lifelines.CoxPHFitter().fit(frame, "time_days", "event", **options)


TASKS: dict[tuple[str, str], Callable[[Path], None]] = {
    **CURVE_TASKS,
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
    for name in MODULES.get(way, ()):
        importlib.import_module(name)
    warnings.simplefilter("ignore")
    before = _peak()
    if task == "curves":
        # Some milliseconds are at stake: what each library does once in a process is left out for all.
        TASKS[task, way](Path(folder) / SMALL)
    began = time.perf_counter()
    TASKS[task, way](Path(folder))
    print(time.perf_counter() - began, _peak() - before)


if __name__ == "__main__":
    main(*sys.argv[1:4])
