"""Rates of a registry with the published figures that agree with them, and those that only come near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.evidence.matching import Benchmark, match_benchmarks
from analytics.evidence.synthesis import Synthesis, Verdict, judge_rate, pool_published_proportions
from analytics.evidence.vocabulary import ALL, REGISTRY_OUTCOMES, UNGRADED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class RegistryFigure:
    """One rate of the registry, of a complication or of an endpoint by a day.

    Parameters
    ----------
    outcome
        Key of the complication or endpoint.
    strategy, severity
        Group, ``all`` for a margin.
    unit
        ``lesion``, ``procedure`` or ``patient``.
    horizon_days
        0 for complications of the procedure and the stay.
    n_events, n_total
        Counts; `n_events` is None where the share allows for those not followed to the end.
    share, lower, upper
        Rate and 95 % limits, 0 to 1.
    """

    outcome: str
    strategy: str
    severity: str
    unit: str
    horizon_days: int
    n_events: int | None
    n_total: int
    share: float
    lower: float
    upper: float


@dataclass(frozen=True, eq=False)
class MatchedGroup:
    """One rate of the registry with the published figures that agree with it.

    Parameters
    ----------
    figure
        The registry's rate.
    beside
        Figures that agree in everything.
    synthesis
        The same figures pooled, or why not.
    verdict
        The rate against the prediction interval.
    """

    figure: RegistryFigure
    beside: tuple[Benchmark, ...]
    synthesis: Synthesis
    verdict: Verdict


@dataclass(frozen=True, eq=False)
class NearFigure:
    """A published figure that agrees with no rate of the registry.

    Parameters
    ----------
    nearest
        The registry's rate that it differs from least.
    figure
        The published figure with its differences.
    """

    nearest: RegistryFigure
    figure: Benchmark


@dataclass(frozen=True, eq=False)
class OutcomeEvidence:
    """What is published about one outcome of the registry.

    Parameters
    ----------
    outcome
        Key of the complication or endpoint.
    groups
        Rates with figures that agree, in the order of the vocabulary.
    near
        Figures that differ: present-day ones first, then the nearest.
    """

    outcome: str
    groups: tuple[MatchedGroup, ...]
    near: tuple[NearFigure, ...]


def match_figures(figures: Sequence[RegistryFigure], published: pl.DataFrame) -> OutcomeEvidence:
    """Match the rates of one outcome, of all groups and units, with published figures.

    Parameters
    ----------
    figures
        Rates of one outcome, at least one.
    published
        Result of `analytics.evidence.published.read_published`.
    """
    groups: list[MatchedGroup] = []
    near: dict[tuple[object, ...], NearFigure] = {}
    for own in figures:
        found = match_benchmarks(
            published,
            outcome=own.outcome,
            device=own.strategy,
            severity=own.severity,
            unit=own.unit,
            horizon_days=own.horizon_days,
        )
        if found.beside:
            groups.append(_group(own, found.beside, published))
        for other in found.context:
            _keep_nearest(near, NearFigure(own, other))
    shown = {_identity(other) for group in groups for other in group.beside}
    left = [one for key, one in near.items() if key not in shown]
    return OutcomeEvidence(figures[0].outcome, tuple(groups), tuple(_in_order(left)))


def _group(own: RegistryFigure, beside: tuple[Benchmark, ...], published: pl.DataFrame) -> MatchedGroup:
    """Pool the figures beside a rate, and judge it."""
    meant = REGISTRY_OUTCOMES[own.outcome]
    wanted = {
        "outcome": meant.outcome,
        "benchmark_use": "primary",
        "device": own.strategy,
        "severity": UNGRADED if own.severity == ALL else own.severity,
        "unit": own.unit,
        "definition": meant.definitions[0],
        "horizon_days": own.horizon_days,
        "population": None,
    }
    studies = [other.study_id for other in beside]
    same = pl.col("study_id").is_in(studies) & (pl.col("outcome") == meant.outcome)
    synthesis = pool_published_proportions(published.filter(same), wanted=wanted)
    return MatchedGroup(own, beside, synthesis, judge_rate(own.lower, own.upper, synthesis.pooled))


def _keep_nearest(near: dict[tuple[object, ...], NearFigure], candidate: NearFigure) -> None:
    """Keep the rate that a figure differs from least; of equals, the one with more units behind it."""
    key = _identity(candidate.figure)
    known = near.get(key)
    if known is None or _distance(candidate) < _distance(known):
        near[key] = candidate


def _distance(one: NearFigure) -> tuple[int, int]:
    """Order candidates: fewer differences, then more units."""
    return len(one.figure.differences), -one.nearest.n_total


def _identity(figure: Benchmark) -> tuple[object, ...]:
    """Tell one published figure from another."""
    of_study = (figure.study_id, figure.arm, figure.unit, figure.definition)
    return *of_study, figure.horizon_days, figure.percent, figure.n_total


def _in_order(near: Iterable[NearFigure]) -> list[NearFigure]:
    """Put present-day figures first, then the nearest, then the newest."""
    return sorted(near, key=_rank)


def _rank(one: NearFigure) -> tuple[bool, int, int, str]:
    """Order of figures for a reader."""
    figure = one.figure
    is_old_or_part = any(difference.kind == "use" for difference in figure.differences)
    return is_old_or_part, len(figure.differences), -(figure.year or 0), figure.study_id
