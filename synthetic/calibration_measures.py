"""What a registry shows, with the noise of the sample at hand: shares, means and tables joined for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import TYPE_CHECKING

import polars as pl
import polars.selectors as cs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from synthetic.registry import Registry

ERRORS_ALLOWED = 3.0
"""Standard errors by which a sample may lie outside a range: by chance, 1 in 700 at the bound itself."""

_ROWS_OF_A_MEAN = 10

SPECIAL = ("rotational_atherectomy", "orbital_atherectomy", "intravascular_lithotripsy", "elca")
CUTTING = ("cutting_balloon", "scoring_balloon")


@dataclass(frozen=True)
class Measured:
    """A figure of a registry.

    Parameters
    ----------
    value
        Share (0..1) or mean.
    rows
        Procedures, lesions, patients, devices or hospitals it was taken from.
    spread
        Standard deviation of a row; None for a share, whose spread follows from the share.
    between
        Standard error from how far hospitals differ (clusters), or from a Monte-Carlo sample.
    """

    value: float
    rows: int
    spread: float | None = None
    between: float = 0.0

    def error_at(self, bound: float) -> float:
        """Return the standard error if the true value lay at a bound: of rows, or of hospitals if larger."""
        spread = sqrt(max(bound * (1 - bound), 0.0)) if self.spread is None else self.spread
        return max(spread / sqrt(self.rows), self.between)

    def widen(self, low: float, high: float) -> tuple[float, float]:
        """Return a range with the noise of this sample added."""
        return low - ERRORS_ALLOWED * self.error_at(low), high + ERRORS_ALLOWED * self.error_at(high)


def share(rows: pl.DataFrame, claim: pl.Expr) -> Measured | None:
    """Measure the share of rows for which a claim holds, rows without an answer left out."""
    return _measure(rows, claim.cast(pl.Float64), is_share=True)


def mean(rows: pl.DataFrame, value: pl.Expr | str) -> Measured | None:
    """Measure the mean of a column or an expression, empty cells left out; of ten rows or more.

    Fewer do not tell their own spread.
    """
    expression = pl.col(value) if isinstance(value, str) else value
    return _measure(rows, expression.cast(pl.Float64), is_share=False)


def _measure(rows: pl.DataFrame, value: pl.Expr, *, is_share: bool) -> Measured | None:
    """Measure a mean with its errors; rows need `site_id`."""
    known = rows.select("site_id", value.alias("value")).drop_nulls()
    if len(known) < (1 if is_share else _ROWS_OF_A_MEAN):
        return None
    average = float(known["value"].sum()) / len(known)
    sites = known.group_by("site_id").agg((pl.col("value") - average).sum().alias("excess"))
    count = len(sites)
    squares = float((sites["excess"] ** 2).sum())
    between = sqrt(squares * count / (count - 1)) / len(known) if count > 1 else 0.0
    deviation = known["value"].std()
    spread = float(deviation) if isinstance(deviation, float) else 0.0
    return Measured(average, len(known), None if is_share else spread, between)


def difference(first: Measured | None, second: Measured | None) -> Measured | None:
    """Measure how far the first mean lies above the second, of other rows."""
    if first is None or second is None:
        return None
    error = sqrt(first.error_at(first.value) ** 2 + second.error_at(second.value) ** 2)
    return Measured(first.value - second.value, first.rows + second.rows, 0.0, error)


def standardised(rows: pl.DataFrame, value: pl.Expr, *, by: str, target: pl.DataFrame) -> Measured | None:
    """Measure a mean as if the rows had the mix of a target: imaging goes to harder lesions than others.

    Parameters
    ----------
    rows, value
        What is measured, 0 or 1 for a share.
    by
        Column of both frames whose mix is taken from the target; 'unknown' is left out.
    target
        All rows that the measured ones stand for.
    """
    known = (
        rows.filter(pl.col(by) != "unknown").select(by, value.cast(pl.Float64).alias("value")).drop_nulls()
    )
    groups = known.group_by(by).agg(
        pl.col("value").mean(), pl.col("value").var().fill_null(0.0).alias("variance"), pl.len().alias("n")
    )
    weights = target.filter(pl.col(by) != "unknown").group_by(by).agg(pl.len().alias("weight"))
    both = groups.join(weights, on=by)
    if both.is_empty():
        return None
    part = both["weight"] / both["weight"].sum()
    error = sqrt(float((part**2 * both["variance"] / both["n"]).sum()))
    return Measured(float((part * both["value"]).sum()), len(known), 0.0, error)


class View:
    """Tables of a registry with plain codes, joined for measuring; each is made once.

    Parameters
    ----------
    registry
        From `generate_registry`; the truth with a sample where true risks are measured.
    """

    def __init__(self, registry: Registry) -> None:
        self.truth = registry.truth
        self._tables = registry.tables

    def table(self, name: str) -> pl.DataFrame:
        """Return a canonical table with codes as text."""
        return self._tables[name].with_columns((cs.categorical() | cs.enum()).cast(pl.String))

    @cached_property
    def procedures(self) -> pl.DataFrame:
        """Procedures with `sex` and calendar `year`."""
        patients = self.table("patients").select("patient_id", "sex")
        year = pl.col("procedure_date").dt.year().alias("year")
        return self.table("procedures").join(patients, on="patient_id", how="left").with_columns(year)

    @cached_property
    def index_procedures(self) -> pl.DataFrame:
        """First procedure of each patient."""
        return self.procedures.sort("procedure_date").unique("patient_id", keep="first", maintain_order=True)

    @cached_property
    def lesions(self) -> pl.DataFrame:
        """Lesions with their procedure's `site_id` and `patient_id`."""
        owners = self.procedures.select("procedure_id", "patient_id", "site_id")
        return self.table("lesions").join(owners, on="procedure_id", how="left")

    @cached_property
    def devices(self) -> pl.DataFrame:
        """Device uses with their lesion's hospital and reference diameter."""
        owners = self.lesions.select("lesion_id", "procedure_id", "site_id", "reference_diameter_mm")
        return self.table("device_uses").join(owners, on="lesion_id", how="left")

    @cached_property
    def baseline_imaging(self) -> pl.DataFrame:
        """Imaging before treatment with its lesion's hospital, grade and assessor."""
        owners = self.lesions.select(
            "lesion_id", "procedure_id", "site_id", "calcification_angio", "calcification_assessor"
        )
        runs = self.table("imaging").filter(pl.col("stage") == "baseline")
        return runs.join(owners, on="lesion_id", how="left")

    @cached_property
    def complications(self) -> pl.DataFrame:
        """Recorded complications."""
        return self.table("complications")

    def lesions_with(self, classes: Iterable[str], *, alone: bool = False) -> pl.DataFrame:
        """Return lesions in which a device was used; `alone`: and no other calcium-specific one."""
        wanted = list(classes)
        used = self.devices.filter(pl.col("device_class").is_in(wanted)).select("lesion_id").unique()
        rows = self.lesions.join(used, on="lesion_id", how="semi")
        if not alone:
            return rows
        others = [name for name in (*SPECIAL, *CUTTING) if name not in wanted]
        mixed = self.devices.filter(pl.col("device_class").is_in(others)).select("lesion_id").unique()
        return rows.join(mixed, on="lesion_id", how="anti")

    def procedures_with(self, classes: Iterable[str], *, alone: bool = False) -> pl.DataFrame:
        """Return procedures in which a device was used."""
        owners = self.lesions_with(classes, alone=alone).select("procedure_id").unique()
        return self.procedures.join(owners, on="procedure_id", how="semi")

    def patients_with(self, classes: Iterable[str]) -> pl.DataFrame:
        """Return the first procedure with a device of each patient who had one."""
        return (
            self.procedures_with(classes)
            .sort("procedure_date")
            .unique("patient_id", keep="first", maintain_order=True)
        )
