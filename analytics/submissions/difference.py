"""What changed between two submissions of a source: rows, and findings that are new, fixed or still open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from schemas.registry import TABLES

if TYPE_CHECKING:
    from schemas.submission import SubmissionReport, TableReport

_IDENTITY = ("rule_id", "table", "column", "key")
_LINES_SHOWN = 5


@dataclass(frozen=True, eq=False)
class SubmissionDifference:
    """What changed from an earlier submission to a later one. No cell value and no key is in it.

    Parameters
    ----------
    rows
        One row per canonical table: ``table``, ``n_before``, ``n_after``, ``n_added``, ``n_changed``,
        ``n_gone`` (rows, told apart by primary key), ``n_now_rejected``, ``n_now_accepted``.
    columns
        One row per column with changed values of rows that both hold: ``table``, ``column``, ``n_changed``.
    findings
        One row per rule and column: ``rule_id``, ``level``, ``table``, ``column``, ``sentence``, ``n_new``,
        ``n_fixed`` (the row is there and sound), ``n_gone`` (the row is not sent any more), ``n_open``, and
        ``lines`` (the first lines of new and open findings, in the later file).
    """

    rows: pl.DataFrame
    columns: pl.DataFrame
    findings: pl.DataFrame


def compare_submissions(before: SubmissionReport, after: SubmissionReport) -> SubmissionDifference:
    """Compare two validated submissions of the same source.

    Parameters
    ----------
    before, after
        The earlier and the later report.

    Returns
    -------
    SubmissionDifference
        A finding is the same in both where rule, table, column and the row's primary key are the same, on
        whatever line the row now stands. Findings about a file or a column are compared by their counts.
    """
    pairs = {name: (_rows_of(before, name), _rows_of(after, name)) for name in TABLES}
    matched = {name: _match(earlier, later) for name, (earlier, later) in pairs.items()}
    return SubmissionDifference(
        rows=pl.DataFrame([_count_rows(name, *pairs[name], matched[name]) for name in TABLES]),
        columns=_changed_columns(matched),
        findings=_compare_findings(before, after, pairs),
    )


def _rows_of(report: SubmissionReport, name: str) -> pl.DataFrame:
    """Return all rows of a table as text: ``key``, ``line``, ``is_accepted`` and the canonical columns."""
    columns = [column for column in TABLES[name].dtypes if column != TABLES[name].primary_key]
    shape = {"key": pl.String, "line": pl.Int64, "is_accepted": pl.Boolean} | dict.fromkeys(
        columns, pl.String
    )
    if name not in report.tables:
        return pl.DataFrame(schema=shape)
    parts = [_part(report.tables[name], columns, is_accepted=flag) for flag in (True, False)]
    return (
        pl.concat(parts).filter(pl.col("key").is_not_null()).unique("key", keep="first", maintain_order=True)
    )


def _part(table: TableReport, columns: list[str], *, is_accepted: bool) -> pl.DataFrame:
    """Return accepted or rejected rows in one shape."""
    frame = table.accepted if is_accepted else table.rejected
    line = "source_row" if is_accepted else "line"
    held = set(frame.columns)
    return frame.select(
        pl.col(TABLES[table.table].primary_key).cast(pl.String).alias("key"),
        pl.col(line).cast(pl.Int64).alias("line"),
        pl.lit(is_accepted).alias("is_accepted"),
        *(
            pl.col(name).cast(pl.String) if name in held else pl.lit(None, dtype=pl.String).alias(name)
            for name in columns
        ),
    )


def _match(earlier: pl.DataFrame, later: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that both hold: one flag per column that says whether its value changed."""
    both = earlier.join(later, on="key", how="inner", suffix="_after", maintain_order="left")
    values = [name for name in earlier.columns if name not in {"key", "line", "is_accepted"}]
    # A rejected row is text as it came: its numbers are not comparable with typed ones.
    comparable = pl.col("is_accepted") == pl.col("is_accepted_after")
    return both.select(
        "is_accepted",
        "is_accepted_after",
        *(
            (comparable & pl.col(name).ne_missing(pl.col(f"{name}_after"))).alias(f"changed {name}")
            for name in values
        ),
    )


