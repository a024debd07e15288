"""Findings as one HTML page below a megabyte: no script, no request to anywhere, no value of a record."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import polars as pl

from analytics.intake.column_fill import fill_of_columns
from analytics.intake.findings import (
    EFFECTS,
    LEVELS,
    STEPS,
    blocking_tables,
    summarise_files,
    summarise_findings,
)
from analytics.intake.findings_style import CONTENT_POLICY, STYLE
from analytics.intake.findings_text import shown_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from analytics.intake.gate import Gate
    from analytics.intake.submission import PreparedSubmission

_EDITS_SHOWN = 200
_PLACES_SHOWN = 100
_REASONS_SHOWN = 30
_MEANING = {
    "green": "Everything may be loaded.",
    "yellow": "It may be loaded. Please look at the reasons, and mend what can be mended.",
    "red": "Nothing is loaded. Mend what blocks the load first, and send the whole again.",
}

Cell = str | tuple[str, str]
"""Text of a cell, or text and the class that it is drawn with."""


def render_findings_html(prepared: PreparedSubmission, *, remarks: Sequence[str] = ()) -> str:
    """Return what was found as the text of one HTML file.

    Parameters
    ----------
    prepared
        A submission. All text is escaped; long lists are cut and say how much is left out.
    remarks
        Sentences about the files handed back with this page.
    """
    of = prepared.submission
    title = f"Findings: {of.source_name}"
    meta = f"Submission {of.submission_id}. {prepared.n_records:,} records in {len(of.files)} file(s)."
    body = "\n".join(_sections(prepared, remarks))
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="en-GB"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(_cut(title))}</title><style>{STYLE}</style></head>",
            f'<body><header><h1>{escape(_cut(title))}</h1><p class="meta">{escape(meta)}</p></header>',
            f"<main>{body}</main>",
            "<footer>This page holds counts, places and rules, and no value of a patient's record.</footer>",
            "</body></html>",
            "",
        )
    )


def _sections(prepared: PreparedSubmission, remarks: Sequence[str]) -> Iterator[str]:
    """Yield the parts of the page."""
    yield _banner(prepared.gate)
    yield _came(prepared)
    yield from (f"<p>{escape(remark)}</p>" for remark in remarks)
    yield _edits(prepared)
    if len(prepared.site_gates) > 1:
        yield _sites(prepared)
    yield _files(prepared)
    yield _waived(prepared)
    yield _columns(prepared)
    yield _legend()


def _banner(gate: Gate) -> str:
    """Return the verdict in words and colour."""
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in gate.reasons[:_REASONS_SHOWN])
    because = f"<ul>{reasons}</ul>" if reasons else ""
    return (
        f'<section class="gate {gate.colour}" aria-labelledby="gate"><h2 id="gate">Gate: {gate.colour}</h2>'
        f"<p>{_MEANING[gate.colour]}</p>{because}</section>"
    )


def _came(prepared: PreparedSubmission) -> str:
    """Return rows by table."""
    rows = [
        (name, f"{table.n_input:,}", f"{table.accepted.height:,}", f"{table.rejected.height:,}")
        for name, table in prepared.report.tables.items()
        if table.n_input
    ]
    report = prepared.report
    rows.append(("all", f"{report.n_input:,}", f"{report.n_accepted:,}", f"{report.n_rejected:,}"))
    table = _table("Rows by table", ("table", "rows", "accepted", "rejected"), rows, 1)
    return _section("What came", table + _rules(report.rule_results))


def _rules(results: pl.DataFrame) -> str:
    """Return how many rules failed, passed and had nothing to look at."""
    if results.is_empty():
        return ""
    worst = results.group_by("rule_id").agg(
        pl.when((pl.col("status") == "failed").any())
        .then(pl.lit("failed"))
        .when((pl.col("status") == "passed").any())
        .then(pl.lit("passed"))
        .otherwise(pl.lit("not_applicable"))
        .alias("status")
    )
    n = dict(worst["status"].value_counts().iter_rows())
    return (
        f"<p>Of {worst.height} rules {n.get('failed', 0)} found something, {n.get('passed', 0)} passed and "
        f"{n.get('not_applicable', 0)} had nothing to look at.</p>"
    )


def _sites(prepared: PreparedSubmission) -> str:
    """Return the gate of each site."""
    order = ("red", "yellow", "green")
    gates = sorted(prepared.site_gates.items(), key=lambda item: order.index(item[1].colour))
    rows: list[tuple[Cell, ...]] = [
        (site, (gate.colour, f"tag {gate.colour}"), "; ".join(gate.reasons) or "-")
        for site, gate in gates[:_PLACES_SHOWN]
    ]
    table = _table("Gate by site", ("site", "gate", "reasons"), rows)
    return _section("Sites", table + _rest(len(gates) - len(rows), "sites"))


def _files(prepared: PreparedSubmission) -> str:
    """Return the gate of each file, and what was found in it."""
    summed = summarise_files(prepared.findings, prepared.submission.files)
    rows: list[tuple[Cell, ...]] = []
    for row in summed.head(_PLACES_SHOWN).iter_rows(named=True):
        gate = prepared.file_gates.get(row["file"], prepared.gate)
        colour = (gate.colour, f"tag {gate.colour}")
        counts = (f"{row[level]:,}" for level in LEVELS)
        rows.append((_cut(row["file"]), colour, "; ".join(gate.reasons) or "-", *counts))
    header = ("file", "gate", "reasons", *(EFFECTS[level] for level in LEVELS))
    table = _table("Gate and findings by file", header, rows, 3)
    return _section("Files", table + _rest(summed.height - len(rows), "files"))


def _edits(prepared: PreparedSubmission) -> str:
    """Return what to do, in order."""
    every = summarise_findings(prepared.findings, over_files=True, blocking=blocking_tables(prepared))
    if not every.filter(every["level"] != "INFO").height:
        praise = '<p class="praise">Nothing to correct: well done.</p>'
    else:
        praise = "<p>In this order: what blocks the load, then what mends most rows by one edit.</p>"
    parts = [praise]
    left = _EDITS_SHOWN
    for step, title in enumerate(STEPS):
        of_step = every.filter(every["step"] == step)
        shown = of_step.head(left)
        left -= shown.height
        if of_step.height:
            rows = [_edit(row) for row in shown.iter_rows(named=True)]
            header = ("rule", "effect", "where", "what is wrong", "how to fix it", "times", "first lines")
            table = _table(title.capitalize(), header, rows, style="todo")
            parts.append(table + _rest(of_step.height - len(rows), "in findings.csv"))
    return _section("What to do", "\n".join(parts))


def _edit(row: dict[str, Any]) -> tuple[Cell, ...]:
    """Return one row of what to do."""
    column = f".{row['column']}" if row["column"] else ""
    differs = row["header"] and row["header"] != row["column"]
    where = f"{row['table']}{column}" + (f" ({shown_header(row['header'])})" if differs else "")
    lines = ", ".join(f"{line:,}" for line in row["lines"]) or "-"
    place = lines if row["n_files"] == 1 else f"{row['n_files']} files; {_cut(row['file'])}: {lines}"
    effect = (EFFECTS[row["level"]], f"tag {row['level'].lower()}")
    return (row["rule_id"], effect, where, row["sentence"], row["remedy"], (f"{row['n']:,}", "n"), place)


def _waived(prepared: PreparedSubmission) -> str:
    """Return what reviewed waivers set aside."""
    if prepared.report.waived.is_empty():
        return ""
    summed = summarise_findings(prepared.report.waived, over_files=True)
    rows = [
        (
            row["rule_id"],
            f"{row['table']}.{row['column'] or ''}".rstrip("."),
            row["sentence"],
            f"{row['n']:,}",
        )
        for row in summed.head(_PLACES_SHOWN).iter_rows(named=True)
    ]
    table = _table("Findings set aside by a waiver", ("rule", "where", "what is wrong", "times"), rows)
    return _section("Waived", table + _rest(summed.height - len(rows), "in findings.csv"))


def _columns(prepared: PreparedSubmission) -> str:
    """Return how full each column is."""
    filled = fill_of_columns(prepared.report)
    if filled.is_empty():
        return ""
    low = set(prepared.gate.yellow_columns)
    rows: list[tuple[Cell, ...]] = [
        (
            f"{row['table']}.{row['column']}",
            _bar(row["filled"], row["rows"]),
            f"{row['filled']:,} of {row['rows']:,}",
            f"{row['emptied']:,}",
            ("below its limit", "tag yellow") if f"{row['table']}.{row['column']}" in low else "",
        )
        for row in filled.iter_rows(named=True)
    ]
    header = ("column", "filled", "cells", "emptied by rules", "limit")
    words = "<p>Of accepted rows. Columns that hold nothing at all are left out.</p>"
    return _section("Completeness", words + _table("Filled cells by column", header, rows))


def _bar(filled: int, rows: int) -> Cell:
    """Return a share as text with a bar behind it."""
    share = 100 * filled / rows
    percent = "100%" if filled == rows else f"{min(share, 99.9):.1f}%"
    return (percent, f"bar w{round(share / 5) * 5}")


def _legend() -> str:
    """Return what the effects mean."""
    items = "".join(
        f'<li><span class="tag {level.lower()}">{level}</span> {escape(EFFECTS[level])}</li>'
        for level in LEVELS
    )
    return _section("Effects", f"<ul class='legend'>{items}</ul>")


def _section(title: str, inner: str) -> str:
    """Return one part of the page."""
    return f"<section><h2>{escape(title)}</h2>{inner}</section>"


def _table(
    caption: str,
    header: tuple[str, ...],
    rows: Iterable[tuple[Cell, ...]],
    numbers_from: int = 99,
    *,
    style: str = "",
) -> str:
    """Return a table; columns from ``numbers_from`` on hold counts."""
    head = "".join(
        f'<th scope="col"{_class("n" if place >= numbers_from else "")}>{escape(text)}</th>'
        for place, text in enumerate(header)
    )
    body = "".join(f"<tr>{_cells(row, numbers_from)}</tr>" for row in rows)
    return (
        f'<div class="scroll" role="region" aria-label="{escape(caption)}" tabindex="0">'
        f"<table{_class(style)}><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _cells(row: tuple[Cell, ...], numbers_from: int) -> str:
    """Return the cells of one row; the first names it."""
    parts = []
    for place, cell in enumerate(row):
        text, style = cell if isinstance(cell, tuple) else (cell, "")
        inner = f"<span{_class(style)}>{escape(text)}</span>" if style.startswith("tag") else escape(text)
        style = "" if style.startswith("tag") else style
        style = "n" if place >= numbers_from else style
        opening, tag = ('th scope="row"', "th") if place == 0 else ("td", "td")
        parts.append(f"<{opening}{_class(style)}>{inner}</{tag}>")
    return "".join(parts)


def _class(style: str) -> str:
    """Return a class attribute, nothing where there is no class."""
    return f' class="{style}"' if style else ""


def _rest(n: int, what: str) -> str:
    """Return how many more there are than are shown."""
    return f'<p class="meta">and {n:,} more {escape(what)}</p>' if n > 0 else ""


def _cut(text: str) -> str:
    """Return a name cut to a length that a table bears."""
    return text if len(text) <= 120 else f"{text[:120]}..."
