"""Applies a mapping to a file: raw text in, canonical text tables and findings out."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from schemas.branch_headers import BranchHeaders
from schemas.mapping.branch_rows import evaluate_branch
from schemas.mapping.collapse import collapse_rows
from schemas.mapping.expressions import BLANK_RULE, evaluate
from schemas.mapping.findings import (
    cause_findings,
    disagreement_findings,
    missing_code_findings,
    unplaced_findings,
    with_repeats_as_consequences,
)
from schemas.mapping.notes import NOTE_SCHEMA, note_findings
from schemas.mapping.raw import MappedFile
from schemas.mapping.references import header_uses
from schemas.mapping.scope import Scope, Target, no_causes
from schemas.mapping.steps import expand
from schemas.mapping.texts import HeaderIndex, normalise_cells
from schemas.mapping.unclaimed import unclaimed_findings
from schemas.registry import TABLES
from schemas.submission import TextTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.mapping.model import Emit, SiteMapping
    from schemas.mapping.raw import RawFile


@dataclass(frozen=True, eq=False)
class Emitted:
    """Rows that one emit made.

    Parameters
    ----------
    emit
        The section.
    frame
        Canonical text columns, ``record``, ``line`` and ``branch`` (way through the steps, counted from 0).
    causes
        `CAUSE_SCHEMA` with ``at`` counting rows of ``frame``, plus ``column``.
    missing
        ``column``, ``header``, ``reason``, ``n``: cells that held a missing code.
    notes
        `NOTE_SCHEMA` with ``at`` counting rows of ``frame``, plus ``column``.
    headers
        Of each branch: canonical column to the site's header.
    """

    emit: Emit
    frame: pl.DataFrame
    causes: pl.DataFrame
    missing: pl.DataFrame
    notes: pl.DataFrame
    headers: list[dict[str, str]]


def apply_mapping(mapping: SiteMapping, raw: RawFile, *, secret: bytes | None) -> MappedFile:
    """Turn a file into canonical text.

    Parameters
    ----------
    mapping
        What the file's columns mean; `check_mapping` has found no fault in it.
    raw
        The file after reading, without a finding of level FILE.
    secret
        Key of the pseudonyms; None where the mapping makes none.

    Returns
    -------
    MappedFile
        One table of text for each canonical table that the mapping makes rows of, and the findings of reading
        and mapping. Every value that was sent and not understood is null and is named by a finding.

    Raises
    ------
    SchemaFileError
        If pseudonyms are needed and there is no secret.
    """
    scope, unplaced = _with_lets(mapping, _first_scope(mapping, raw, secret))
    emitted = [_emit_rows(emit, scope) for emit in mapping.emits]
    made = [
        _one_table(table, parts, raw.file)
        for table in TABLES
        if (parts := [part for part in emitted if part.emit.table == table])
    ]
    causes = pl.concat([table.causes for table in made])
    findings = [
        raw.findings,
        unplaced_findings(unplaced, causes, file=raw.file),
        with_repeats_as_consequences(causes),
        *(table.notes for table in made),
        unclaimed_findings(mapping, scope, file=raw.file),
    ]
    return MappedFile(tuple(table.text for table in made), pl.concat(findings), raw.n_records)


def _first_scope(mapping: SiteMapping, raw: RawFile, secret: bytes | None) -> Scope:
    """Return the scope of whole source rows, with the cells that the mapping reads normalised."""
    index = HeaderIndex(raw.headers, loose=mapping.read.headers == "loose")
    used = dict.fromkeys(index.column(use.header) for use in header_uses(mapping))
    columns = [column for column in used if column is not None and column in raw.frame.columns]
    cells = [normalise_cells(raw.frame.get_column(column)).alias(column) for column in columns]
    frame = raw.frame.select("record", "line").with_columns(cells)
    frame = frame.with_columns(pl.int_range(pl.len()).alias("src"))
    return Scope(frame, frame, index, mapping.read, {}, {}, frozenset(), mapping.source.site_id, secret)


def _with_lets(mapping: SiteMapping, scope: Scope) -> tuple[Scope, pl.DataFrame]:
    """Return the scope with every let evaluated, and the causes of all lets."""
    every = [no_causes()]
    for name, expression in mapping.let.items():
        evaluated = evaluate(expression, scope, target=Target(is_needed=True))
        frame = scope.frame.with_columns(evaluated.values.alias(f"@{name}"))
        is_dated = expression.convert is not None
        scope = replace(
            scope,
            frame=frame,
            source=frame,
            let_causes={**scope.let_causes, name: evaluated.causes.unique(maintain_order=True)},
            let_headers={**scope.let_headers, name: evaluated.header},
            dated_lets=scope.dated_lets | {name} if is_dated else scope.dated_lets,
        )
        every.append(evaluated.causes)
    return scope, pl.concat(every)


def _emit_rows(emit: Emit, scope: Scope) -> Emitted:
    """Return the rows of one emit in order of source row, then of step."""
    parts, clashes = expand(emit, scope)
    evaluated = [evaluate_branch(emit, part, scope) for part in parts]
    numbered = [part.rows.with_columns(branch=pl.lit(way, pl.Int64)) for way, part in enumerate(evaluated)]
    frame = pl.concat(numbered).sort("order")
    place = frame.select(pl.col("order").cast(pl.Int64), pl.int_range(pl.len()).alias("at"))
    causes, notes = (
        pl.concat(found).join(place, on="order", maintain_order="left")
        for found in ([part.causes for part in evaluated], [part.notes for part in evaluated])
    )
    missing = pl.concat([part.missing for part in evaluated])
    return Emitted(
        emit,
        frame.drop("order"),
        pl.concat([causes.select(*no_causes().columns, "column"), _clash_causes(clashes, frame)]),
        missing.group_by("column", "header", "reason", maintain_order=True).agg(pl.col("n").sum()),
        notes.select(*NOTE_SCHEMA, "column"),
        [part.headers for part in evaluated],
    )


def _clash_causes(clashes: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Return "none with an item" as causes of the first row that the record made."""
    first = frame.select("record", pl.int_range(pl.len()).alias("row")).unique("record", keep="first")
    tied = clashes.join(first, on="record", how="left", maintain_order="left").with_columns(
        pl.col("row").alias("at"), pl.lit(None, dtype=pl.String).alias("column")
    )
    return tied.select(*no_causes().columns, "column")


