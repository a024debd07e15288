"""From marked cells to findings a data manager can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.rules.catalogue import RULES
from schemas.rules.keys import MISSED_TABLES
from schemas.submission import FINDING_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.submission import TextTable
    from schemas.table_state import TableState

SORT_COLUMNS = ["file", "line", "table", "row", "column", "rule_id"]


def word_findings(states: Sequence[TableState], texts: Sequence[TextTable]) -> pl.DataFrame:
    """Return the marks of all tables as findings, columns of `FINDING_SCHEMA`.

    Findings of level INFO are counted, not listed: one row for a file, table, column and rule, with ``n``.
    So is a rule that every row breaks because a table never came (`schemas.rules.keys.MISSED_TABLES`).
    """
    marks = pl.concat([_with_origin(state.marks(), state) for state in states])
    empty = {state.table.name for state in states if state.is_empty}
    said_once = [rule_id for rule_id, table in MISSED_TABLES.items() if table in empty]
    is_counted = (pl.col("level") == "INFO") | pl.col("rule_id").is_in(said_once)
    rules = pl.DataFrame(
        [(rule.id, rule.sentence, rule.remedy) for rule in RULES.values()],
        schema=["rule_id", "sentence", "remedy"],
        orient="row",
    )
    both = pl.concat([marks.filter(~is_counted), _summed(marks.filter(is_counted))])
    found = both.join(_headers(texts), on=["file", "table", "column"], how="left", maintain_order="left")
    found = found.join(rules, on="rule_id", how="left", maintain_order="left")
    listed = found.filter(~is_counted).select(list(FINDING_SCHEMA))
    notes = counted(found.filter(is_counted))
    return pl.concat([*_with_headers_of_rows(listed, texts), notes])


def table_finding(text: TextTable, *, rule_id: str, column: str | None, header: str | None) -> pl.DataFrame:
    """Return one finding about a column of a whole table."""
    rule = RULES[rule_id]
    values = {
        "rule_id": rule_id,
        "level": rule.level,
        "file": text.file,
        "table": text.table,
        "column": column,
        "header": header,
        "sentence": rule.sentence,
        "remedy": rule.remedy,
        "n": text.frame.height,
    }
    return pl.DataFrame([values], schema=FINDING_SCHEMA)


def file_finding(
    rule_id: str,
    *,
    file: str,
    n: int = 1,
    level: str | None = None,
    place: Mapping[str, str | None] | None = None,
) -> pl.DataFrame:
    """Return one finding about a file as a whole.

    Parameters
    ----------
    rule_id
        Rule that is broken.
    file
        Name of the file without its folder.
    n
        How many rows the finding stands for.
    level
        Effect where it differs from the rule's own.
    place
        ``table`` and ``column``; without it the table is called ``file``.
    """
    rule = RULES[rule_id]
    values = {
        "rule_id": rule_id,
        "level": level or rule.level,
        "file": file,
        "table": "file",
        "sentence": rule.sentence,
        "remedy": rule.remedy,
        "n": n,
    }
    return pl.DataFrame([values | dict(place or {})], schema=FINDING_SCHEMA)


def in_order(findings: pl.DataFrame) -> pl.DataFrame:
    """Sort findings as a reader of the file meets them."""
    return findings.sort(SORT_COLUMNS, nulls_last=True, maintain_order=True)


def _with_origin(mark: pl.DataFrame, state: TableState) -> pl.DataFrame:
    """Add file, row, record and line to marked cells."""
    # A row's number is its place in the table.
    places = state.origin.drop("at")[mark["at"]]
    return mark.drop("at").hstack(places).with_columns(n=pl.lit(1, pl.Int64))


def _summed(marks: pl.DataFrame) -> pl.DataFrame:
    """Sum marks over rows before they are worded: a word for each of a million rows would be lost again."""
    keys = ["table", "column", "rule_id", "level", "file"]
    sums = marks.group_by(keys, maintain_order=True).agg(pl.col("n").sum())
    places = [pl.lit(None, marks.schema[name]).alias(name) for name in ("row", "record", "line")]
    return sums.with_columns(places).select(marks.columns)


def _headers(texts: Sequence[TextTable]) -> pl.DataFrame:
    """Return the site's header of each canonical column, by file and table."""
    rows = [
        (text.file, text.table, column, header) for text in texts for column, header in text.headers.items()
    ]
    names = ["file", "table", "column", "header"]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    return frame.unique(names[:3], keep="first", maintain_order=True)


def _with_headers_of_rows(found: pl.DataFrame, texts: Sequence[TextTable]) -> list[pl.DataFrame]:
    """Return the findings part by part, with the header of the very row where rows came from several."""
    parts, rest = [], found
    for text in texts:
        if text.branches is None:
            continue
        is_own = (pl.col("file") == text.file) & (pl.col("table") == text.table)
        own, rest = rest.filter(is_own.fill_null(value=False)), rest.filter(~is_own.fill_null(value=False))
        headers = text.branches.of_cells(own)
        parts.append(own.with_columns(pl.coalesce(headers, pl.col("header")).alias("header")))
    return [*parts, rest]


def counted(found: pl.DataFrame) -> pl.DataFrame:
    """Return findings summed over rows, one for each rule, file, table and column."""
    keys = ["rule_id", "level", "file", "table", "column", "header", "sentence", "remedy"]
    sums = found.group_by(keys, maintain_order=True).agg(pl.col("n").sum())
    nowhere = [pl.lit(None, pl.Int64).alias(name) for name in ("row", "record", "line")]
    return sums.with_columns(nowhere).select(list(FINDING_SCHEMA))
