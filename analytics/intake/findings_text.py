"""Findings as a short text for a terminal: the gate and its reasons, counts, and what to do first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from analytics.intake.findings import (
    EFFECTS,
    STEPS,
    blocking_tables,
    summarise_files,
    summarise_findings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.intake.submission import PreparedSubmission

_EDITS_SHOWN = 12
_PLACES_SHOWN = 20
_HEADER_SHOWN = 60


def render_findings_text(prepared: PreparedSubmission) -> str:
    """Return what came, what was accepted and rejected, and what to do first; no cell value is in it."""
    lines = [
        *_gates(prepared),
        "",
        *_tables(prepared),
        *_files(prepared),
        "",
        *_edits(prepared),
        *_waived(prepared.report.waived, prepared.idle_waivers),
        *_sites(prepared),
    ]
    return "\n".join(lines) + "\n"


def shown_header(header: object) -> str:
    """Return a header cut to what fits in a line."""
    text = " ".join(str(header).split())
    return text if len(text) <= _HEADER_SHOWN else f"{text[:_HEADER_SHOWN]}..."


def _gates(prepared: PreparedSubmission) -> Iterator[str]:
    """Yield the gate of the submission with its reasons."""
    yield f"gate: {prepared.gate.colour}"
    yield from (f"  {reason}" for reason in prepared.gate.reasons)


def _sites(prepared: PreparedSubmission) -> Iterator[str]:
    """Yield the gate of each site, where there are several, the hardest first."""
    if len(prepared.site_gates) < 2:
        return
    yield ""
    order = ("red", "yellow", "green")
    sites = sorted(prepared.site_gates.items(), key=lambda item: order.index(item[1].colour))
    for site, gate in sites[:_PLACES_SHOWN]:
        yield f"site {site}: {gate.colour}"
        yield from (f"  {reason}" for reason in gate.reasons)
    yield from _rest(len(sites), "sites")


def _tables(prepared: PreparedSubmission) -> Iterator[str]:
    """Yield the rows that came, by table."""
    yield f"{'table':<15}{'rows':>9}{'accepted':>10}{'rejected':>10}"
    for name, table in prepared.report.tables.items():
        if table.n_input:
            yield f"{name:<15}{table.n_input:>9}{table.accepted.height:>10}{table.rejected.height:>10}"


def _files(prepared: PreparedSubmission) -> Iterator[str]:
    """Yield what was found in each file, where there are several."""
    if len(prepared.submission.files) < 2:
        return
    summed = summarise_files(prepared.findings, prepared.submission.files)
    yield ""
    for row in summed.head(_PLACES_SHOWN).iter_rows(named=True):
        gate = prepared.file_gates.get(row["file"])
        colour = f"{gate.colour}; " if gate is not None else ""
        yield f"file {row['file']}: {colour}{describe_file(row)}"
        yield from (f"  {reason}" for reason in (gate.reasons if gate is not None else ()))
    yield from _rest(summed.height, "files")


def describe_file(row: dict[str, Any]) -> str:
    """Return a row of `summarise_files` in words."""
    if row["FILE"]:
        return "refused as a whole"
    words = {"ROW": "rows rejected", "NULL": "values emptied", "WARN": "to check", "INFO": "notes"}
    parts = [f"{word} {row[level]:,}" for level, word in words.items() if row[level]]
    return ", ".join(parts) or "nothing found"


def _edits(prepared: PreparedSubmission) -> Iterator[str]:
    """Yield what to do, in order, and how often each note was made."""
    every = summarise_findings(prepared.findings, over_files=True, blocking=blocking_tables(prepared))
    is_note = every["level"] == "INFO"
    edits, notes = every.filter(~is_note), every.filter(is_note)
    n = f"{notes['n'].sum()} {'note' if notes['n'].sum() == 1 else 'notes'}"
    if edits.is_empty():
        yield f"Nothing to correct: well done ({n})."
    else:
        yield f"findings: {edits['n'].sum()} (and {n}), by rule:"
    step = None
    for row in edits.head(_EDITS_SHOWN).iter_rows(named=True):
        if row["step"] != step:
            step = row["step"]
            yield f"-- {STEPS[step]}"
        yield _edit(row)
    if edits.height > _EDITS_SHOWN:
        yield f"... and {edits.height - _EDITS_SHOWN} more; the findings file lists them all."
    if notes.height:
        counts = notes.group_by("rule_id").agg(pl.col("n").sum()).sort("rule_id").iter_rows()
        yield f"-- {STEPS[-1]}: {', '.join(f'{rule} x{n}' for rule, n in counts)}"


def _edit(row: dict[str, Any]) -> str:
    """Return one summed finding in two lines."""
    column = f".{row['column']}" if row["column"] else ""
    differs = row["header"] and row["header"] != row["column"]
    header = f" (header '{shown_header(row['header'])}')" if differs else ""
    where = f", line {', '.join(map(str, row['lines']))}" if row["lines"] else ""
    if row["n_files"] > 1:
        where = f", {row['n_files']} files, first in {row['file']}{where}"
    head = f"{row['rule_id']} {row['level']} x{row['n']} ({EFFECTS[row['level']]}) {row['table']}{column}"
    return f"{head}{header}{where}\n    {row['sentence']} {row['remedy']}"


def _waived(waived: pl.DataFrame, idle: tuple[str, ...]) -> Iterator[str]:
    """Yield how much waivers set aside, and which of them are given for sites that did not send."""
    if waived.height:
        rules = ", ".join(waived["rule_id"].unique().sort())
        yield f"waived: {waived['n'].sum()} (rules {rules}); they do not count in the gate"
    if idle:
        yield f"waivers of sites that sent no row: {'; '.join(idle)}"


def _rest(n: int, what: str) -> Iterator[str]:
    """Yield how many more there are than are shown."""
    if n > _PLACES_SHOWN:
        yield f"... and {n - _PLACES_SHOWN} more {what}"