def _still_missing(causes: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return causes without the blanks that another row of the same key filled."""
    filled = [
        rows.select(pl.int_range(pl.len()).alias("at"), column=pl.lit(name)).filter(rows[name].is_not_null())
        for name in causes.filter(pl.col("rule_id") == BLANK_RULE)["column"].unique(maintain_order=True)
    ]
    if not filled:
        return causes
    cells = pl.concat(filled).with_columns(rule_id=pl.lit(BLANK_RULE))
    return causes.join(cells, on=["at", "column", "rule_id"], how="anti", maintain_order="left")


@dataclass(frozen=True, eq=False)
class _MadeTable:
    """One canonical table with its findings: causes (not yet told apart from repeats) and notes."""

    text: TextTable
    causes: pl.DataFrame
    notes: pl.DataFrame


def _is_offered(table: str, name: str, rows: pl.DataFrame, headers: Mapping[str, str]) -> bool:
    """Return whether a column has a header, a value, or has to be there."""
    if name not in rows.columns:
        return False
    is_empty = rows.get_column(name).null_count() == rows.height
    return name in headers or not is_empty or TABLES[table].by_name[name].required == "yes"


def _one_table(table: str, parts: list[Emitted], file: str) -> _MadeTable:
    """Return the text of one canonical table, and what was found in making it."""
    branches = BranchHeaders.of([headers for part in parts for headers in part.headers])
    first = itertools.accumulate((len(part.headers) for part in parts), initial=0)
    rows = pl.concat(
        [part.frame.with_columns(pl.col("branch") + at) for part, at in zip(parts, first, strict=False)],
        how="diagonal",
    )
    starts = itertools.accumulate((part.frame.height for part in parts), initial=0)
    causes = pl.concat(
        [part.causes.with_columns(pl.col("at") + start) for part, start in zip(parts, starts, strict=False)]
    )
    collapses = any(part.emit.collapse for part in parts)
    rows, places, disagreements = collapse_rows(rows, TABLES[table].primary_key if collapses else "")
    causes = causes.with_columns(places.gather(causes.get_column("at")).alias("at"))
    cell_notes = pl.concat([part.notes for part in parts])
    causes = _still_missing(causes, rows)
    missing = pl.concat([part.missing for part in parts])
    notes = [
        disagreement_findings(table, branches.beside(disagreements), file=file),
        missing_code_findings(table, missing, file=file),
        note_findings(table, cell_notes, file=file),
    ]
    headers = branches.first_of_columns()
    order = [name for name in TABLES[table].by_name if _is_offered(table, name, rows, headers)]
    frame = rows.select(*order, pl.int_range(pl.len()).alias("row"), "record", "line")
    return _MadeTable(
        TextTable(table, frame, file, headers, branches.with_rows(rows.get_column("branch"))),
        cause_findings(table, causes, columns_set=order, file=file),
        pl.concat(notes),
    )