def _count_rows(
    name: str, earlier: pl.DataFrame, later: pl.DataFrame, both: pl.DataFrame
) -> dict[str, str | int]:
    """Count what became of the rows of one table."""
    flags = [column for column in both.columns if column.startswith("changed ")]
    return {
        "table": name,
        "n_before": earlier.height,
        "n_after": later.height,
        "n_added": later.height - both.height,
        "n_changed": both.filter(pl.any_horizontal(flags)).height,
        "n_gone": earlier.height - both.height,
        "n_now_rejected": both.filter(pl.col("is_accepted") & ~pl.col("is_accepted_after")).height,
        "n_now_accepted": both.filter(~pl.col("is_accepted") & pl.col("is_accepted_after")).height,
    }


def _changed_columns(matched: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Count changed values by column."""
    counts = [
        {"table": name, "column": flag.removeprefix("changed "), "n_changed": int(both[flag].sum())}
        for name, both in matched.items()
        for flag in both.columns
        if flag.startswith("changed ") and both[flag].any()
    ]
    return pl.DataFrame(counts, schema={"table": pl.String, "column": pl.String, "n_changed": pl.Int64})


def _compare_findings(
    before: SubmissionReport,
    after: SubmissionReport,
    pairs: dict[str, tuple[pl.DataFrame, pl.DataFrame]],
) -> pl.DataFrame:
    """Count findings that are new, fixed, gone with their row, or open."""
    earlier = _identify(before.findings, {name: pair[0] for name, pair in pairs.items()})
    later = _identify(after.findings, {name: pair[1] for name, pair in pairs.items()})
    sent = pl.concat(
        [pair[1].select(pl.lit(name).alias("table"), "key") for name, pair in pairs.items()]
    ).with_columns(is_sent=pl.lit(value=True))
    both = earlier.join(later, on=_IDENTITY, how="full", nulls_equal=True, coalesce=True, suffix="_after")
    both = both.join(sent, on=["table", "key"], how="left")
    n, n_after = pl.col("n").fill_null(0), pl.col("n_after").fill_null(0)
    dropped = (n - n_after).clip(lower_bound=0)
    is_gone = pl.col("key").is_not_null() & pl.col("is_sent").is_null()
    return (
        both.with_columns(
            level=pl.coalesce("level_after", "level"),
            sentence=pl.coalesce("sentence_after", "sentence"),
            n_new=(n_after - n).clip(lower_bound=0),
            n_fixed=pl.when(is_gone).then(0).otherwise(dropped),
            n_gone=pl.when(is_gone).then(dropped).otherwise(0),
            n_open=pl.min_horizontal(n, n_after),
        )
        .group_by("rule_id", "level", "table", "column", "sentence")
        .agg(
            pl.col("n_new", "n_fixed", "n_gone", "n_open").sum(),
            lines=pl.col("line_after").drop_nulls().sort().head(_LINES_SHOWN),
        )
        .sort("rule_id", "table", "column", "sentence", nulls_last=True)
    )


def _identify(findings: pl.DataFrame, rows: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Give each finding the key of its row, and add up what is the same."""
    keys = pl.concat(
        [frame.select(pl.lit(name).alias("table"), "line", "key") for name, frame in rows.items()]
    )
    # One line of a wide file can make several rows of a table: together they name the line.
    of_line = keys.group_by("table", "line").agg(pl.col("key").sort().str.join(" "))
    known = findings.join(of_line, on=["table", "line"], how="left", maintain_order="left")
    whole = known.with_columns(key=pl.when(pl.col("line").is_not_null()).then(pl.col("key")))
    return whole.group_by(_IDENTITY).agg(
        pl.col("level", "sentence").first(), pl.col("n").sum(), pl.col("line").min()
    )
