"""Canonical text in; typed accepted rows, rejected rows and findings out.

The way of a submission: read each cell by its type, run the hard Pandera schema, settle keys and references
in load order, then the rules across rows and tables that reject (children fall with their parents), then
those that empty a cell, then usual ranges and plausibility. Rules that only list a row see what the earlier
ones left.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

import polars as pl

from schemas.checking import broken_rows, failing_cells
from schemas.context_findings import findings_of_context
from schemas.findings import counted, in_order, word_findings
from schemas.parsing import censored_values, partial_dates
from schemas.preparing import prepare_tables, table_findings
from schemas.references import (
    NO_KEYS,
    check_keys,
    check_references,
    excuse_children_of_broken_keys,
    let_children_of_refused_fall,
    let_parts_of_repeats_fall,
    refused_tables,
)
from schemas.registry import TABLES
from schemas.rules.catalogue import CROSS_CHECKS, ROW_CHECKS, level_of
from schemas.rules.context import NO_CONTEXT, Context
from schemas.rules.frames import Frames
from schemas.rules.limits import DEFAULT_LIMITS, RuleLimits
from schemas.rules.site_frames import Scene
from schemas.site_results import derive_results, failing_sites
from schemas.submission import SubmissionReport, TextTable, empty_findings
from schemas.table_state import TableState, raised, with_level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.rules.rule import CrossCheck

States = dict[str, TableState]

_ROW_LEVELS = {
    (check.table, check.column, check.rule_id, level_of(check) == "ROW"): level_of(check)
    for check in ROW_CHECKS
}


def validate_submission(
    texts: Sequence[TextTable],
    *,
    prior_findings: pl.DataFrame | None = None,
    known_keys: Mapping[str, pl.Series] | None = None,
    load_date: date | None = None,
    context: Context = NO_CONTEXT,
    limits: RuleLimits = DEFAULT_LIMITS,
) -> SubmissionReport:
    """Validate the tables of one submission.

    Parameters
    ----------
    texts
        Canonical tables as text; a table may be absent or come in several parts.
    prior_findings
        Findings of the mapping (columns of `schemas.submission.FINDING_SCHEMA`). They are passed on. A cell
        that one of them names is not reported again; a row that one of level ROW names is rejected.
    known_keys
        Primary keys that the store already holds, by table: parents that rows may refer to, and keys that may
        not come again.
    load_date
        Day after which no date may lie; today where it is not given.
    context
        What is known beside the submission: period, earlier submissions, other sites.
    limits
        Limits of the rules about whole sites.

    Returns
    -------
    SubmissionReport
        Every row of the input is either accepted or rejected, with one root cause. No finding holds a cell
        value.

    Raises
    ------
    SchemaFileError
        A table is not canonical, or lacks ``row``, ``record`` or ``line``.
    CheckProgramError
        A rule could not run; a bug.
    """
    prior = empty_findings() if prior_findings is None else prior_findings
    keys = dict(known_keys or {})
    states = prepare_tables(texts, prior)
    refused = refused_tables(prior, states)
    for state in states.values():
        excuse_children_of_broken_keys(state, states)
        _check_cells(state)
        let_parts_of_repeats_fall(state, states)
        check_keys(state, states, keys.get(state.table.name, NO_KEYS))
        let_children_of_refused_fall(state, refused, keys)
        check_references(state, states, keys)
    day = datetime.now().astimezone().date() if load_date is None else load_date
    _check_across(states, keys, day, context)
    whole = [table_findings(texts, prior), findings_of_context(states, texts, context)]
    scene = Scene(context=context, limits=limits, load_date=day)
    results = derive_results(states, texts, pl.concat([prior, *whole]), scene)
    found = [
        _prior_with_effect(prior, states),
        *whole,
        word_findings(list(states.values()), texts),
        failing_sites(results, texts),
    ]
    return SubmissionReport(
        tables={name: state.report() for name, state in states.items()},
        findings=in_order(pl.concat(found)),
        rule_results=results,
    )


def _prior_with_effect(prior: pl.DataFrame, states: States) -> pl.DataFrame:
    """Return the earlier findings with their effect, ROW where a cell cost its row; notes are summed."""
    cells = [
        state.fatal_cells().join(state.origin, on="at", how="left").with_columns(table=pl.lit(name))
        for name, state in states.items()
    ]
    keys = ["file", "table", "row", "column"]
    found = raised(prior, pl.concat(cells).select(keys).unique(), on=keys).select(empty_findings().columns)
    is_note = (pl.col("level") == "INFO") & pl.col("row").is_not_null()
    return pl.concat([found.filter(~is_note), counted(found.filter(is_note))])


def _check_cells(state: TableState) -> None:
    """Apply types, code lists, possible ranges, required values, and what rejects a row by itself."""
    unread = state.sent.unread
    if not unread.is_empty():
        unread = _read_censored(state, unread)
        partial = _partial_dates(state, unread)
        state.apply(with_level(partial.with_columns(rule_id=pl.lit("C12"))))
        unread = unread.join(partial, on=["at", "column"], how="anti", maintain_order="left")
    state.apply(with_level(unread.select("at", "column", rule_id=pl.lit("C01"))))
    # Cells come before what one value of a row calls for: a cell emptied now calls for nothing, or is missed.
    # Only rows that fail now can fail again: the others keep every cell.
    broken = broken_rows(state.table.schema, state.rows.undivided())
    failures = _leveled(state, _failing_among(state, broken), rejects=True)
    calls = _calls_for_values(state)
    state.apply(failures.join(calls, on=["column", "rule_id"], how="anti", maintain_order="left"))
    if not calls.is_empty():
        state.apply(_leveled(state, _failing_among(state, broken), rejects=True))


def _failing_among(state: TableState, at: pl.Series) -> pl.DataFrame:
    """Return the cells that break the hard schema; rows other than these do not."""
    return failing_cells(state.table.schema, state.rows.undivided(), among=at)


def _partial_dates(state: TableState, unread: pl.DataFrame) -> pl.DataFrame:
    """Return the event dates that lack day or month."""
    if "event_date_precision" not in state.table.by_name:
        return unread.select("at", "column").clear()
    return partial_dates(unread, state.rows.as_sent("event_date_precision"))


def _read_censored(state: TableState, unread: pl.DataFrame) -> pl.DataFrame:
    """Set the numbers sent as below or above a limit, count them (C10), and return the other cells."""
    censored = censored_values(unread, state.table)
    if censored.is_empty():
        return unread
    state.fill(censored)
    state.apply(with_level(censored.select("at", "column", rule_id=pl.lit("C10"))))
    return unread.join(censored, on=["at", "column"], how="anti", maintain_order="left")


def _calls_for_values(state: TableState) -> pl.DataFrame:
    """Return ``column`` and ``rule_id`` of the checks by which one value of a row calls for another."""
    rows = [
        (column, rule_id)
        for table, column, rule_id, is_row in _ROW_LEVELS
        if table == state.table.name and is_row
    ]
    return pl.DataFrame(rows, schema={"column": pl.String, "rule_id": pl.String}, orient="row")


def _check_across(states: States, keys: Mapping[str, pl.Series], load_date: date, context: Context) -> None:
    """Apply the rules across rows and tables, from the hardest effect to the mildest."""
    start = Frames({}, keys, load_date, context=context)
    for check in _checks_of("ROW"):
        if _apply_cross(states, check, start):
            _let_children_fall(states, keys)
    for check in _checks_of("NULL"):
        _apply_cross(states, check, start)
    for state in states.values():
        unusual = failing_cells(state.table.soft_schema, state.accepted())
        # A site that never records a value is not asked for it row by row; completeness tells.
        is_asked = (pl.col("rule_id") != "C06") | pl.col("column").is_in(list(state.offered))
        unusual = unusual.filter(is_asked)
        state.apply(_leveled(state, unusual, rejects=False))
    for check in (*_checks_of("WARN"), *_checks_of("INFO")):
        _apply_cross(states, check, start)


def _checks_of(level: str) -> list[CrossCheck]:
    """Return the cross checks of one level, those of parents before those of children."""
    order = list(TABLES)
    chosen = [check for check in CROSS_CHECKS if level_of(check) == level]
    return sorted(chosen, key=lambda check: order.index(check.table))


def _apply_cross(states: States, check: CrossCheck, start: Frames) -> bool:
    """Apply one cross check, and return whether a row was rejected."""
    accepted = {name: state.accepted() for name, state in states.items()}
    rejected = {name: state.rejected() for name, state in states.items()}
    frames = replace(start, tables=accepted, rejected=rejected)
    state = states[check.table]
    if frames[check.table].is_empty():
        return False
    before = state.rejections.height
    at = check.failing(frames).alias("at")
    cells = pl.DataFrame([at]).with_columns(column=pl.lit(check.column), rule_id=pl.lit(check.rule_id))
    state.apply(with_level(cells, level_of(check)))
    return state.rejections.height > before


def _let_children_fall(states: States, keys: Mapping[str, pl.Series]) -> None:
    """Follow the references again, parents first, so that one round reaches the last grandchild."""
    for state in states.values():
        check_references(state, states, keys, again=True)


def _leveled(state: TableState, cells: pl.DataFrame, *, rejects: bool) -> pl.DataFrame:
    """Add the effect of each failing cell: the row check's own where there is one, or its rule's."""
    named = with_level(cells)
    own = [
        (column, rule_id, level)
        for (table, column, rule_id, is_row), level in _ROW_LEVELS.items()
        if table == state.table.name and is_row is rejects
    ]
    columns = {"column": pl.String, "rule_id": pl.String, "own": pl.String}
    overrides = pl.DataFrame(own, schema=columns, orient="row")
    joined = named.join(overrides, on=["column", "rule_id"], how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("own", "level").alias("level")).drop("own")
