"""The same models in R, where it is installed: CPU seconds of the fit alone, reading left out."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import polars as pl

from benchmarks.survival_data import COVARIATES

FORMULA = f"Surv(time_days, event) ~ {' + '.join(COVARIATES)}"
COX = "library(survival); fit <- function(d) coxph({formula}, d{options})"
CRR = "library(cmprsk); fit <- function(d) crr(d$time_days, d$cause, as.matrix(d[, grep('^x', names(d))]))"
PROGRAMS = {
    ("cox", "R survival"): COX.format(formula=FORMULA, options=""),
    ("stratified", "R survival"): COX.format(formula=f"{FORMULA} + strata(site)", options=""),
    ("cluster", "R survival"): COX.format(formula=FORMULA, options=", cluster = site"),
    ("fine-gray", "R cmprsk"): CRR,
}
TIMED = (
    "d <- read.csv(commandArgs(TRUE)[1]); {}; used <- system.time(fit(d)); cat(used[1] + used[2], used[3])"
)


def find_r(package: str) -> str | None:
    """Give the path of Rscript where it is installed with a package; None elsewhere."""
    program = shutil.which("Rscript")
    if program is None:
        return None
    words = (program, "-e", f"stopifnot(requireNamespace('{package}'))")
    return program if subprocess.run(words, check=False, capture_output=True).returncode == 0 else None  # noqa: S603 - found on the path


def measure_r(folder: Path, key: tuple[str, str], program: str) -> tuple[float, float]:
    """Fit one model in R.

    Parameters
    ----------
    folder
        Holds ``outcomes.parquet``; a CSV file is written beside it, which R can read.
    key
        Task and way, of `PROGRAMS`.
    program
        Path of Rscript.

    Returns
    -------
    tuple
        CPU seconds and wall seconds of the fit.
    """
    rows = folder / "outcomes.csv"
    if not rows.exists():
        pl.read_parquet(folder / "outcomes.parquet").write_csv(rows)
    words = (program, "-e", TIMED.format(PROGRAMS[key]), str(rows))
    answer = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603 - our own program
    spent, wall = answer.stdout.split()[-2:]
    return float(spent), float(wall)
