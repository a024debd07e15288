"""Cox and Fine-Gray models, ours and the peers', each from the file."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import polars as pl

from analytics.store.batches import scan_batches
from analytics.survival.cox_design import CoxSpec
from analytics.survival.day_sums_fit import fit_cox_from_batches
from analytics.survival.fine_gray import fit_fine_gray
from analytics.survival.fine_gray_design import FineGraySpec
from benchmarks.survival_data import COVARIATES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# The numeric covariates, and some that are 0 or 1.
EIGHT = COVARIATES[-8:]


def _fit(
    folder: Path,
    *,
    terms: tuple[str, ...] = COVARIATES,
    strata: tuple[str, ...] = (),
    cluster: str | None = None,
    in_memory: bool = True,
) -> None:
    """Fit Cox's model with Efron ties, reading included."""
    spec = CoxSpec(time="time_days", event="event", terms=terms, strata=strata, cluster=cluster)
    fit_cox_from_batches(scan_batches(folder / "outcomes.parquet", spec.columns), spec, in_memory=in_memory)


def _fine_gray(folder: Path, terms: tuple[str, ...]) -> None:
    """Fit Fine and Gray's model with the variance that carries the estimated censoring."""
    columns = ["time_days", "cause", *terms]
    frame = pl.read_parquet(folder / "outcomes.parquet", columns=columns)
    fit_fine_gray(frame, FineGraySpec("time_days", "cause", terms))


def _lifelines(folder: Path, **options: object) -> None:
    """Fit with lifelines, from pandas rows read from the same file."""
    lifelines = importlib.import_module("lifelines")
    columns = [*COVARIATES, "time_days", "event", *(["site"] if options else [])]
    frame = pl.read_parquet(folder / "outcomes.parquet", columns=columns).to_pandas()
    lifelines.CoxPHFitter().fit(frame, "time_days", "event", **options)


def _rust_survival(folder: Path, **options: object) -> None:
    """Fit eight covariates with survival (Rust)."""
    peer = importlib.import_module("survival")
    columns = [*EIGHT, "time_days", "event", *(["site"] if options else [])]
    frame = pl.read_parquet(folder / "outcomes.parquet", columns=columns)
    data = {name: frame[name].cast(pl.Float64).to_numpy() for name in columns}
    peer.coxph(f"Surv(time_days, event) ~ {' + '.join(EIGHT)}", data, **options)


def _comprisk(folder: Path) -> None:
    """Fit eight covariates with comprisk and its robust variance."""
    peer = importlib.import_module("comprisk")
    frame = pl.read_parquet(folder / "outcomes.parquet", columns=["time_days", "cause", *EIGHT])
    peer.FineGrayRegression(robust_se=True).fit(
        frame.select(pl.col(EIGHT).cast(pl.Float64)).to_numpy(),
        time=frame["time_days"].cast(pl.Float64).to_numpy(),
        event=frame["cause"].cast(pl.Int64).to_numpy(),
    )


MODEL_TASKS: dict[tuple[str, str], Callable[[Path], None]] = {
    ("cox", "calcpci"): _fit,
    ("cox", "calcpci, streamed"): lambda folder: _fit(folder, in_memory=False),
    ("cox", "lifelines"): _lifelines,
    ("cox, 8 covariates", "calcpci"): lambda folder: _fit(folder, terms=EIGHT),
    ("cox, 8 covariates", "survival (Rust)"): _rust_survival,
    ("stratified", "calcpci"): lambda folder: _fit(folder, strata=("site",)),
    ("stratified", "lifelines"): lambda folder: _lifelines(folder, strata=["site"]),
    ("cluster", "calcpci"): lambda folder: _fit(folder, cluster="site"),
    ("cluster", "lifelines"): lambda folder: _lifelines(folder, cluster_col="site"),
    ("cluster, 8 covariates", "calcpci"): lambda folder: _fit(folder, terms=EIGHT, cluster="site"),
    ("cluster, 8 covariates", "survival (Rust)"): lambda folder: _rust_survival(folder, cluster="site"),
    ("fine-gray", "calcpci"): lambda folder: _fine_gray(folder, COVARIATES),
    ("fine-gray, 8 covariates", "calcpci"): lambda folder: _fine_gray(folder, EIGHT),
    ("fine-gray, 8 covariates", "comprisk"): _comprisk,
}
