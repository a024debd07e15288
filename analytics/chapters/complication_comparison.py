"""Complications compared between grades and devices, crude and for the same patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.chapters.complication_rows import read_complication_flags
from analytics.charts.labels import order_strategies
from analytics.comparison.results import StandardisedComparison
from analytics.comparison.standardisation import standardise
from analytics.complications.comparison_results import AdjustedDifference, GroupContrast, SeverityTrend
from analytics.complications.comparisons import (
    SEVERITY_GROUP,
    adjust_contrasts,
    contrast_rates,
    estimate_severity_trends,
)
from analytics.complications.definitions import COMPLICATIONS, PRINCIPAL, default_unit
from analytics.complications.denominators import in_denominator
from analytics.complications.plan import FEWEST, ORDERED_GRADES, REFERENCE, covariates_of
from analytics.complications.rates import estimate_rate, unit_of
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from analytics.complications.results import ComplicationRate
    from analytics.store.filters import CohortFilter

HAPPENED = "happened"
"""Outcome column of the model."""
NOT_SHOWN = NotEstimable("standardised", "This comparison is not shown.", "no_patients")


@dataclass(frozen=True)
class ComplicationComparisons:
    """All comparisons of complications in one cohort, each by its own unit.

    Parameters
    ----------
    contrasts
        Grades against none or mild, devices against the reference, complication after complication; p values
        adjusted over all of them. Complications that nobody had are left out.
    trends
        Trends over grades by complication.
    reference
        Device that the others are compared with; None where there are not two.
    n_compared
        Comparisons that p values are adjusted for, shown or not.
    """

    contrasts: tuple[GroupContrast, ...]
    trends: dict[str, tuple[SeverityTrend, ...]]
    reference: str | None
    n_compared: int


def compare_complications(
    snapshot: Path, population: CohortFilter, *, only: str | None = None
) -> ComplicationComparisons:
    """Compare every principal complication between grades and between devices.

    Parameters
    ----------
    snapshot
        A published snapshot.
    population
        Whom to look at; every procedure counts.
    only
        Complication that is shown: the others are tested too, since p values are adjusted for all of them,
        but neither standardised nor returned. None returns all.

    Raises
    ------
    StoreError
        The snapshot cannot be read.
    """
    column = population.strategy_column
    by_unit = {
        unit: read_complication_flags(snapshot, population, unit=unit) for unit in ("lesion", "procedure")
    }
    devices = _devices(by_unit["procedure"], column)
    contrasts: list[GroupContrast] = []
    trends: dict[str, tuple[SeverityTrend, ...]] = {}
    for key in PRINCIPAL:
        flags = by_unit[default_unit(key)]
        if key not in flags.columns or not estimate_rate(flags, key).n_events:
            continue
        is_shown = only in (None, key)
        contrasts += compare_severities(flags, key, is_shown=is_shown)
        contrasts += compare_strategies(flags, key, devices, column, is_shown=is_shown)
        if is_shown:
            trends[key] = estimate_severity_trends(flags, key, strategies=devices, strategy=column)
    adjusted = adjust_contrasts(contrasts)
    shown = tuple(one for one in adjusted if only in (None, one.first.complication))
    return ComplicationComparisons(shown, trends, devices[0] if len(devices) > 1 else None, len(adjusted))


def _devices(flags: pl.DataFrame, column: str) -> list[str]:
    """Device strategies, the reference first; the first in clinical order where the usual one is absent."""
    known = [code for code in order_strategies(flags[column].drop_nulls().unique()) if code != "unknown"]
    reference = REFERENCE["strategy"]
    return [reference, *(code for code in known if code != reference)] if reference in known else known


def compare_severities(flags: pl.DataFrame, key: str, *, is_shown: bool = True) -> list[GroupContrast]:
    """Compare moderate and severe calcium with none or mild; small groups are left out."""
    rates = {
        grade: estimate_rate(flags.filter(pl.col(SEVERITY_GROUP) == grade), key, severity=grade)
        for grade in ORDERED_GRADES
    }
    return _contrasts(flags, rates, by="severity", column=SEVERITY_GROUP, is_shown=is_shown)


def compare_strategies(
    flags: pl.DataFrame, key: str, devices: Sequence[str], column: str, *, is_shown: bool = True
) -> list[GroupContrast]:
    """Compare every device with the first; small groups are left out."""
    rates = {
        device: estimate_rate(flags.filter(pl.col(column) == device), key, strategy=device)
        for device in devices
    }
    return _contrasts(flags, rates, by="strategy", column=column, is_shown=is_shown)


def _contrasts(
    flags: pl.DataFrame, rates: dict[str, ComplicationRate], *, by: str, column: str, is_shown: bool
) -> list[GroupContrast]:
    """Compare all groups with the first; nothing where the first is small or cannot have the complication."""
    kept = {level: rate for level, rate in rates.items() if rate.n_total >= FEWEST}
    if len(kept) < 2 or next(iter(rates)) not in kept:
        return []
    reference, *others = kept
    key = kept[reference].complication
    beside: dict[str, AdjustedDifference | NotEstimable] = {}
    if is_shown:
        beside = standardise_levels(flags, key, by=by, column=column, levels=tuple(kept))
    return [
        contrast_rates(kept[level], kept[reference], by=by, standardised=beside.get(level, NOT_SHOWN))
        for level in others
    ]


def standardise_levels(
    flags: pl.DataFrame, key: str, *, by: str, column: str, levels: tuple[str, ...]
) -> dict[str, AdjustedDifference | NotEstimable]:
    """Compare groups as if all had had the same patients, with the covariates of the plan.

    Parameters
    ----------
    flags
        Flags with the covariates.
    key
        The complication; a record that cannot tell counts as none, as it does in the crude rate.
    by
        ``strategy`` or ``severity``.
    column
        Column of the groups.
    levels
        Groups, the reference first.

    Returns
    -------
    dict of str to AdjustedDifference or NotEstimable
        One for each group but the reference.
    """
    definition = COMPLICATIONS[key]
    rows = flags.filter(in_denominator(definition)).with_columns(
        pl.col(key).fill_null(value=False).alias(HAPPENED)
    )
    covariates = tuple(
        name for name in covariates_of(unit_of(flags), by) if name in rows.columns and name != column
    )
    present = tuple(level for level in levels if (rows[column] == level).any())
    nobody = NotEstimable(key, "Nobody here could have had it.", "no_patients")
    if len(present) < 2 or present[0] != levels[0]:
        return dict.fromkeys(levels[1:], nobody)
    found = standardise(
        rows, outcome=HAPPENED, exposure=column, levels=present, covariates=covariates, clusters="patient_id"
    )
    return {level: _of_level(found, level, nobody) for level in levels[1:]}


def _of_level(
    found: StandardisedComparison | NotEstimable, level: str, nobody: NotEstimable
) -> AdjustedDifference | NotEstimable:
    """Take the difference and the ratio of one group, or the reason why there are none."""
    if isinstance(found, NotEstimable):
        return found
    refused = next((one for one in found.refused if one.group == level), None)
    if refused is not None:
        return refused
    rows = {row["measure"]: row for row in found.contrasts.filter(pl.col("level") == level).to_dicts()}
    if not {"difference", "ratio"} <= set(rows):
        return nobody
    difference, ratio = rows["difference"], rows["ratio"]
    return AdjustedDifference(
        difference=difference["estimate"],
        lower=difference["lower"],
        upper=difference["upper"],
        ratio=ratio["estimate"],
        ratio_lower=ratio["lower"],
        ratio_upper=ratio["upper"],
        p_value=difference["p_value"],
        adjusted_for=tuple(found.basis.adjusted_for),
        method=found.basis.method,
        warnings=tuple(found.basis.warnings),
    )
