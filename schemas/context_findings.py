"""Findings that hold the whole submission against what is known from outside it: F10, F11 and K13."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.findings import file_finding
from schemas.rules.keys import vanished_rows
from schemas.submission import empty_findings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.rules.context import Context
    from schemas.submission import TextTable
    from schemas.table_state import TableState

OUTSIDE_LISTED, OUTSIDE_REFUSED = 0.01, 0.10
"""Shares of procedures outside the declared period above which they are listed, and the file is refused."""


def findings_of_context(
    states: Mapping[str, TableState], texts: Sequence[TextTable], context: Context
) -> pl.DataFrame:
    """Return the findings about the whole submission that need its context.

    Parameters
    ----------
    states, texts
        The tables after validation, and as they came.
    context
        Registered sites (F10), declared period (F11) and keys of the earlier submission (K13).
    """
    files = {text.table: text.file for text in reversed(texts)}
    found = [
        empty_findings(),
        *_foreign_sites(states, files, context),
        *_outside_period(states, files, context),
        *_vanished(states, files, context),
    ]
    return pl.concat(found)


def _foreign_sites(
    states: Mapping[str, TableState], files: Mapping[str, str], context: Context
) -> list[pl.DataFrame]:
    """Return one finding for each table that names a site which is not registered for the submitter."""
    if context.registered_sites is None:
        return []
    allowed = sorted(context.registered_sites)
    found = []
    for name in ("sites", "patients", "procedures"):
        n = states[name].rows.as_sent("site_id").filter(~pl.col("site_id").is_in(allowed)).height
        if n:
            place = {"table": name, "column": "site_id"}
            found.append(file_finding("F10", file=files.get(name, ""), n=n, place=place))
    return found


def _outside_period(
    states: Mapping[str, TableState], files: Mapping[str, str], context: Context
) -> list[pl.DataFrame]:
    """Return the finding about procedure dates outside the declared period, if they are too many."""
    dates = states["procedures"].rows.columns(["procedure_date"])["procedure_date"].drop_nulls()
    if context.period is None or dates.is_empty():
        return []
    n = len(dates.filter(~dates.is_between(*context.period)))
    share = n / len(dates)
    if share <= OUTSIDE_LISTED:
        return []
    level = "FILE" if share > OUTSIDE_REFUSED else "WARN"
    place = {"table": "procedures", "column": "procedure_date"}
    return [file_finding("F11", file=files.get("procedures", ""), n=n, level=level, place=place)]


def _vanished(
    states: Mapping[str, TableState], files: Mapping[str, str], context: Context
) -> list[pl.DataFrame]:
    """Return one finding for each table of which records are gone."""
    if not context.previous_keys:
        return []
    keys = {name: state.table.primary_key for name, state in states.items()}
    sent = {name: state.rows.as_sent(keys[name]).select(keys[name]) for name, state in states.items()}
    gone = vanished_rows(context.previous_keys, sent)
    counts = gone.group_by("table", maintain_order=True).len()
    return [
        file_finding("K13", file=files.get(str(name), ""), n=n, place={"table": str(name), "column": None})
        for name, n in counts.iter_rows()
    ]
