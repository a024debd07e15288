"""Whose each row and each finding of a submission is: site by site."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from schemas.registry import TABLES
from schemas.submission import SubmissionReport, TableReport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    RowSites = Mapping[str, tuple[pl.Series, pl.Series]]

_PARENTS = {
    # table: (its column, parent table) on the way up to the column site_id
    "lesions": ("procedure_id", "procedures"),
    "complications": ("procedure_id", "procedures"),
    "imaging": ("lesion_id", "lesions"),
    "device_uses": ("lesion_id", "lesions"),
    "follow_up": ("patient_id", "patients"),
    "events": ("patient_id", "patients"),
}
_NAMED = ("sites", "patients", "procedures")
_OWNERS = ("patients", "procedures", "lesions")
_NO_OWNER = pl.DataFrame(schema={"key": pl.String, "site_id": pl.String})
_NO_REJECTION = pl.DataFrame(schema={"rule_id": pl.String, "is_cascade": pl.Boolean})
_SITE = "site of row"  # no column of a table has this name


def reports_by_site(
    report: SubmissionReport, columns: Mapping[str, list[str]]
) -> Iterator[tuple[str, SubmissionReport]]:
    """Yield each site, in order, with the part of a report that concerns it.

    Parameters
    ----------
    report
        The submission after validation.
    columns
        Columns of the accepted rows to keep, by table; none of a table that is not named.

    Yields
    ------
    tuple of str and SubmissionReport
        Accepted rows with the columns asked for, rejected rows with their cause only, the findings about the
        site's rows and about whole files, and the results of the rules for the site.
    """
    of_rows = row_sites(report)
    own = [series for name in _NAMED if name in of_rows for series in of_rows[name]]
    sites = pl.concat(own).drop_nulls().unique().sort().to_list() if own else []
    accepted = {
        name: _parted(table.accepted.select(columns.get(name, [])), of_rows[name][0])
        for name, table in report.tables.items()
    }
    rejected = {
        name: _parted(table.rejected.select("rule_id", "is_cascade"), of_rows[name][1])
        for name, table in report.tables.items()
    }
    whole = report.findings.filter(pl.col("row").is_null())
    found = _findings_by_site(report, of_rows)
    for site in sites:
        tables = {
            name: _table_of_site(name, accepted[name].get(site), rejected[name].get(site))
            for name in report.tables
        }
        findings = pl.concat([whole, found[site].drop(_SITE)]) if site in found else whole
        yield site, SubmissionReport(tables, findings, report.rule_results.filter(pl.col("site_id") == site))


def _table_of_site(name: str, accepted: pl.DataFrame | None, rejected: pl.DataFrame | None) -> TableReport:
    """Return the rows of one site in one table."""
    kept = _no_rows(name) if accepted is None else accepted
    lost = _NO_REJECTION if rejected is None else rejected
    return TableReport(name, kept, lost, kept.height + lost.height)


@cache
def _no_rows(table: str) -> pl.DataFrame:
    """Return a table without rows."""
    return TABLES[table].empty()


def _parted(frame: pl.DataFrame, sites: pl.Series) -> dict[str, pl.DataFrame]:
    """Return the rows of each site."""
    parts = pl.DataFrame([sites.alias(_SITE), *frame.get_columns()]).partition_by(_SITE, as_dict=True)
    return {str(site): part for (site,), part in parts.items() if site is not None}


def _findings_by_site(report: SubmissionReport, of_rows: RowSites) -> dict[str, pl.DataFrame]:
    """Return the findings about rows of each site; two files may have records of the same number."""
    parts = []
    for name, table in report.tables.items():
        findings = report.findings.filter((pl.col("table") == name) & pl.col("row").is_not_null())
        frames = [table.accepted, table.rejected]
        place = ["file", "record"] if all("file" in frame.columns for frame in frames) else ["record"]
        if findings.is_empty():
            continue
        named = [
            frame.select(place).cast({"record": pl.Int64}).with_columns(sites.alias(_SITE))
            for frame, sites in zip(frames, of_rows[name], strict=True)
        ]
        places = pl.concat(named).join(findings.select(place).unique(), on=place, how="semi")
        parts.append(findings.join(places.unique(), on=place, how="inner"))
    if not parts:
        return {}
    both = pl.concat(parts)
    return _parted(both.drop(_SITE), both[_SITE])


def sites_of_records(report: SubmissionReport) -> pl.DataFrame:
    """Return ``table``, ``record`` and ``site_id`` of the rows whose site is known, each once."""
    parts = [
        _with_sites(table, sites).select(pl.lit(name).alias("table"), "record", "site_id")
        for (name, table), sites in zip(report.tables.items(), row_sites(report).values(), strict=True)
    ]
    empty = pl.DataFrame(schema={"table": pl.String, "record": pl.Int64, "site_id": pl.String})
    return pl.concat([empty, *(part.cast(empty.schema) for part in parts)]).drop_nulls().unique()


def _with_sites(table: TableReport, sites: tuple[pl.Series, pl.Series]) -> pl.DataFrame:
    """Return the record of accepted and rejected rows with their site."""
    records = pl.concat([table.accepted["record"].cast(pl.Int64), table.rejected["record"].cast(pl.Int64)])
    return records.to_frame().with_columns(pl.concat(sites).alias("site_id"))


def row_sites(report: SubmissionReport) -> dict[str, tuple[pl.Series, pl.Series]]:
    """Return the site of each accepted and of each rejected row, by table; null where it is not known."""
    owners: dict[str, pl.DataFrame] = {}
    sites: dict[str, tuple[pl.Series, pl.Series]] = {}
    for name, table in report.tables.items():
        if "site_id" in TABLES[name].by_name:
            sites[name] = (table.accepted["site_id"], table.rejected["site_id"])
        else:
            column, parent = _PARENTS[name]
            known = owners.get(parent, _NO_OWNER)
            sites[name] = (
                _look_up(table.accepted[column], known),
                _look_up(table.rejected[column], known),
            )
        if name in _OWNERS and _is_asked(report, name):
            owners[name] = _owned(table, sites[name])
    return sites


def _is_asked(report: SubmissionReport, parent: str) -> bool:
    """Tell whether a table has rows that find their site by a parent table."""
    return any(
        report.tables[name].n_input
        for name, (_, table) in _PARENTS.items()
        if table == parent and name in report.tables
    )


def _owned(table: TableReport, sites: tuple[pl.Series, pl.Series]) -> pl.DataFrame:
    """Return key and site of each row of a table, the accepted row first where a key came twice."""
    key = TABLES[table.table].primary_key
    keys = pl.concat([table.accepted[key], table.rejected[key]]).alias("key")
    owned = keys.to_frame().with_columns(pl.concat(sites).alias("site_id")).drop_nulls()
    return owned.unique("key", keep="first", maintain_order=True)


def _look_up(keys: pl.Series, known: pl.DataFrame) -> pl.Series:
    """Return the site of each key."""
    found = keys.alias("key").to_frame().join(known, on="key", how="left", maintain_order="left")
    return found["site_id"]
