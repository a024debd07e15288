"""The gate: green and yellow submissions load, red ones do not; a colour always comes with its reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import polars as pl

from analytics.intake.site_parts import reports_by_site
from schemas.rules.completeness import asked_rows, loses_value, tells
from schemas.rules.limits import DEFAULT_LIMITS, RuleLimits
from schemas.submission import SubmissionReport

if TYPE_CHECKING:
    from collections.abc import Mapping

Colour = Literal["green", "yellow", "red"]

_KEY_RULES = "K"


@dataclass(frozen=True)
class GateSettings:
    """Limits of the gate. They are defaults of this project, meant to be set by a registry.

    Parameters
    ----------
    rejected_procedures
        Share of procedure rows that may be rejected; above it the gate is red.
    warned_rows
        Share of the rows of a table that may carry a finding of level WARN; above it the gate is yellow. Not
        asked of `sites`, where one row is all there is.
    limits
        Least completeness of columns and of follow-up, below which the gate is yellow.
    """

    rejected_procedures: float = 0.05
    warned_rows: float = 0.20
    limits: RuleLimits = DEFAULT_LIMITS


DEFAULT_GATE = GateSettings()


@dataclass(frozen=True)
class Gate:
    """Colour of a submission or of one site in it.

    Parameters
    ----------
    colour
        ``green`` and ``yellow`` load, ``red`` does not.
    reasons
        Sentences that say why it is not green; counts and columns, never a cell value.
    yellow_columns
        ``table.column`` of each column below its completeness limit; analyses that use one are labelled.
    """

    colour: Colour
    reasons: tuple[str, ...] = ()
    yellow_columns: tuple[str, ...] = field(default=())


def decide_gate(report: SubmissionReport, *, settings: GateSettings = DEFAULT_GATE) -> Gate:
    """Return the colour of a submission.

    Parameters
    ----------
    report
        The submission after validation.
    settings
        Limits.

    Returns
    -------
    Gate
        Red if a finding has level FILE, nothing was accepted, too many procedures were rejected, or a key
        or reference rule rejected a row on its own account; yellow if a column or the follow-up is too
        incomplete or too many rows of a table carry a warning; green otherwise. What is waived does not
        count.
    """
    red = _red_reasons(report, settings)
    low = _low_columns(report, settings.limits)
    yellow = _completeness_reasons(low)
    yellow += _follow_up_reasons(report, settings.limits)
    yellow += _warning_reasons(report, settings)
    colour: Colour = "red" if red else "yellow" if yellow else "green"
    return Gate(colour, tuple(red + yellow), tuple(name for name, _, _ in low))


def decide_site_gates(
    report: SubmissionReport, *, settings: GateSettings = DEFAULT_GATE
) -> Mapping[str, Gate]:
    """Return the colour of each site in a submission, by site code.

    Rows are a site's by their own ``site_id`` or that of their patient or procedure. Findings on the whole
    file count for every site.
    """
    parts = reports_by_site(report, _columns_of_gate(settings.limits))
    return {site: decide_gate(part, settings=settings) for site, part in parts}


def _columns_of_gate(limits: RuleLimits) -> dict[str, list[str]]:
    """Return the columns that completeness looks at, by table: its own, and those that say who is asked."""
    columns: dict[str, list[str]] = {}
    for name in limits.completeness:
        table, column = name.split(".")
        asked = asked_rows(table, column).meta.root_names()
        day = f"{column.removesuffix('_date')}_day" if column.endswith("_date") else column
        columns[table] = list(dict.fromkeys([*columns.get(table, []), column, day, *asked]))
    return columns


def _red_reasons(report: SubmissionReport, settings: GateSettings) -> list[str]:
    """Return why nothing may be loaded."""
    file_rules = report.findings.filter(pl.col("level") == "FILE").get_column("rule_id").unique().sort()
    reasons = [f"the file as a whole is refused (rules {', '.join(file_rules)})"] if len(file_rules) else []
    if not reasons and report.n_accepted == 0:
        reasons.append("no row was accepted")
    procedures = report.tables.get("procedures")
    if procedures is not None and procedures.n_input:
        share = procedures.rejected.height / procedures.n_input
        if share > settings.rejected_procedures:
            limit = settings.rejected_procedures
            reasons.append(f"{share:.1%} of procedures are rejected; at most {limit:.0%} may be")
    for name, table in report.tables.items():
        is_own = pl.col("rule_id").str.starts_with(_KEY_RULES) & ~pl.col("is_cascade")
        n = table.rejected.filter(is_own).height
        if n:
            reasons.append(f"{name}: {n} {'row breaks' if n == 1 else 'rows break'} a key or reference rule")
    return reasons


def _low_columns(report: SubmissionReport, limits: RuleLimits) -> list[tuple[str, float, float]]:
    """Return the columns below their limit and not waived: ``table.column``, share filled, limit.

    Rows that were rejected for want of the value count as sent without it.
    """
    waived = _waived_columns(report)
    lost = _lost_rows(report)
    filled = _count_filled(report, limits)
    low = []
    for name, limit in limits.completeness.items():
        table, column = name.split(".")
        if table not in report.tables or name in waived:
            continue
        n_sent, n_told = filled[name]
        n_asked = n_sent + lost.get((table, column), 0)
        if n_asked and n_told / n_asked < limit:
            low.append((name, n_told / n_asked, limit))
    return low


def _count_filled(report: SubmissionReport, limits: RuleLimits) -> dict[str, tuple[int, int]]:
    """Return how many accepted rows should have each column's value, and how many have it."""
    counts: dict[str, tuple[int, int]] = {}
    names = [name.split(".") for name in limits.completeness]
    for table in dict.fromkeys(name for name, _ in names if name in report.tables):
        accepted = report.tables[table].accepted
        columns = [column for name, column in names if name == table]
        asked = [asked_rows(table, column).fill_null(value=False) for column in columns]
        row = pl.int_range(pl.len())  # a literal has length one: this ties it to the rows
        sums = accepted.select(
            *(pl.when(row >= 0).then(one).sum().alias(f"a{i}") for i, one in enumerate(asked)),
            *((one & tells(accepted, columns[i])).sum().alias(f"t{i}") for i, one in enumerate(asked)),
        ).row(0, named=True)
        for i, column in enumerate(columns):
            counts[f"{table}.{column}"] = (int(sums[f"a{i}"] or 0), int(sums[f"t{i}"] or 0))
    return counts


