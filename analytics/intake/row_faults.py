"""What is wrong with each row of a file, in words for the site that sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.intake.findings import EFFECTS, LEVELS, mark_first_faults
from schemas.mapping.references import header_uses

if TYPE_CHECKING:
    from schemas.mapping.model import SiteMapping

_FAULTS_SHOWN = 20
_HEADER_SHOWN = 100
FIRST = "FIRST FAULT"
"""What the first fault of a row is marked with."""


def faults_of_rows(findings: pl.DataFrame, file: str, mapping: SiteMapping | None) -> pl.DataFrame:
    """Return one row for each faulty record of a file.

    Parameters
    ----------
    findings
        Columns of `schemas.submission.FINDING_SCHEMA`.
    file
        File name without its folder.
    mapping
        The mapping in use, which tells the header of a column that a finding names without one.

    Returns
    -------
    polars.DataFrame
        ``line``, ``record``, ``first`` (the fault to mend first), ``others`` (the other faults, one a line,
        null if there are none), and the lists ``headers``, ``levels``, ``rules`` and ``notes`` (header,
        level, rule and words of each fault, first one first), in order of ``line``. Notes of level INFO are
        no faults.
    """
    is_fault = (pl.col("file") == file) & pl.col("record").is_not_null() & pl.col("line").is_not_null()
    found = mark_first_faults(findings.filter(is_fault & (pl.col("level") != "INFO")))
    found = found.with_columns(_header(mapping).alias("header"), _place(mapping).alias("place"))
    found = found.sort(
        "line",
        ~pl.col("is_first"),
        pl.col("level").replace_strict({name: at for at, name in enumerate(LEVELS)}, return_dtype=pl.Int8),
        maintain_order=True,
    ).unique(["line", "rule_id", "place"], keep="first", maintain_order=True)
    number = pl.int_range(1, pl.len() + 1).over("line")
    mark = pl.when(number == 1).then(pl.lit(f"{FIRST} - ")).otherwise(pl.lit(""))
    effect = pl.col("level").replace_strict(EFFECTS, return_dtype=pl.String)
    said = pl.format(
        "{}. {}{}: {} {} ({}: {})", number, mark, "place", "sentence", "remedy", "rule_id", effect
    )
    note = pl.format("{} {} ({})", "sentence", "remedy", effect)
    found = found.with_columns(said.alias("said"), note.alias("note"))
    return found.group_by("line", maintain_order=True).agg(
        pl.col("record").first(),
        pl.col("said").first().alias("first"),
        _others(),
        pl.col("header").alias("headers"),
        pl.col("level").alias("levels"),
        pl.col("rule_id").alias("rules"),
        pl.col("note").alias("notes"),
    )


def _others() -> pl.Expr:
    """Return the faults after the first as lines; a long list is cut."""
    rest = pl.col("said").slice(1)
    n_more = pl.len().cast(pl.Int64) - 1 - _FAULTS_SHOWN
    more = pl.concat_str(pl.lit("\n... and "), n_more.cast(pl.String), pl.lit(" more in findings.csv"))
    shown = rest.head(_FAULTS_SHOWN).str.join("\n")
    whole = pl.when(n_more > 0).then(pl.concat_str(shown, more)).otherwise(shown)
    return pl.when(pl.len() > 1).then(whole).alias("others")


def _header(mapping: SiteMapping | None) -> pl.Expr:
    """Return the site's header of a finding; where it names only a column, the one header that feeds it."""
    if mapping is None:
        return pl.col("header").fill_null(pl.col("column"))
    feeding: dict[str, set[str]] = {}
    for use in header_uses(mapping):
        if use.column is not None:
            feeding.setdefault(f"{use.table}.{use.column}", set()).add(use.header)
    single = {name: headers.pop() for name, headers in feeding.items() if len(headers) == 1}
    if not single:
        return pl.col("header")
    column = pl.concat_str("table", "column", separator=".")
    return pl.col("header").fill_null(column.replace_strict(single, default=None, return_dtype=pl.String))


def _place(mapping: SiteMapping | None) -> pl.Expr:
    """Return how a fault's place is named: by the site's header, else by our table and column."""
    whole = pl.lit("row") if mapping is None else pl.concat_str(pl.lit("row, for "), "table")
    is_of_file = pl.col("table") == "file"
    named = pl.concat_str("table", "column", separator=".")
    whole = pl.when(is_of_file).then(pl.lit("row")).otherwise(whole)
    header = _header(mapping).str.replace_all(r"\s+", " ").str.slice(0, _HEADER_SHOWN)
    return pl.coalesce(header, named, whole)
