"""Tell which site each row of a submission belongs to, so that findings can be counted by site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.submission import SubmissionReport, TableReport

_KEYS = ("site_id", "patient_id", "procedure_id", "lesion_id")
_ROW_SITES = {"table": pl.String, "file": pl.String, "line": pl.Int64, "site_id": pl.String}


def derive_row_sites(
    report: SubmissionReport, site_ids: Sequence[str], *, lines: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Find the site of each physical line of each table, through the keys of its parents.

    Parameters
    ----------
    report
        A validated submission; accepted and rejected rows both count.
    site_ids
        Sites the submission speaks for. Where it is only one, it stands in for rows whose parents are
        unknown.
    lines
        ``table`` and ``line`` of the rows that are asked for; all rows where None.

    Returns
    -------
    pl.DataFrame
        ``table``, ``file``, ``line``, ``site_id``: one row per table, file and line; ``file`` is null where
        the report does not tell it, ``site_id`` where several sites are possible.
    """
    keys = {name: _key_columns(table) for name, table in report.tables.items()}
    asked = keys if lines is None else {name: _on_lines(keys[name], name, lines) for name in keys}
    # Looking parents up costs far more than the rest, and rows that name their site need none.
    is_told = all(frame.get_column("site_id").null_count() == 0 for frame in asked.values())
    parents = {} if is_told else _parent_sites(keys)
    only_site = site_ids[0] if len(site_ids) == 1 else None
    parts = [
        _with_site(frame, parents, only_site).select(pl.lit(name).alias("table"), "file", "line", "site_id")
        for name, frame in asked.items()
    ]
    rows = pl.concat([pl.DataFrame(schema=_ROW_SITES), *parts])
    return rows.drop_nulls("line").unique(subset=["table", "file", "line"], keep="first", maintain_order=True)


def with_row_sites(rows: pl.DataFrame, row_sites: pl.DataFrame) -> pl.DataFrame:
    """Add the site of each row by its table, file and line.

    Two files of one submission may feed the same table, so a line alone says little.

    Parameters
    ----------
    rows
        ``table``, ``file``, ``line`` and other columns.
    row_sites
        As `derive_row_sites` returns them. Lines without a file count for every file.

    Returns
    -------
    pl.DataFrame
        The rows in their order, with ``site_id``.
    """
    anywhere = row_sites.filter(pl.col("file").is_null()).select("table", "line", elsewhere="site_id")
    known = rows.join(row_sites, on=["table", "file", "line"], how="left", maintain_order="left")
    known = known.join(anywhere, on=["table", "line"], how="left", maintain_order="left")
    return known.with_columns(pl.coalesce("site_id", "elsewhere").alias("site_id")).drop("elsewhere")


def _key_columns(table: TableReport) -> pl.DataFrame:
    """Take line and keys as text from accepted and rejected rows; a key the table does not have is null."""
    return pl.concat([_pick(table.accepted, "source_row"), _pick(table.rejected, "line")])


def _on_lines(keys: pl.DataFrame, table: str, lines: pl.DataFrame) -> pl.DataFrame:
    """Keep the rows of a table that stand on one of its lines."""
    own = lines.filter(pl.col("table") == table).get_column("line").drop_nulls().unique()
    return keys.filter(pl.col("line").is_in(own.implode()))


def _pick(frame: pl.DataFrame, line: str) -> pl.DataFrame:
    """Take the line number and the keys, null where the frame lacks one."""
    present = [pl.col(key).cast(pl.String) for key in _KEYS if key in frame.columns]
    absent = [pl.lit(None, pl.String).alias(key) for key in _KEYS if key not in frame.columns]
    file = pl.col("file") if "file" in frame.columns else pl.lit(None, pl.String).alias("file")
    own = frame.select(pl.col(line).cast(pl.Int64).alias("line"), file, *present, *absent)
    return own.select("line", "file", *_KEYS)


def _parent_sites(keys: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Map each lesion, procedure and patient to a site."""
    parents: dict[str, pl.DataFrame] = {}
    for table, key in (("patients", "patient_id"), ("procedures", "procedure_id"), ("lesions", "lesion_id")):
        if table in keys:
            sites = _with_site(keys[table], parents, None).select(
                key, pl.col("site_id").alias(f"site_of_{key}")
            )
            parents[key] = sites.drop_nulls().unique(subset=[key], keep="first", maintain_order=True)
    return parents


def _with_site(frame: pl.DataFrame, parents: dict[str, pl.DataFrame], only_site: str | None) -> pl.DataFrame:
    """Fill ``site_id`` from the row itself, else its lesion, procedure or patient, else the only site."""
    order = [key for key in ("lesion_id", "procedure_id", "patient_id") if key in parents]
    for key in order:
        frame = frame.join(parents[key], on=key, how="left", maintain_order="left")
    candidates = ["site_id", *(f"site_of_{key}" for key in order)]
    return frame.with_columns(pl.coalesce(*candidates, pl.lit(only_site, pl.String)).alias("site_id"))
