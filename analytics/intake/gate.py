"""The gate: green and yellow submissions load, red ones do not; a colour always comes with its reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import polars as pl

from schemas.registry import TABLES
from schemas.submission import SubmissionReport, TableReport

if TYPE_CHECKING:
    from collections.abc import Mapping

Colour = Literal["green", "yellow", "red"]

_CORE = (
    ("procedures", ("procedure_date", "procedure_day")),
    ("patients", ("sex",)),
    ("procedures", ("age_years",)),
    ("procedures", ("presentation",)),
    ("lesions", ("calcification_angio",)),
    ("device_uses", ("device_class",)),
    ("procedures", ("discharge_status",)),
    ("procedures", ("complications_recorded",)),
)
_COVARIATES = (
    ("procedures", ("diabetes",)),
    ("procedures", ("dialysis",)),
    ("procedures", ("creatinine_umol_l",)),
    ("procedures", ("prior_mi",)),
    ("procedures", ("prior_pci",)),
    ("procedures", ("prior_cabg",)),
    ("procedures", ("lvef_pct",)),
    ("lesions", ("vessel",)),
    ("lesions", ("lesion_length_mm",)),
    ("lesions", ("reference_diameter_mm",)),
    ("lesions", ("stenosis_pre_pct",)),
    ("lesions", ("timi_post",)),
)
_UNKNOWN = "unknown"
_KEY_RULES = "K"
_PARENTS = {
    # table: (its column, parent table) on the way up to the column site_id
    "lesions": ("procedure_id", "procedures"),
    "complications": ("procedure_id", "procedures"),
    "imaging": ("lesion_id", "lesions"),
    "device_uses": ("lesion_id", "lesions"),
    "follow_up": ("patient_id", "patients"),
    "events": ("patient_id", "patients"),
}


@dataclass(frozen=True)
class GateSettings:
    """Limits of the gate. They are defaults of this project, meant to be set by a registry.

    Parameters
    ----------
    rejected_procedures
        Share of procedure rows that may be rejected; above it the gate is red.
    core_completeness, covariate_completeness
        Least share of filled cells (a code ``unknown`` is not filled); below it the gate is yellow.
    warned_rows
        Share of rows that may carry a finding of level WARN; above it the gate is yellow.
    """

    rejected_procedures: float = 0.05
    core_completeness: float = 0.98
    covariate_completeness: float = 0.90
    warned_rows: float = 0.20


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
        or reference rule rejected a row on its own account; yellow if a column is too empty or too many
        rows carry a warning; green otherwise.
    """
    red = _red_reasons(report, settings)
    low = _low_columns(report, settings)
    yellow = _completeness_reasons(low)
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
    owners = _owners(report)
    sites = sorted({site for owner in owners.values() for site in owner.values() if site is not None})
    return {site: decide_gate(_of_site(report, owners, site), settings=settings) for site in sites}


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


def _low_columns(report: SubmissionReport, settings: GateSettings) -> list[tuple[str, float, float]]:
    """Return the columns below their limit: ``table.column``, share filled, limit."""
    wanted = [(table, names, settings.core_completeness) for table, names in _CORE]
    wanted += [(table, names, settings.covariate_completeness) for table, names in _COVARIATES]
    low = []
    for table, names, limit in wanted:
        accepted = report.tables[table].accepted if table in report.tables else TABLES[table].empty()
        if accepted.is_empty():
            continue
        share = accepted.select(pl.any_horizontal(_is_filled(accepted, name) for name in names).mean()).item()
        if share < limit:
            low.append((f"{table}.{names[0]}", share, limit))
    return low


def _completeness_reasons(low: list[tuple[str, float, float]]) -> list[str]:
    """Return one sentence for each limit, naming the columns below it."""
    reasons = []
    for limit in sorted({limit for _, _, limit in low}, reverse=True):
        names = [f"{name} ({share:.0%})" for name, share, own in low if own == limit]
        reasons.append(f"filled in less than {limit:.0%} of rows: {', '.join(names)}")
    return reasons


def _is_filled(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Return whether a cell tells something."""
    cell = pl.col(name)
    is_known = (
        (cell != _UNKNOWN).fill_null(value=True) if frame.schema[name] == pl.String else pl.lit(value=True)
    )
    return cell.is_not_null() & is_known


def _warning_reasons(report: SubmissionReport, settings: GateSettings) -> list[str]:
    """Return whether too many rows carry a warning."""
    warned = report.findings.filter((pl.col("level") == "WARN") & pl.col("row").is_not_null())
    n = warned.select("file", "table", "row").n_unique()
    if not report.n_input or n / report.n_input <= settings.warned_rows:
        return []
    return [f"{n / report.n_input:.1%} of rows carry a warning; at most {settings.warned_rows:.0%} may"]


def _owners(report: SubmissionReport) -> dict[str, dict[str, str | None]]:
    """Return the site of each key of patients, procedures and lesions."""
    owners: dict[str, dict[str, str | None]] = {}
    for name in ("sites", "patients", "procedures", "lesions"):
        if name not in report.tables:
            continue
        key = TABLES[name].primary_key
        rows = _both(report.tables[name])
        if name == "lesions":
            sites = [owners.get("procedures", {}).get(parent) for parent in rows["procedure_id"]]
        else:
            sites = rows.get_column("site_id").to_list()
        owners[name] = dict(zip(rows.get_column(key).to_list(), sites, strict=True))
    return owners


def _both(table: TableReport) -> pl.DataFrame:
    """Return keys of accepted and rejected rows."""
    names = [
        name
        for name in ("site_id", "patient_id", "procedure_id", "lesion_id")
        if name in table.accepted.columns
    ]
    return pl.concat([table.accepted.select(names), table.rejected.select(names)])


def _about(findings: pl.DataFrame, frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the findings about records of some frames; two files may have records of the same number."""
    place = ["file", "record"] if all("file" in frame.columns for frame in frames) else ["record"]
    places = pl.concat([frame.select(place).cast({"record": pl.Int64}) for frame in frames])
    return findings.join(places.unique(), on=place, how="semi", maintain_order="left")


def _of_site(
    report: SubmissionReport, owners: Mapping[str, Mapping[str, str | None]], site: str
) -> SubmissionReport:
    """Return the part of a report that concerns one site."""
    tables: dict[str, TableReport] = {}
    findings = [report.findings.filter(pl.col("row").is_null())]
    for name, table in report.tables.items():
        accepted = table.accepted.filter(_belongs(name, table.accepted, owners, site))
        rejected = table.rejected.filter(_belongs(name, table.rejected, owners, site))
        tables[name] = TableReport(name, accepted, rejected, accepted.height + rejected.height)
        is_its = (pl.col("table") == name) & pl.col("row").is_not_null()
        findings.append(_about(report.findings.filter(is_its), [accepted, rejected]))
    return SubmissionReport(tables, pl.concat(findings))


def _belongs(
    name: str, frame: pl.DataFrame, owners: Mapping[str, Mapping[str, str | None]], site: str
) -> pl.Series:
    """Return which rows are a site's."""
    if "site_id" in TABLES[name].by_name:
        return (frame.get_column("site_id") == site).fill_null(value=False)
    column, parent = _PARENTS[name]
    mine = [key for key, owner in owners.get(parent, {}).items() if owner == site and key is not None]
    return frame.get_column(column).is_in(mine).fill_null(value=False)
