"""The running number of a case: how often an operator or site had used a device before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.devices.sources import check_keys, read_entries, refuse

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class CaseBands:
    """Bands of the running case number.

    Parameters
    ----------
    starts
        First case of each band, ascending from 1; the last band is open.
    lead_days
        Days of other procedures on record before the first case that make a starter.
    """

    starts: tuple[int, ...]
    lead_days: int


@dataclass(frozen=True)
class CaseRange:
    """Cases from one number to another.

    Parameters
    ----------
    first, last
        Both included; None for an open end.
    """

    first: int
    last: int | None

    @property
    def label(self) -> str:
        """Words for it: ``1-10`` with an en dash, or ``101 or more``."""
        return f"{self.first} or more" if self.last is None else f"{self.first}\u2013{self.last}"

    def holds(self, number: str) -> pl.Expr:
        """Whether a column of case numbers lies in it."""
        above = pl.col(number) >= self.first
        return above if self.last is None else above & (pl.col(number) <= self.last)


def read_case_bands(path: Path | None = None) -> CaseBands:
    """Read the definition of the bands.

    Parameters
    ----------
    path
        A TOML file like ``learning.toml`` of this package, which is read where None.

    Raises
    ------
    SpecificationError
        Where the file is not valid: unknown keys, or bands that do not ascend from case 1.
    """
    raw, *others = read_entries("learning.toml", "learning", path)
    where = str(path or "learning.toml")
    check_keys(raw, required={"key", "starts", "lead_days"}, optional=set(), where=where)
    starts = raw["starts"]
    if others or starts[:1] != [1] or len(starts) < 2 or starts != sorted(set(starts)):
        raise refuse(where, "bands do not ascend from case 1", "Write starts = [1, 11, 31].")
    return CaseBands(tuple(starts), int(raw["lead_days"]))


def number_cases(procedures: pl.DataFrame, cases: pl.DataFrame, *, unit: str, lead_days: int) -> pl.DataFrame:
    """Count up the cases of each operator or site in the order of their dates.

    Parameters
    ----------
    procedures
        One row per procedure on record, with or without the device: ``procedure_id``, ``procedure_date`` and
        the unit.
    cases
        One row per procedure with the device: ``procedure_id`` and any columns to keep.
    unit
        Column that names whose experience is counted: ``operator_id`` or ``site_id``.
    lead_days
        Days of other procedures on record before the first case that make a starter.

    Returns
    -------
    polars.DataFrame
        The rows of `cases` whose unit and date are known, with ``owner``, ``case_number`` (from 1; cases of
        one day in the order of their identifiers, since the hour is not on record) and ``is_starter``.
    """
    known = procedures.select("procedure_id", "procedure_date", owner=pl.col(unit)).drop_nulls()
    first_seen = known.group_by("owner").agg(first_seen=pl.col("procedure_date").min())
    kept = [name for name in cases.columns if name not in {"procedure_date", "owner"}]
    numbered = (
        cases.select(kept)
        .join(known, on="procedure_id", how="inner")
        .sort("owner", "procedure_date", "procedure_id")
        .with_columns(case_number=pl.int_range(1, pl.len() + 1).over("owner"))
        .join(first_seen, on="owner", how="left", maintain_order="left")
    )
    lead = (pl.col("procedure_date").min().over("owner") - pl.col("first_seen")).dt.total_days()
    return numbered.with_columns(is_starter=lead >= lead_days).drop("first_seen")
