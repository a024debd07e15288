"""Waivers: reviewed decisions that a rule is set aside for a site, with a reason and a day of expiry."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from analytics.errors import SpecificationError
from analytics.intake.site_parts import sites_of_records
from schemas.registry import TABLES
from schemas.rules.catalogue import RULES
from schemas.submission import FINDING_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from schemas.submission import SubmissionReport

_KEYS = {"rule", "site", "column", "reason", "until", "reviewer"}
_PER_SITE = ("M", "S")
# The rules about follow-up name their windows where others name a column.
_COLUMNS = {column for table in TABLES.values() for column in table.dtypes} | {"d30", "m12"}
_FIX = "Give rule, site, reason, until (a date) and reviewer; column is optional"


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """One reviewed decision.

    Parameters
    ----------
    rule, site
        Rule that is set aside, and the site it is set aside for.
    column
        Column that it is limited to, or None.
    reason, reviewer
        Why, and who decided.
    until
        Last day on which it counts.
    """

    rule: str
    site: str
    column: str | None
    reason: str
    until: dt.date
    reviewer: str

    @property
    def name(self) -> str:
        """Rule, site and column in words."""
        return f"{self.rule} for {self.site}" + (f", {self.column}" if self.column else "")


def read_waivers(path: Path, *, today: dt.date) -> tuple[Waiver, ...]:
    """Read a file of waivers.

    Parameters
    ----------
    path
        TOML file of ``[[waiver]]`` tables with ``rule``, ``site``, ``reason``, ``until``, ``reviewer`` and
        optionally ``column``.
    today
        Day on which a waiver must still count.

    Raises
    ------
    SpecificationError
        A waiver names no rule of the catalogue, or one that cannot be waived, is expired or incomplete. The
        first such waiver is named, and none counts.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        fix = "Check the path and the file"
        raise SpecificationError(
            where=str(path), what="the waivers cannot be read as TOML", fix=fix
        ) from error
    entries = content.get("waiver", [])
    if set(content) - {"waiver"} or not isinstance(entries, list):
        raise SpecificationError(where=str(path), what="not a list of waivers", fix="Write [[waiver]] tables")
    return tuple(_waiver(f"{path}, waiver {n}", entry, today) for n, entry in enumerate(entries, start=1))


def _waiver(where: str, entry: Mapping[str, Any], today: dt.date) -> Waiver:
    """Return one waiver, or refuse it."""
    if set(entry) - _KEYS or _KEYS - {"column"} - set(entry):
        raise SpecificationError(where=where, what="keys are missing or unknown", fix=_FIX)
    texts = {key: value for key, value in entry.items() if key != "until"}
    is_dated = isinstance(entry["until"], dt.date) and not isinstance(entry["until"], dt.datetime)
    if not is_dated or not all(isinstance(value, str) and value.strip() for value in texts.values()):
        raise SpecificationError(where=where, what="a value is empty or of the wrong type", fix=_FIX)
    waiver = Waiver(**({"column": None} | dict(entry)))
    rule = RULES.get(waiver.rule)
    if rule is None:
        raise SpecificationError(where=where, what=f"there is no rule {waiver.rule}", fix="Use its id")
    if not rule.is_waivable:
        what = f"rule {waiver.rule} cannot be waived"
        raise SpecificationError(where=where, what=what, fix="Remove the waiver and correct the data")
    if waiver.column is not None and waiver.column not in _COLUMNS:
        what = f"there is no column {waiver.column}"
        raise SpecificationError(where=where, what=what, fix="Use a canonical column, without its table")
    if waiver.until < today:
        what = f"the waiver of {waiver.name} ended on {waiver.until.isoformat()}"
        raise SpecificationError(where=where, what=what, fix="Review it again or remove it")
    return waiver


def apply_waivers(report: SubmissionReport, waivers: Sequence[Waiver]) -> SubmissionReport:
    """Return the report with waived findings set apart, and the failures in its rule results marked.

    A finding on a row is waived if the row is of the waiver's site; a finding that stands for several sites
    or rows only if each of them is waived. Findings that emptied a value, rejected a row or refused the file
    are never waived.
    """
    if not waivers or report.findings.is_empty():
        return report
    findings = report.findings.with_row_index("number")
    mild = findings.filter(pl.col("level").is_in(["WARN", "INFO"]))
    waived = pl.concat([_waived_rows(report, mild, waivers), _waived_counts(report, mild, waivers)])
    is_waived = pl.col("number").is_in(waived.implode())
    return replace(
        report,
        findings=findings.filter(~is_waived).select(list(FINDING_SCHEMA)),
        waived=findings.filter(is_waived).select(list(FINDING_SCHEMA)),
        rule_results=_marked(report.rule_results, waivers),
    )


def name_idle_waivers(report: SubmissionReport, waivers: Sequence[Waiver]) -> tuple[str, ...]:
    """Name the waivers of sites that sent no row: the code of the site may be misspelt."""
    columns = [
        frame.get_column("site_id").cast(pl.String)
        for table in report.tables.values()
        for frame in (table.accepted, table.rejected)
        if "site_id" in frame.columns
    ]
    sent = set(pl.concat(columns).unique().to_list()) if columns else set()
    # Lesions and events alone name no site: nothing is said of waivers then.
    return tuple(waiver.name for waiver in waivers if sent and waiver.site not in sent)


def _marked(results: pl.DataFrame, waivers: Sequence[Waiver]) -> pl.DataFrame:
    """Mark the failures that a waiver sets aside; one about a single column leaves rules counted over all."""
    is_waived = pl.any_horizontal(
        _fits(waiver) & (pl.col("site_id") == waiver.site).fill_null(value=False) for waiver in waivers
    )
    return results.with_columns((is_waived & (pl.col("status") == "failed")).alias("is_waived"))


def _waived_rows(report: SubmissionReport, findings: pl.DataFrame, waivers: Sequence[Waiver]) -> pl.Series:
    """Return the numbers of waived findings on rows."""
    on_rows = findings.filter(pl.col("row").is_not_null())
    placed = on_rows.join(sites_of_records(report), on=["table", "record"], how="inner")
    waived = [
        placed.filter(_fits(waiver) & (pl.col("site_id") == waiver.site))["number"] for waiver in waivers
    ]
    return pl.concat([findings["number"].clear(), *waived]).unique()


def _waived_counts(report: SubmissionReport, findings: pl.DataFrame, waivers: Sequence[Waiver]) -> pl.Series:
    """Return the numbers of findings about whole sites of which every failing site is waived."""
    failed = report.rule_results.filter(pl.col("status") == "failed")
    about_sites = findings.filter(
        pl.col("row").is_null() & pl.col("rule_id").is_in(failed["rule_id"].implode())
    )
    numbers = []
    for row in about_sites.select("number", "rule_id", "column").iter_rows(named=True):
        own = failed.filter(pl.col("rule_id") == row["rule_id"])
        if row["rule_id"].startswith(_PER_SITE):
            own = own.filter(pl.col("column").is_null() | (pl.col("column") == row["column"]))
        sites = {
            waiver.site
            for waiver in waivers
            if waiver.rule == row["rule_id"] and waiver.column in {None, row["column"]}
        }
        if own.height and set(own["site_id"].to_list()) <= sites:
            numbers.append(row["number"])
    return pl.Series("number", numbers, dtype=findings.schema["number"])


def _fits(waiver: Waiver) -> pl.Expr:
    """Whether a finding is of the waiver's rule and column."""
    fits = pl.col("rule_id") == waiver.rule
    return (
        fits if waiver.column is None else fits & (pl.col("column") == waiver.column).fill_null(value=False)
    )
