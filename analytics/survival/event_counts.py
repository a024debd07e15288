"""Event counts: the only thing that the curves and the log-rank family ever read.

One row per (stratum, day, cause) with the number of patients who left observation there. Counts of disjoint
patients add up exactly, so one file, a stream of batches, a database `GROUP BY` and several hospitals give
the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from analytics.survival.cell_order import order_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TIME = "time_days"
CAUSE = "cause"
SUMS = ("n", "n_inexact", "sum_w", "sum_w2")
"""Columns that add up when counts are merged, in this order."""


@dataclass(frozen=True, eq=False)
class EventCounts:
    """How many patients left observation on which day and why, by stratum.

    Parameters
    ----------
    frame
        One row per stratum, day and cause, ascending: the strata columns, ``time_days`` (days since time
        zero, >= 0), ``cause`` (Int64: 0 censored, 1 the endpoint, 2 and more competing events), ``n`` (Int64
        patients), ``n_inexact`` (Int64: those of them whose day is only an upper bound) and, for weighted
        data, ``sum_w`` and ``sum_w2`` (sums of the weights and of their squares).
    strata
        Names of the strata columns, in order.
    entries
        For delayed entry, one row per stratum and day: ``time_days`` of entry, ``n`` and perhaps ``sum_w``.
        Patients without a row here were under observation from the start. None where nobody entered late.
    """

    frame: pl.DataFrame
    strata: tuple[str, ...] = ()
    entries: pl.DataFrame | None = None

    @classmethod
    def from_counts(cls, frame: pl.DataFrame, *, entries: pl.DataFrame | None = None) -> EventCounts:
        """Take a long table of counts, as one ``GROUP BY`` returns it.

        Parameters
        ----------
        frame
            ``time_days``, ``cause``, ``n``, perhaps ``n_inexact``, ``sum_w`` and ``sum_w2``; every other
            column is a stratum. Rows may come in any order and may repeat a cell.
        entries
            The same strata columns, ``time_days`` of entry and ``n``; None without delayed entry.

        Raises
        ------
        ValueError
            When a column is missing, or a count is negative or absent.
        """
        strata = tuple(name for name in frame.columns if name not in {TIME, CAUSE, *SUMS})
        _require_sound(frame, time=TIME, cause=CAUSE)
        if frame["n"].null_count() or (frame["n"] < 0).any():
            msg = "n: a count is absent or negative. Count rows with count(*)."
            raise ValueError(msg)
        return cls(_tidy(frame, strata), strata, None if entries is None else _tidy_entries(entries, strata))

    @property
    def is_weighted(self) -> bool:
        """True where the counts carry sums of weights."""
        return "sum_w" in self.frame.columns

    def labels(self) -> tuple[str, ...]:
        """Return the stratum labels in ascending order; empty without strata columns, nulls left out."""
        if not self.strata:
            return ()
        return stratum_labels(
            self.frame.select(self.strata).drop_nulls().unique().sort(self.strata), self.strata
        )

    def of_group(self, label: str) -> EventCounts:
        """Return the counts of one stratum, without strata columns; all counts where there are no strata.

        Parameters
        ----------
        label
            The value of the strata column, or the values joined by ``", "`` where there are several. A label
            that nobody carries gives empty counts.
        """
        if not self.strata:
            return self
        frame = self._groups.get(label, self.frame.clear().drop(self.strata))
        entries = (
            None
            if self.entries is None
            else self.entries.filter(_stratum_label(self.strata) == label).drop(self.strata)
        )
        return EventCounts(frame, (), entries)

    @cached_property
    def _groups(self) -> dict[str, pl.DataFrame]:
        """Counts by stratum label, split once: a search for each label would read all counts each time."""
        groups: dict[str, pl.DataFrame] = {}
        for part in self.frame.drop_nulls(self.strata).partition_by(self.strata, maintain_order=True):
            label = part.head(1).select(_stratum_label(self.strata)).item()
            frame = part.drop(self.strata)
            groups[label] = pl.concat([groups[label], frame]) if label in groups else frame
        return groups

    def pooled(self, strata: Sequence[str] = ()) -> EventCounts:
        """Add up over every strata column that ``strata`` does not name."""
        kept = tuple(strata)
        gone = [name for name in self.strata if name not in kept]
        entries = None if self.entries is None else _tidy_entries(self.entries.drop(gone), kept)
        return EventCounts(_tidy(self.frame.drop(gone), kept), kept, entries)


def count_events(
    frame: pl.DataFrame,
    *,
    time: str = TIME,
    cause: str = CAUSE,
    strata: Sequence[str] = (),
    entry: str | None = None,
    weight: str | None = None,
) -> EventCounts:
    """Count patients by stratum, last day and cause.

    Parameters
    ----------
    frame
        One row per patient: ``time`` (days since time zero, >= 0; whole days in a registry), ``cause`` (0
        censored, 1 the endpoint, 2 and more competing events; a boolean counts as 0 and 1), the strata
        columns, perhaps ``time_is_exact`` (False where the event is only known to have happened by that day).
    time, cause
        Names of those columns.
    strata
        Columns to count by.
    entry
        Column with the day on which observation began, for delayed entry: a row is at risk on (entry, time].
        A null means observed from the start. None where everybody was.
    weight
        Column with sampling weights, >= 0; None for unweighted counts.

    Returns
    -------
    EventCounts
        Additive counts; see :func:`merge`.

    Raises
    ------
    ValueError
        When times, causes or weights are absent or negative, or a row leaves on or before the day it entered.
    """
    _require_sound(frame, time=time, cause=cause, entry=entry, weight=weight)
    keys = list(strata)
    exact = pl.col("time_is_exact") if "time_is_exact" in frame.columns else pl.lit(value=True)
    sums = {"n": pl.len().cast(pl.Int64), "n_inexact": (~exact.fill_null(value=False)).sum().cast(pl.Int64)}
    if weight is not None:
        sums |= {"sum_w": pl.col(weight).sum(), "sum_w2": pl.col(weight).pow(2).sum()}
    columns = [pl.col(time).alias(TIME), pl.col(cause).cast(pl.Int64).alias(CAUSE)]
    cells = frame.with_columns(columns).group_by([*keys, TIME, CAUSE]).agg(**sums)
    entries = None if entry is None else _count_entries(frame, keys, entry=entry, weight=weight)
    return EventCounts(_tidy(cells, tuple(keys)), tuple(keys), entries)


def merge(first: EventCounts, second: EventCounts) -> EventCounts:
    """Add the counts of two disjoint sets of patients.

    Parameters
    ----------
    first, second
        Counts by the same strata, both weighted or both not.

    Returns
    -------
    EventCounts
        What counting the union of the two sets would have given.

    Raises
    ------
    ValueError
        When the two differ in strata, weights or delayed entry.
    """
    alike = first.strata == second.strata and first.frame.columns == second.frame.columns
    if not alike or (first.entries is None) != (second.entries is None):
        msg = "counts differ in strata, weights or delayed entry. Count both parts with the same options."
        raise ValueError(msg)
    frame = _tidy(pl.concat([first.frame, second.frame], how="vertical_relaxed"), first.strata)
    if first.entries is None or second.entries is None:
        return EventCounts(frame, first.strata)
    entries = pl.concat([first.entries, second.entries], how="vertical_relaxed")
    return EventCounts(frame, first.strata, _tidy_entries(entries, first.strata))


def stratum_labels(frame: pl.DataFrame, strata: tuple[str, ...]) -> tuple[str, ...]:
    """Give the label of the stratum in each row of a frame with the strata columns."""
    return tuple(frame.select(_stratum_label(strata)).to_series().to_list())


def _stratum_label(strata: tuple[str, ...]) -> pl.Expr:
    """Join the values of the strata columns."""
    return pl.concat_str([pl.col(name).cast(pl.String) for name in strata], separator=", ")


def _number(name: str, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """Keep whole days whole and everything else as floats."""
    return pl.col(name).cast(pl.Int64 if schema[name].is_integer() else pl.Float64)


def _tidy(frame: pl.DataFrame, strata: tuple[str, ...]) -> pl.DataFrame:
    """Add up repeated cells and fix column order, types and row order."""
    if "n_inexact" not in frame.columns:
        frame = frame.with_columns(n_inexact=pl.lit(0, dtype=pl.Int64))
    keys = [*strata, TIME, CAUSE]
    sums = [name for name in SUMS if name in frame.columns]
    typed = frame.with_columns(
        _number(TIME, frame.schema), pl.col(CAUSE).cast(pl.Int64), pl.col("n", "n_inexact").cast(pl.Int64)
    )
    columns = typed.select([*keys, *sums])
    ordered = order_cells(columns, keys)
    return columns.group_by(keys).agg(pl.col(sums).sum()).sort(keys) if ordered is None else ordered


def _tidy_entries(frame: pl.DataFrame, strata: tuple[str, ...]) -> pl.DataFrame:
    """Add up repeated entry days and fix column order, types and row order."""
    keys = [*strata, TIME]
    sums = [name for name in ("n", "sum_w") if name in frame.columns]
    typed = frame.with_columns(_number(TIME, frame.schema), pl.col("n").cast(pl.Int64))
    return typed.group_by(keys).agg(pl.col(sums).sum()).sort(keys).select([*keys, *sums])


def _count_entries(frame: pl.DataFrame, keys: list[str], *, entry: str, weight: str | None) -> pl.DataFrame:
    """Count late entries by stratum and day."""
    late = frame.filter(pl.col(entry).is_not_null()).with_columns(pl.col(entry).alias(TIME))
    sums = {"n": pl.len().cast(pl.Int64)} | ({} if weight is None else {"sum_w": pl.col(weight).sum()})
    return _tidy_entries(late.group_by([*keys, TIME]).agg(**sums), tuple(keys))


def _require_sound(
    frame: pl.DataFrame, *, time: str, cause: str, entry: str | None = None, weight: str | None = None
) -> None:
    """Refuse rows that no estimator could place; the message holds counts, never values."""
    faults = {
        f"{time} absent or negative": ~(pl.col(time) >= 0).fill_null(value=False),
        f"{cause} absent or negative": ~(pl.col(cause).cast(pl.Int64) >= 0).fill_null(value=False),
    }
    if entry is not None:
        faults[f"{time} not after {entry}"] = (pl.col(entry) >= pl.col(time)).fill_null(value=False)
    if weight is not None:
        faults[f"{weight} absent, negative or not finite"] = ~(
            pl.col(weight).is_finite() & (pl.col(weight) >= 0)
        ).fill_null(value=False)
    found = frame.select(rows.sum().alias(fault) for fault, rows in faults.items())
    for fault, bad in found.row(0, named=True).items():
        if bad:
            msg = f"{fault} in {bad} rows. Derive outcomes with analytics.cohort, or leave such rows out."
            raise ValueError(msg)