def _lost_rows(report: SubmissionReport) -> dict[tuple[str, str], int]:
    """Return how many rows were rejected for want of a value, by table and column."""
    cells = report.findings.filter((pl.col("level") == "ROW") & pl.col("row").is_not_null() & loses_value())
    rows = cells.select("file", "table", "column", "row").drop_nulls(["table", "column"]).unique()
    counts = rows.group_by("table", "column").len()
    return {(table, column): n for table, column, n in counts.iter_rows()}


def _waived_columns(report: SubmissionReport) -> set[str]:
    """Return the columns that every site below the limit has a waiver for."""
    failed = report.rule_results.filter((pl.col("rule_id") == "M01") & (pl.col("status") == "failed"))
    names = pl.concat_str("table", "column", separator=".").alias("name")
    waived = failed.group_by(names).agg(pl.col("is_waived").all())
    return set(waived.filter("is_waived")["name"].to_list())


def _follow_up_reasons(report: SubmissionReport, limits: RuleLimits) -> list[str]:
    """Return where too little is known of what followed, of all sites together."""
    results = report.rule_results.filter((pl.col("status") != "not_applicable") & ~pl.col("is_waived"))
    known = (
        results.filter(pl.col("rule_id") == "M09")
        .group_by("column")
        .agg((1 - pl.col("n_violating").sum() / pl.col("n_checked").sum()).alias("share"))
    )
    shares = dict(known.iter_rows())
    reasons = [
        f"status {words} known of {shares[window]:.0%} of patients; at least {least:.0%} must be"
        for window, words, least in (
            ("d30", "at 30 days", limits.known_30_days),
            ("m12", "at one year", limits.known_1_year),
        )
        if shares.get(window, 1.0) < least
    ]
    clark = (
        results.filter(pl.col("rule_id") == "M10")
        .group_by("column")
        .agg(
            ((pl.col("value") * pl.col("n_checked")).sum() / pl.col("n_checked").sum()).alias("value"),
            (pl.col("status") == "failed").any().alias("is_failed"),
        )
    )
    for column, value, is_failed in clark.sort("column").iter_rows():
        if column == "contact_date" and value < limits.clark_completeness:
            reasons.append(
                f"follow-up to one year is {value:.0%} complete; it must be {limits.clark_completeness:.0%}"
            )
        if column == "device_class" and is_failed:
            reasons.append(f"follow-up differs by more than {limits.clark_gap:.0%} between kinds of device")
    return reasons


def _completeness_reasons(low: list[tuple[str, float, float]]) -> list[str]:
    """Return one sentence for each limit, naming the columns below it."""
    reasons = []
    for limit in sorted({limit for _, _, limit in low}, reverse=True):
        names = [f"{name} ({share:.0%})" for name, share, own in low if own == limit]
        reasons.append(f"filled in less than {limit:.0%} of rows: {', '.join(names)}")
    return reasons


def _warning_reasons(report: SubmissionReport, settings: GateSettings) -> list[str]:
    """Return the tables of which too many rows carry a warning."""
    warned = report.findings.filter((pl.col("level") == "WARN") & pl.col("row").is_not_null())
    rows = warned.select("file", "table", "row").unique()
    counts = dict(rows.group_by("table").len().iter_rows())
    limit = settings.warned_rows
    shares = {
        name: counts.get(name, 0) / table.n_input
        for name, table in report.tables.items()
        if table.n_input and name != "sites"
    }
    reasons = [
        f"{name}: {share:.1%} of rows carry a warning; at most {limit:.0%} may"
        for name, share in shares.items()
        if share > limit
    ]
    return reasons + _missing_lesions(report)


def _missing_lesions(report: SubmissionReport) -> list[str]:
    """Return that no lesions were sent: a warning of every procedure, found once for the file."""
    said = (pl.col("rule_id") == "K04") & pl.col("row").is_null()
    if report.findings.filter(said).is_empty():
        return []
    return ["procedures: no lesions were sent; analyses of lesions and devices leave them all out"]
