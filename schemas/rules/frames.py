"""The accepted rows that cross-table rules look at, and the views that several of them share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import ref

import polars as pl

from schemas.rules.context import NO_CONTEXT, Context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date


_OWNERS = ("site_id", "patient_id")

VISIT = (
    *("patient_id", "procedure_id", "procedure_date", "procedure_day", "discharge_date", "discharge_day"),
    *("age_years", "prior_pci", "staged_pci_planned"),
)
"""Columns of a procedure that are held against those of another one of the patient."""


@dataclass(frozen=True, eq=False)
class Frames:
    """Accepted rows of one submission.

    Parameters
    ----------
    tables
        Typed canonical columns by table, plus ``at``, the number of the row within its table.
    known_keys
        Primary keys that the store already holds, by table.
    load_date
        Date on which the submission is loaded.
    rejected
        Typed rows that an earlier finding rejected, by table. What is missing because of them is no second
        fault.
    context
        What is known beside the submission.
    made
        What checks have made of tables so far, for those that need the same.
    """

    tables: Mapping[str, pl.DataFrame]
    known_keys: Mapping[str, pl.Series]
    load_date: date
    rejected: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    context: Context = NO_CONTEXT
    made: dict[str, tuple[ref[pl.DataFrame], pl.DataFrame]] = field(default_factory=dict, repr=False)

    def once(self, name: str, table: str, make: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
        """Return what a function makes of a table, made again only where the table is another one now."""
        rows = self[table]
        of, found = self.made.get(name, (None, rows))
        if of is None or of() is not rows:
            found = make(rows)
            self.made[name] = (ref(rows), found)
        return found

    def __getitem__(self, table: str) -> pl.DataFrame:
        """Return the accepted rows of a table."""
        return self.tables[table]

    def known(self, table: str) -> pl.Series:
        """Return the primary keys of a table that the store holds."""
        return self.known_keys.get(table, pl.Series(dtype=pl.String))

    def lost(self, table: str, column: str) -> pl.Expr:
        """Return whether the column of the same name stands in a rejected row of a table."""
        rows = self.rejected.get(table)
        found = pl.Series(dtype=pl.String) if rows is None else rows[column].drop_nulls()
        return pl.col(column).is_in(found.implode())

    def sent(self, table: str) -> pl.DataFrame:
        """Return accepted and rejected rows of a table."""
        rows = self.rejected.get(table)
        return self[table] if rows is None else pl.concat([self[table], rows])

    def with_site(self, table: str, *names: str) -> pl.DataFrame:
        """Return a table with ``date_policy``, ``followup_source`` and cut-off of the row's site.

        Follow-up and events take the site of their patient. A site that only the store knows leaves nulls.
        Where columns are named, only they and those that tell the site are returned.
        """
        frame = self[table]
        if names:
            frame = frame.select("at", *(name for name in _OWNERS if name in frame.columns), *names)
        if "site_id" not in frame.columns:
            frame = frame.join(self["patients"].select("patient_id", "site_id"), on="patient_id", how="left")
        columns = ("site_id", "date_policy", "followup_source", "data_cutoff_date", "data_cutoff_day")
        return frame.join(self["sites"].select(columns), on="site_id", how="left", maintain_order="left")

    def exactly_dated(self, table: str, *names: str) -> pl.DataFrame:
        """Return the rows of `with_site` whose site does not cut dates to the month."""
        return self.with_site(table, *names).filter(~_policy_is("month_only"))

    def truly_dated(self, table: str, *names: str) -> pl.DataFrame:
        """Return the rows of `with_site` whose dates may be held against a calendar."""
        return self.with_site(table, *names).filter(~_policy_is("shifted", "relative"))


def _policy_is(*policies: str) -> pl.Expr:
    """Whether the site's date policy is one of these; an unknown policy is none of them."""
    return pl.col("date_policy").is_in(policies).fill_null(value=False)


def first_procedures(frames: Frames) -> pl.DataFrame:
    """Return per patient the ``first_date`` and ``first_day`` of the procedures of this submission.

    A patient with a rejected procedure has no first: it may be that one, and its date may be the fault.
    """
    return (
        frames["procedures"]
        .filter(~frames.lost("procedures", "patient_id"))
        .group_by("patient_id")
        .agg(
            pl.col("procedure_date").min().alias("first_date"),
            pl.col("procedure_day").min().alias("first_day"),
        )
    )


def deaths(frames: Frames) -> pl.DataFrame:
    """Return per patient the earliest and latest moment that a death event allows.

    Columns ``dead_from`` and ``dead_by`` (dates), ``dead_from_day`` and ``dead_by_day`` (days). A death known
    to the month lies anywhere in it; one known only to have happened by a day has no earliest moment.
    """
    frame = frames.with_site("events").filter(pl.col("event_type") == "death")
    precision = pl.col("event_date_precision")
    is_exact = precision != "on_or_before"
    is_monthly = (precision == "month") | _policy_is("month_only")
    date, day = pl.col("event_date"), pl.col("event_day")
    start = (
        pl.when(precision == "year").then(date.dt.truncate("1y")).when(is_monthly).then(date.dt.month_start())
    )
    end = pl.when(precision == "year").then(date.dt.truncate("1y").dt.offset_by("1y").dt.offset_by("-1d"))
    return frame.group_by("patient_id").agg(
        pl.when(is_exact).then(start.otherwise(date)).min().alias("dead_from"),
        end.when(is_monthly).then(date.dt.month_end()).otherwise(date).max().alias("dead_by"),
        pl.when(is_exact).then(day).min().alias("dead_from_day"),
        day.max().alias("dead_by_day"),
    )


def repeated_visits(frames: Frames) -> pl.DataFrame:
    """Return the procedures of patients who may have several, in the order of the table.

    Rules that hold a procedure against another of the patient need look at no more than these. Columns
    ``at``, ``patient`` (a number of the patient), ``day`` (of either kind, or null) and those of `VISIT`.
    """
    return frames.once("repeated visits", "procedures", _repeated_visits)


def _repeated_visits(procedures: pl.DataFrame) -> pl.DataFrame:
    """Pick out the procedures of patients who have several."""
    day = pl.coalesce(pl.col("procedure_date").cast(pl.Int64), pl.col("procedure_day"))
    rows = procedures.select("at", *VISIT, day.alias("day")).filter(may_repeat(procedures["patient_id"]))
    return rows.with_columns(patient=pl.col("patient_id").rank("dense"))


def may_repeat(keys: pl.Series) -> pl.Series:
    """Return whether a key may come more than once: by its hash, so that single ones can be among them."""
    return keys.hash(seed=0).is_duplicated()


def by_patient(visits: pl.DataFrame, *when: str) -> tuple[pl.DataFrame, pl.Expr, pl.Expr]:
    """Sort visits of each patient in time.

    Returns
    -------
    tuple of polars.DataFrame and two of polars.Expr
        The visits, and whether the row before and the row after is one of the same patient.
    """
    patient = pl.col("patient")
    is_second = (patient == patient.shift()).fill_null(value=False)
    is_followed = (patient == patient.shift(-1)).fill_null(value=False)
    return visits.sort("patient", *when, "at"), is_second, is_followed


def failing(frame: pl.DataFrame, fails: pl.Expr) -> pl.Series:
    """Return the row numbers for which an expression is true; null is not a failure."""
    # Only the numbers are wanted: picking out whole rows would copy every column of them.
    return frame.select("at", fails=fails).filter("fails")["at"].sort()


def none_failing() -> pl.Series:
    """Return no row number."""
    return pl.Series("at", [], dtype=pl.Int64)
