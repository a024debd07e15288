"""Findings in the order of a data manager's work: what blocks the load, then what one edit mends most of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.intake.gate import DEFAULT_GATE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from analytics.intake.submission import PreparedSubmission

LEVELS = ("FILE", "ROW", "NULL", "WARN", "INFO")
"""Levels from the hardest to the mildest."""

EFFECTS = {
    "FILE": "nothing is loaded",
    "ROW": "row rejected",
    "NULL": "value emptied",
    "WARN": "kept, please check",
    "INFO": "counted only",
}
"""What each level does, in words."""

STEPS = ("blocks the load", "rejects rows or empties values", "kept, please check", "notes")
"""What to do first, second, third and last."""

_EDIT = ["rule_id", "level", "table", "column", "header", "sentence", "remedy"]
_LINES_SHOWN = 3
_KEY_RULES = "K"
_FAMILIES = ("F", "C", "K", "D", "T", "X", "M", "S")  # a cell's own fault comes before one across cells


def summarise_findings(
    findings: pl.DataFrame, *, over_files: bool = False, blocking: Collection[str] = ()
) -> pl.DataFrame:
    """Return one row for each edit that is called for: a rule, level, table, column and file.

    Parameters
    ----------
    findings
        Columns of `schemas.submission.FINDING_SCHEMA`.
    over_files
        Whether to sum over files, because one edit of a mapping mends them all.
    blocking
        Tables of which so many rows were rejected that nothing may be loaded; see `blocking_tables`.

    Returns
    -------
    polars.DataFrame
        ``step`` (place in `STEPS`), ``rule_id, level, table, column, header, sentence, remedy, n``, ``lines``
        (the first lines; of the first file where they are summed over files), and ``file``, or
        ``file`` (the first) and ``n_files``. Sorted by step (what is wrong with a whole file first),
        then by ``n``, the most first, then by table and column.
    """
    keys = _EDIT if over_files else ["file", *_EDIT]
    first = pl.col("file").first()
    in_first = pl.col("line").filter(pl.col("file").eq_missing(first)).drop_nulls()
    summed = findings.group_by(keys, maintain_order=True).agg(
        *([first.alias("file"), pl.col("file").n_unique().alias("n_files")] if over_files else []),
        pl.col("n").sum(),
        in_first.unique().sort().head(_LINES_SHOWN).alias("lines"),
    )
    order = ["step", pl.col("level") != "FILE", -pl.col("n"), "table", "column", "rule_id"]
    return summed.with_columns(_step(blocking)).sort(order, nulls_last=True, maintain_order=True)


def summarise_files(findings: pl.DataFrame, files: Sequence[str]) -> pl.DataFrame:
    """Return what was found in each file.

    Parameters
    ----------
    findings
        Columns of `schemas.submission.FINDING_SCHEMA`.
    files
        Names of the files; those without a finding count too.

    Returns
    -------
    polars.DataFrame
        ``file``, and the sums of ``n`` by level: ``FILE``, ``ROW``, ``NULL``, ``WARN``, ``INFO``.
    """
    counts = findings.group_by("file").agg(
        pl.col("n").filter(pl.col("level") == level).sum().alias(level) for level in LEVELS
    )
    names = pl.DataFrame({"file": list(dict.fromkeys(files))}, schema={"file": pl.String})
    return names.join(counts, on="file", how="left", maintain_order="left").with_columns(
        pl.col(LEVELS).fill_null(0)
    )


def mark_first_faults(findings: pl.DataFrame) -> pl.DataFrame:
    """Return findings with ``is_first``: whether it is the fault of its record to mend first.

    Parameters
    ----------
    findings
        Columns of `schemas.submission.FINDING_SCHEMA`. Each record of a file has one first fault: the
        hardest level, a cell's own fault before one across cells. Findings on no record have none.
    """
    family = pl.col("rule_id").str.slice(0, 1)
    ranks = dict(zip(_FAMILIES, range(len(_FAMILIES)), strict=True))
    ranked = findings.with_row_index("place").sort(
        _rank("level", dict(zip(LEVELS, range(len(LEVELS)), strict=True))),
        family.replace_strict(ranks, default=len(ranks), return_dtype=pl.Int8),
        "place",
    )
    is_first = pl.struct("file", "record").is_first_distinct() & pl.col("record").is_not_null()
    return ranked.with_columns(is_first.alias("is_first")).sort("place").drop("place")


def blocking_tables(prepared: PreparedSubmission) -> tuple[str, ...]:
    """Return the tables whose rejected rows turn the gate red by their number."""
    procedures = prepared.report.tables.get("procedures")
    if prepared.gate.colour != "red" or procedures is None or not procedures.n_input:
        return ()
    share = procedures.rejected.height / procedures.n_input
    return ("procedures",) if share > DEFAULT_GATE.rejected_procedures else ()


def _step(blocking: Collection[str]) -> pl.Expr:
    """Return the place in `STEPS`; a broken key turns the gate red, as a finding on the whole file does."""
    level = pl.col("level")
    is_key = pl.col("rule_id").str.starts_with(_KEY_RULES)
    is_broken_key = (level == "ROW") & (is_key | pl.col("table").is_in(list(blocking)))
    place = _rank("level", {"FILE": 0, "ROW": 1, "NULL": 1, "WARN": 2, "INFO": 3})
    return pl.when(is_broken_key).then(pl.lit(0, pl.Int8)).otherwise(place).alias("step")


def _rank(column: str, ranks: dict[str, int]) -> pl.Expr:
    """Return the rank of each text of a column."""
    return pl.col(column).replace_strict(ranks, return_dtype=pl.Int8)
