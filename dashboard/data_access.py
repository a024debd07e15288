"""Cached reads and estimates: the only module that caches, and the only one that opens a snapshot.

A cached function takes the path of a snapshot and plain values, never a frame: the cache would tell frames
apart by their first and last ten rows only, and answer with another cohort's numbers. A snapshot never
changes under its name, so an answer stays true for as long as it is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import streamlit as st

from analytics.chapters.complication_page import (
    comparison_page_sections,
    estimate_page_rates,
    offers_use_plan,
)
from analytics.chapters.complication_rows import estimate_usual_rates
from analytics.chapters.register import CHAPTERS
from analytics.charts.labels import order_severities, order_strategies
from analytics.outcomes.blocks import WINDOWS, build_block, endpoint_of, overall_risk, status_risk
from analytics.outcomes.hazards import fit_hazards
from analytics.outcomes.in_hospital import add_in_hospital
from analytics.report.quality_sections import sum_findings
from analytics.store.publishing import find_current_snapshot
from analytics.store.queries import list_tables, read_cohort, read_snapshot_info, read_table
from analytics.store.risk_tables import count_events, count_in_hospital
from analytics.survival.event_counts import EventCounts
from analytics.survival.follow_up import estimate_follow_up
from dashboard.filters import filter_of

if TYPE_CHECKING:
    from analytics.complications.results import ComplicationRate
    from analytics.report.content import Chapter, CoxBlock, SurvivalBlock
    from analytics.report.document import Section
    from analytics.survival.follow_up import FollowUp
    from analytics.survival.results import HorizonRisk, NotEstimable
    from dashboard.filters import FilterKey

ENTRIES = 256
"""Answers kept of each kind; the oldest goes first."""


@dataclass(frozen=True)
class Choices:
    """What exists in a snapshot, in the order to show.

    Parameters
    ----------
    years
        First and last year of a procedure, or None where no procedure has a calendar date.
    sites, severities, strategies
        Codes that occur.
    endpoints
        Names of the endpoints that were derived.
    """

    years: tuple[int, int] | None
    sites: tuple[str, ...]
    severities: tuple[str, ...]
    strategies: tuple[str, ...]
    endpoints: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Population:
    """Who is in the chosen cohort.

    Parameters
    ----------
    n_procedures, n_patients, n_lesions, n_sites
        Counts.
    case_mix
        ``strategy``, ``severity``, ``n`` (procedures).
    """

    n_procedures: int
    n_patients: int
    n_lesions: int
    n_sites: int
    case_mix: pl.DataFrame


@dataclass(frozen=True, eq=False)
class Quality:
    """What is known about the quality of the data.

    Parameters
    ----------
    completeness
        ``site_id``, ``table_name``, ``column_name``, ``n``, ``n_filled``.
    findings
        Findings by rule: ``level``, ``rule_id``, ``sentence``, ``remedy``, ``n``, ``n_sites``.
    submissions
        The ledger.
    attrition
        Steps of the cohort.
    """

    completeness: pl.DataFrame
    findings: pl.DataFrame
    submissions: pl.DataFrame
    attrition: pl.DataFrame


def current_snapshot(folder: Path) -> str:
    """Return the path of the snapshot to read; asked again on every run, and never cached.

    Raises
    ------
    StoreError
        Nothing was published in the folder.
    """
    return str(find_current_snapshot(folder))


@st.cache_data(show_spinner=False, max_entries=ENTRIES)
def read_information(snapshot: str) -> dict[str, str]:
    """Read the key-value pairs of a snapshot, and ``data_to``: the last calendar day of a procedure."""
    days = read_table(Path(snapshot), "cohort_procedures")["procedure_date"].drop_nulls()
    data_to = {"data_to": str(days.max())} if len(days) else {}
    return {**data_to, **read_snapshot_info(Path(snapshot))}


@st.cache_data(show_spinner=False, max_entries=ENTRIES)
def read_choices(snapshot: str) -> Choices:
    """Read what can be chosen in a snapshot."""
    rows = read_table(Path(snapshot), "cohort_procedures")
    years = rows["procedure_year"].drop_nulls()
    strategies = pl.concat([rows["strategy_intended"], rows["strategy_as_treated"]]).drop_nulls()
    grades = [rows[name] for name in rows.columns if name.startswith("severity") and name in SEVERITY_LIKE]
    found = read_table(Path(snapshot), "time_to_event")["endpoint"].unique(maintain_order=True)
    return Choices(
        years=_span(years.to_list()),
        sites=tuple(rows["site_id"].unique().sort()),
        severities=tuple(order_severities(pl.concat(grades).drop_nulls())),
        strategies=tuple(order_strategies(strategies)),
        endpoints=tuple(found),
    )


def _span(years: list[int]) -> tuple[int, int] | None:
    """First and last year, or None without any."""
    return (min(years), max(years)) if years else None


SEVERITY_LIKE = ("severity", "severity_angiography", "severity_ivus", "severity_oct")


@st.cache_data(show_spinner=False, max_entries=ENTRIES)
def read_population(snapshot: str, key: FilterKey) -> Population:
    """Count the chosen cohort."""
    filters = filter_of(key)
    rows = read_cohort(Path(snapshot), "procedures", filters)
    case_mix = rows.group_by(strategy=filters.strategy_column, severity=filters.severity_column).agg(
        n=pl.len()
    )
    return Population(
        n_procedures=rows.height,
        n_patients=rows["patient_id"].n_unique(),
        n_lesions=int(rows["n_lesions"].sum()),
        n_sites=rows["site_id"].n_unique(),
        case_mix=case_mix.with_columns(pl.col("strategy", "severity").fill_null("unknown")),
    )


@st.cache_data(show_spinner="Counting complications", max_entries=ENTRIES)
def read_complication_rates(snapshot: str, key: FilterKey) -> tuple[ComplicationRate, ...]:
    """Estimate every complication by strategy and grade in the chosen cohort, each by its own unit."""
    return estimate_usual_rates(Path(snapshot), filter_of(key))


@st.cache_data(show_spinner="Counting", max_entries=ENTRIES)
def read_one_complication(
    snapshot: str, key: FilterKey, complication: str, unit: str, use_plan: str
) -> tuple[ComplicationRate, ...]:
    """Estimate one complication and its grades by a chosen unit; an empty plan of use takes all."""
    return estimate_page_rates(
        Path(snapshot), filter_of(key), complication=complication, unit=unit, use_plan=use_plan or None
    )


@st.cache_data(show_spinner="Comparing", max_entries=ENTRIES)
def read_complication_comparisons(snapshot: str, key: FilterKey, complication: str) -> tuple[Section, ...]:
    """Compare one complication between grades, devices, quarters and periods."""
    return comparison_page_sections(Path(snapshot), filter_of(key), complication)


@st.cache_data(show_spinner=False, max_entries=ENTRIES)
def read_offers_use_plan(snapshot: str, key: FilterKey) -> bool:
    """Tell whether planned and bailout use can be told apart in the chosen cohort."""
    return offers_use_plan(Path(snapshot), filter_of(key))


@st.cache_data(show_spinner="Estimating curves", max_entries=ENTRIES)
def read_outcome(snapshot: str, key: FilterKey, endpoint: str, by: str, window: str) -> SurvivalBlock:
    """Estimate one endpoint by group in the chosen cohort."""
    counts = count_events(Path(snapshot), endpoint=endpoint, strata=(by,), filters=filter_of(key))
    block = build_block(counts, endpoint=endpoint_of(endpoint), by=by, window=WINDOWS[window])
    if WINDOWS[window].after_day is not None:
        return block
    stays = count_in_hospital(Path(snapshot), endpoint=endpoint, strata=(by,), filters=filter_of(key))
    return add_in_hospital(block, stays, by=by)


@st.cache_data(show_spinner="Fitting the model", max_entries=ENTRIES)
def read_hazards(snapshot: str, key: FilterKey, endpoint: str) -> CoxBlock:
    """Fit calcification and device together in the chosen cohort."""
    filters = filter_of(key)
    cohort = read_cohort(Path(snapshot), "procedures", filters).select(
        "procedure_id",
        "patient_id",
        "age_years",
        severity=filters.severity_column,
        strategy=filters.strategy_column,
    )
    times = read_table(Path(snapshot), "time_to_event").filter(pl.col("endpoint") == endpoint)
    rows = cohort.join(
        times.select("procedure_id", "time_days", "cause", "time_is_exact"),
        on="procedure_id",
        maintain_order="left",
    )
    return fit_hazards(rows, endpoint=endpoint_of(endpoint))


@st.cache_data(show_spinner=False, max_entries=ENTRIES)
def read_overall_risk(snapshot: str, key: FilterKey, endpoint: str, day: int) -> HorizonRisk | NotEstimable:
    """Estimate the risk of an endpoint by one day over the chosen cohort."""
    counts = count_events(Path(snapshot), endpoint=endpoint, filters=filter_of(key))
    return overall_risk(counts, endpoint=endpoint_of(endpoint), day=day)


@st.cache_data(show_spinner=False, max_entries=ENTRIES)
def read_status_risk(snapshot: str, key: FilterKey, endpoint: str) -> HorizonRisk | None:
    """Share with an endpoint by the last visit at which everybody was known; None where a curve exists."""
    return status_risk(count_events(Path(snapshot), endpoint=endpoint, filters=filter_of(key)))


@st.cache_data(show_spinner=False, max_entries=ENTRIES)
def read_follow_up(snapshot: str, key: FilterKey, endpoint: str) -> FollowUp | NotEstimable:
    """Estimate the length of follow-up of the chosen cohort on the clock of an endpoint."""
    counts = count_events(Path(snapshot), endpoint=endpoint, filters=filter_of(key))
    return estimate_follow_up(EventCounts.from_counts(counts.with_columns(group=pl.lit("all"))), group="all")


@st.cache_data(show_spinner=False, max_entries=ENTRIES)
def read_quality(snapshot: str) -> Quality:
    """Read completeness, findings, submissions and attrition of a snapshot."""
    path = Path(snapshot)
    return Quality(
        completeness=read_table(path, "completeness"),
        findings=sum_findings(read_table(path, "findings_summary")),
        submissions=read_table(path, "submissions"),
        attrition=read_table(path, "attrition"),
    )


@st.cache_data(show_spinner=False, max_entries=ENTRIES)
def read_drift(snapshot: str) -> pl.DataFrame:
    """Read each site's months beside its past and the other sites; empty in snapshots made without them."""
    path = Path(snapshot)
    return read_table(path, "drift") if "drift" in list_tables(path) else pl.DataFrame()


@st.cache_data(show_spinner="Counting", max_entries=ENTRIES)
def read_chapter(snapshot: str, key: FilterKey, name: str) -> Chapter:
    """Build one chapter of the report for the chosen cohort."""
    return CHAPTERS[name](Path(snapshot), filter_of(key))
