"""Immediate, early and late: what happened in the laboratory, in hospital, to day 30 and to one year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.complication_rates import count_text, rate_text
from analytics.charts.labels import label_severity, label_strategy, order_severities, order_strategies
from analytics.charts.numbers import EN_DASH, format_fraction, format_percent, format_percent_interval
from analytics.complications.rates import ALL, estimate_complication_rates
from analytics.outcomes.blocks import HEADLINE_ENDPOINT, WINDOWS, build_block, endpoint_of
from analytics.outcomes.in_hospital import add_in_hospital
from analytics.report.document import Table
from analytics.store.queries import read_table
from analytics.store.risk_tables import count_events, count_in_hospital
from analytics.survival.results import HorizonRisk
from schemas.vocabulary import COMPLICATION_TIMINGS, COMPLICATION_TYPES

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.complications.results import ComplicationRate
    from analytics.store.filters import CohortFilter

IMMEDIATE = "any_procedural"
LATER = "any_later"
_WORDS = {"strategy": ("Device strategy", label_strategy), "severity": ("Calcification", label_severity)}


def period_table(snapshot: Path, population: CohortFilter, flags: pl.DataFrame, *, by: str) -> Table:
    """Return immediate complications beside early and late MACE, group by group.

    Parameters
    ----------
    snapshot
        A published snapshot.
    population
        Whom to look at. Complications count every procedure, MACE index procedures.
    flags
        Flags of procedures of the same population.
    by
        ``strategy`` or ``severity``.
    """
    endpoint = endpoint_of(HEADLINE_ENDPOINT)
    rates = {key: _by_group(flags, key, population, by) for key in (IMMEDIATE, LATER) if key in flags.columns}
    early, late = (_risks(snapshot, population, by=by, window=window) for window in ("early", "late"))
    groups = (order_strategies if by == "strategy" else order_severities)(
        [*rates.get(IMMEDIATE, {}), *(group for group, _ in early)]
    )
    heading, label = _WORDS[by]
    rows = tuple(
        (
            label(group),
            *(_rate_cell(found.get(group)) for found in rates.values()),
            early.get((group, "In hospital"), ""),
            early.get((group, "30"), "not estimable"),
            late.get((group, "365"), "not estimable"),
        )
        for group in groups
        if group not in {"unknown", ALL}
    )
    header = (
        heading,
        *(["Immediate"] if IMMEDIATE in rates else []),
        *(["Later in the stay"] if LATER in rates else []),
        f"{endpoint.label} in hospital",
        f"{endpoint.label} by day 30",
        f"{endpoint.label}, day 31 to 1 year",
    )
    return Table(f"Immediate, early and late, by {heading.lower()} (k/n, 95 % interval)", header, rows)


def timing_table(snapshot: Path, flags: pl.DataFrame) -> Table:
    """Return how many procedures had each complication in the laboratory and how many later in the stay.

    Parameters
    ----------
    snapshot
        A published snapshot.
    flags
        Flags of procedures; only those whose site states presence or absence of every complication count.
    """
    counted = flags.filter(pl.col("complications_recorded") == "all").select("procedure_id")
    records = read_table(snapshot, "complications").join(counted, on="procedure_id", how="semi")
    found = (
        records.with_columns(pl.col("timing").fill_null("unknown"))
        .group_by("complication_type", "timing")
        .agg(n=pl.col("procedure_id").n_unique())
    )
    counts = {(kind, timing): n for kind, timing, n in found.iter_rows()}
    present = {kind for kind, _ in counts}
    rows = tuple(
        (
            kind.replace("_", " ").capitalize(),
            *(_timing_cell(counts.get((kind, timing), 0), counted.height) for timing in COMPLICATION_TIMINGS),
        )
        for kind in COMPLICATION_TYPES
        if kind in present
    )
    header = ("Recorded as", "In the laboratory", "Later in the stay", "Time not recorded")
    return Table("Procedures with each complication, by the time within the stay", header, rows)


def _timing_cell(n_events: int, n_total: int) -> str:
    """Count and share; a dash where nobody had it then."""
    if not n_events:
        return EN_DASH
    return f"{format_fraction(n_events, n_total)}: {format_percent(n_events / n_total)}"


def _by_group(
    flags: pl.DataFrame, key: str, population: CohortFilter, by: str
) -> dict[str, ComplicationRate]:
    """Rates of one complication by group."""
    rates = estimate_complication_rates(
        flags,
        complications=[key],
        by=[by],
        strategy=population.strategy_column,
        severity=population.severity_column,
    )
    return {getattr(rate, by): rate for rate in rates if getattr(rate, by) != ALL}


def _risks(snapshot: Path, population: CohortFilter, *, by: str, window: str) -> dict[tuple[str, str], str]:
    """Risks of the headline endpoint by group and horizon, as text."""
    counts = count_events(snapshot, endpoint=HEADLINE_ENDPOINT, strata=(by,), filters=population)
    block = build_block(counts, endpoint=endpoint_of(HEADLINE_ENDPOINT), by=by, window=WINDOWS[window])
    if WINDOWS[window].after_day is None:
        stays = count_in_hospital(snapshot, endpoint=HEADLINE_ENDPOINT, strata=(by,), filters=population)
        block = add_in_hospital(block, stays, by=by)
    return {
        (risk.group, risk.period or str(risk.horizon_days)): _risk_cell(risk)
        for risk in block.risks
        if isinstance(risk, HorizonRisk)
    }


def _risk_cell(risk: HorizonRisk) -> str:
    """Events over patients, and the risk with its limits."""
    if risk.n_event == 0:
        return f"{format_fraction(0, risk.basis.n)}: up to {format_percent(risk.upper)}"
    limits = format_percent_interval(risk.lower, risk.upper)
    return f"{format_fraction(risk.n_event, risk.basis.n)}: {format_percent(risk.risk)} ({limits})"


def _rate_cell(rate: ComplicationRate | None) -> str:
    """Write counts and rate; nothing where a group has no procedure."""
    if rate is None:
        return ""
    counts = count_text(rate)
    return f"{counts}: {rate_text(rate)}" if counts else rate_text(rate)
