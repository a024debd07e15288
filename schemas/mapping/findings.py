"""What a mapping found, as findings: places, rules and remedies, never a cell value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.mapping.expressions import BLANK_RULE
from schemas.mapping.lookup import LOOKUP_RULE
from schemas.mapping.references import header_uses
from schemas.mapping.steps import NONE_WITH_ITEM_RULE
from schemas.mapping.texts import HeaderIndex
from schemas.registry import TABLES
from schemas.rules.catalogue import RULES
from schemas.submission import FINDING_SCHEMA, empty_findings
from schemas.table_state import FOLLOWS_RULE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from schemas.mapping.model import SiteMapping
    from schemas.mapping.raw import RawFile

RELATIVE_DAYS = {"procedure_date": "procedure_day", "contact_date": "contact_day", "event_date": "event_day"}
"""Dates that a row must have, and the days that stand for them where a site counts from time zero."""

_CAUSE_KEY = ["record", "header", "rule_id", "detail"]


def finding(rule_id: str, *, file: str, **facts: str | int | None) -> dict[str, str | int | None]:
    """Return one finding as a row, with the rule's level, sentence and remedy unless others are given.

    Parameters
    ----------
    rule_id
        Rule that is broken.
    file
        File name without its folder.
    **facts
        Columns of `FINDING_SCHEMA` that are known.
    """
    rule = RULES[rule_id]
    base: dict[str, str | int | None] = {
        "rule_id": rule_id,
        "level": rule.level,
        "file": file,
        "table": "file",
        "sentence": rule.sentence,
        "remedy": rule.remedy,
        "n": 1,
    }
    return {**dict.fromkeys(FINDING_SCHEMA), **base, **facts}


def findings_frame(rows: Sequence[dict[str, str | int | None]]) -> pl.DataFrame:
    """Return findings as a frame of `FINDING_SCHEMA`."""
    return pl.DataFrame(list(rows), schema=FINDING_SCHEMA) if rows else empty_findings()


def absent_header_findings(mapping: SiteMapping, raw: RawFile) -> pl.DataFrame:
    """Return one finding for each header that the mapping reads and the file does not have.

    It refuses the file (F02) where a required column or a ``[let]`` needs the header, and is listed (F15)
    elsewhere. Numbered headers and those with a substitute are left out: a file has as many of them as it
    needs.
    """
    index = HeaderIndex(raw.headers, loose=mapping.read.headers == "loose")
    absent: dict[str, dict[str, str | int | None]] = {}
    for use in header_uses(mapping):
        if use.is_numbered or use.is_optional or index.column(use.header) is not None:
            continue
        rule_id = "F02" if use.table == "file" or _is_required(use.table, use.column) else "F15"
        if rule_id == "F02" or use.header not in absent:
            facts = {"table": use.table, "column": use.column, "header": use.header}
            absent[use.header] = finding(rule_id, file=raw.file, **facts)
    return findings_frame(list(absent.values()))


def _is_required(table: str, column: str | None) -> bool:
    """Return whether no row can do without a column."""
    return column is not None and TABLES[table].by_name[column].required == "yes"


def required_columns(table: str, columns_set: Collection[str]) -> list[str]:
    """Return the columns of a table without which a row is rejected.

    Parameters
    ----------
    table
        Canonical table.
    columns_set
        Columns that the mapping sets: a date is required unless its relative day is set.
    """
    names = [column.name for column in TABLES[table].columns if column.required == "yes"]
    dates = [name for name in RELATIVE_DAYS if name in TABLES[table].by_name and name in columns_set]
    return names + [name for name in dates if RELATIVE_DAYS[name] not in columns_set]


def cause_findings(
    table: str, causes: pl.DataFrame, *, columns_set: Collection[str], file: str
) -> pl.DataFrame:
    """Return causes as findings with a ``detail`` by which repeats are known.

    Parameters
    ----------
    table
        Canonical table.
    causes
        ``at`` (row of the table), ``column``, ``rule_id``, ``header``, ``detail``, ``record``, ``line``.
    columns_set
        Columns that the mapping sets.
    file
        File name.
    """
    required = required_columns(table, columns_set)
    texts = {name: RULES[name] for name in causes.get_column("rule_id").unique()}
    names = list(texts)
    level = pl.col("rule_id").replace_strict(names, [texts[n].level for n in names], return_dtype=pl.String)
    rejects = (level == "NULL") & pl.col("column").is_in(required)
    found = causes.with_columns(
        pl.when(rejects).then(pl.lit("ROW")).otherwise(level).alias("level"),
        pl.lit(file).alias("file"),
        pl.lit(table).alias("table"),
        pl.col("at").alias("row"),
        pl.col("rule_id")
        .replace_strict(names, [texts[n].sentence for n in names], return_dtype=pl.String)
        .alias("sentence"),
        pl.col("rule_id")
        .replace_strict(names, [texts[n].remedy for n in names], return_dtype=pl.String)
        .alias("remedy"),
        pl.lit(1, dtype=pl.Int64).alias("n"),
    )
    return found.select(*FINDING_SCHEMA, "detail", "is_inherited").unique(maintain_order=True)


def with_repeats_as_consequences(found: pl.DataFrame) -> pl.DataFrame:
    """Return cause findings where one report of a cell stands and the others say that they follow from it.

    The report that stands is the first of a column that reads the cell itself, if any column does.
    """
    rule = RULES[FOLLOWS_RULE]
    # A date that nothing else hangs on is left to the validation, which knows whether a day stands for it.
    is_date = (pl.col("rule_id") == BLANK_RULE) & pl.col("column").is_in(list(RELATIVE_DAYS))
    is_alone = pl.len().over(_CAUSE_KEY) == 1
    found = found.filter(~(is_date & is_alone))
    ranked = found.with_row_index("place").sort("is_inherited", maintain_order=True)
    is_repeat = ~pl.struct(_CAUSE_KEY).is_first_distinct() & (pl.col("rule_id") != NONE_WITH_ITEM_RULE)
    follows = {"rule_id": FOLLOWS_RULE, "level": rule.level, "sentence": rule.sentence, "remedy": rule.remedy}
    marked = ranked.with_columns(is_repeat.alias("is_repeat")).with_columns(
        pl.when("is_repeat").then(pl.lit(text)).otherwise(pl.col(name)).alias(name)
        for name, text in follows.items()
    )
    return marked.sort("place").select(list(FINDING_SCHEMA))


def unplaced_findings(causes: pl.DataFrame, placed: pl.DataFrame, *, file: str) -> pl.DataFrame:
    """Return findings for cells that a ``[let]`` could not read and that no row depends on.

    A look-up that failed for a row which makes no rows is no fault, nor is a blank that nobody needs.
    """
    causes = causes.filter(~pl.col("rule_id").is_in([LOOKUP_RULE, BLANK_RULE]))
    lost = causes.join(placed, on=_CAUSE_KEY, how="anti", nulls_equal=True).unique(
        _CAUSE_KEY, maintain_order=True
    )
    rows = [
        finding(row["rule_id"], file=file, header=row["header"], record=row["record"], line=row["line"])
        for row in lost.iter_rows(named=True)
    ]
    return findings_frame(rows)


def disagreement_findings(table: str, rows: pl.DataFrame, *, file: str) -> pl.DataFrame:
    """Return one finding for each value on which records of the same key disagree."""
    return findings_frame(
        [
            finding(
                "C15",
                file=file,
                table=table,
                column=row["column"],
                header=row["header"],
                row=row["at"],
                record=row["record"],
                line=row["line"],
            )
            for row in rows.iter_rows(named=True)
        ]
    )


def missing_code_findings(table: str, missing: pl.DataFrame, *, file: str) -> pl.DataFrame:
    """Return one finding for each column and reason for which missing codes were emptied."""
    return findings_frame(
        [
            finding(
                "C14",
                file=file,
                table=table,
                column=row["column"],
                header=row["header"],
                n=row["n"],
                **_reason_sentence(row["reason"]),
            )
            for row in missing.filter(pl.col("n") > 0).iter_rows(named=True)
        ]
    )


def _reason_sentence(reason: str) -> dict[str, str]:
    """Return the sentence about codes that give a reason, nothing where they give none."""
    if not reason:
        return {}
    return {"sentence": f"Cells held a declared missing code for {reason} and were emptied."}
