"""The registry's rates that published figures can be set beside: complications, and endpoints by a day."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from analytics.chapters.complication_rows import read_complication_flags
from analytics.chapters.evidence_groups import NearFigure, OutcomeEvidence, RegistryFigure, match_figures
from analytics.chapters.evidence_scope import is_whole_group
from analytics.cohort.endpoints import bundled_endpoints
from analytics.complications.rates import estimate_complication_rates
from analytics.evidence.matching import INFARCTION_RULE
from analytics.evidence.published import is_cited, read_published
from analytics.evidence.vocabulary import ALL, REGISTRY_OUTCOMES, UNGRADED
from analytics.outcomes.blocks import overall_risk
from analytics.store.risk_tables import count_events, read_endpoints
from analytics.survival.results import HorizonRisk

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.cohort.endpoints import Endpoint
    from analytics.complications.results import ComplicationRate
    from analytics.store.filters import CohortFilter

CLOSE = 2
"""Most differences of a figure of an endpoint that is shown."""
UNITS = ("lesion", "procedure", "patient")


def find_complication_evidence(snapshot: Path, population: CohortFilter) -> tuple[OutcomeEvidence, ...]:
    """Match every complication rate of a registry with what is published.

    Parameters
    ----------
    snapshot
        A published snapshot.
    population
        Whom to look at; every procedure counts, index or not. Margins over devices or grades are left out
        where the filter takes only some of them: they are no longer over all.

    Returns
    -------
    tuple of OutcomeEvidence
        One per complication with a published figure of the same device, agreeing or near.

    Raises
    ------
    StoreError
        The snapshot cannot be read.
    """
    own = [
        figure
        for unit in UNITS
        for figure in _complication_figures(
            read_complication_flags(snapshot, population, unit=unit), population
        )
    ]
    return _match_all(own)


def find_endpoint_evidence(snapshot: Path, population: CohortFilter) -> tuple[OutcomeEvidence, ...]:
    """Match risks of endpoints with what is published, by the days and groups of the published figures.

    Parameters
    ----------
    snapshot
        A published snapshot.
    population
        Whom to look at; each patient's index procedure counts.

    Returns
    -------
    tuple of OutcomeEvidence
        One per endpoint with a published figure of the same device and the same parts, agreeing or with at
        most two differences; risks that the follow-up does not reach are left out.

    Raises
    ------
    StoreError
        The snapshot cannot be read.
    """
    published = read_published().filter(is_cited() & (pl.col("benchmark_use") == "primary"))
    own: list[RegistryFigure] = []
    derived = read_endpoints(snapshot)
    for endpoint in bundled_endpoints().values():
        if endpoint.name in REGISTRY_OUTCOMES and endpoint.name in derived:
            same = pl.col("outcome") == REGISTRY_OUTCOMES[endpoint.name].outcome
            asked = published.filter(
                same & (pl.col("horizon_days") > 0) & (pl.col("horizon_kind") == "fixed")
            )
            groups = asked.select("device", "severity", "horizon_days").unique(maintain_order=True)
            own += _risks(snapshot, population, endpoint, groups)
    matched = (replace(one, near=tuple(filter(_is_close, one.near))) for one in _match_all(own))
    return tuple(one for one in matched if one.groups or one.near)


def _is_close(one: NearFigure) -> bool:
    """Whether a figure of an endpoint is near enough to be shown: its parts agree, little else differs."""
    of_parts = [difference for difference in one.figure.differences if difference.kind == "definition"]
    same_parts = all(difference.words == INFARCTION_RULE for difference in of_parts)
    return same_parts and len(one.figure.differences) <= CLOSE


def _match_all(own: list[RegistryFigure]) -> tuple[OutcomeEvidence, ...]:
    """Match the rates of each outcome; outcomes without any published figure are left out."""
    published = read_published()
    found = [
        match_figures([figure for figure in own if figure.outcome == key], published)
        for key in dict.fromkeys(figure.outcome for figure in own)
    ]
    return tuple(one for one in found if one.groups or one.near)


def _complication_figures(flags: pl.DataFrame, population: CohortFilter) -> list[RegistryFigure]:
    """Estimate the rates of one unit that have a published counterpart."""
    known = [key for key in REGISTRY_OUTCOMES if key in flags.columns]
    rates = estimate_complication_rates(
        flags,
        complications=known,
        strategy=population.strategy_column,
        severity=population.severity_column,
    )
    figures = [_figure_of(rate) for rate in rates if is_whole_group(rate.strategy, rate.severity, population)]
    return [figure for figure in figures if figure is not None]


def _figure_of(rate: ComplicationRate) -> RegistryFigure | None:
    """Take what is compared from a rate; None where there is none."""
    if rate.rate is None or rate.lower is None or rate.upper is None:
        return None
    group = (rate.complication, rate.strategy, rate.severity, rate.unit)
    return RegistryFigure(*group, 0, rate.n_events, rate.n_total, rate.rate, rate.lower, rate.upper)


def _risks(
    snapshot: Path, population: CohortFilter, endpoint: Endpoint, groups: pl.DataFrame
) -> list[RegistryFigure]:
    """Estimate the risk of an endpoint in each group and by each day that is published."""
    strata = ("strategy", "severity")
    counts = count_events(snapshot, endpoint=endpoint.name, strata=strata, filters=population)
    found = []
    for device, severity, day in groups.rows():
        chosen = _rows_of(counts, population, device, severity)
        risk = None if chosen is None else overall_risk(chosen, endpoint=endpoint, day=day)
        if isinstance(risk, HorizonRisk):
            grade = ALL if severity == UNGRADED else severity
            group = (endpoint.name, device, grade, "patient", day)
            found.append(RegistryFigure(*group, None, risk.basis.n, risk.risk, risk.lower, risk.upper))
    return found


def _rows_of(
    counts: pl.DataFrame, population: CohortFilter, device: str, severity: str
) -> pl.DataFrame | None:
    """Take the counts of a group; None where a filter has cut it, or a registry has no such group."""
    if not is_whole_group(device, ALL if severity == UNGRADED else severity, population):
        return None
    chosen = counts
    for column, value, margin in (("strategy", device, ALL), ("severity", severity, UNGRADED)):
        if value != margin:
            chosen = chosen.filter(pl.col(column) == value)
    if chosen.is_empty():
        return None
    added = pl.col("n", "n_inexact").sum()
    return chosen.group_by("time_days", "cause").agg(added).sort("time_days", "cause")
