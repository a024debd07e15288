"""Which published figures may stand beside a registry's rate, and how the others differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import SpecificationError
from analytics.evidence.published import cite, is_cited, source_link, with_shown_percent
from analytics.evidence.vocabulary import (
    ALL,
    DEFINITION_LABELS,
    DEVICE_VARIANTS,
    REGISTRY_OUTCOMES,
    SAME_DEVICE,
    SEVERITY_WORDS,
    UNGRADED,
    UNITS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

INFARCTION_RULE = "infarctions around the procedure may count by another rule"
"""Difference of composites that have the same parts."""

_UNKNOWN = "unknown"
_PLURALS = {"lesion": "lesions", "procedure": "procedures", "patient": "patients"}


@dataclass(frozen=True)
class Difference:
    """One way in which a published figure is not the registry's.

    Parameters
    ----------
    kind
        ``unit``, ``severity``, ``definition``, ``horizon``, ``population``, ``device`` or ``use``.
    words
        The difference in a few words, published figure first, for example ``patients, not lesions``.
    """

    kind: str
    words: str


@dataclass(frozen=True)
class Benchmark:
    """One published figure beside, or near, a rate of the registry.

    Parameters
    ----------
    study_id
        Key of the study.
    citation, link
        Where the figure comes from, and the address to open it.
    percent
        Share in percent, 0 to 100: events over total, else as printed.
    n_events, n_total
        Counts; None where they were not printed and cannot be worked out.
    year, design, arm
        Of the study; ``arm`` is empty where it has one.
    unit, horizon_days
        What was counted, and until when; horizon 0 is the procedure or the stay, None not stated.
    definition
        The source's definition in words.
    note
        A remark on the figure, or an empty text.
    differences
        Empty where the figure may stand beside the registry's.
    """

    study_id: str
    citation: str
    link: str
    percent: float
    n_events: int | None
    n_total: int | None
    year: int | None
    design: str
    arm: str
    unit: str
    horizon_days: int | None
    definition: str
    note: str
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Benchmarks:
    """Published figures for one rate of the registry.

    Parameters
    ----------
    beside
        Figures that agree in device, severity, unit, definition and horizon; newest first.
    context
        Figures of the same outcome and device that differ somewhere, the nearest first. They are never shown
        beside the rate, and never without their differences.
    """

    beside: tuple[Benchmark, ...]
    context: tuple[Benchmark, ...]


@dataclass(frozen=True)
class _Asked:
    """The registry's side of a comparison."""

    outcome: str
    device: str
    severity: str
    unit: str
    horizon_days: int


def match_benchmarks(
    published: pl.DataFrame, *, outcome: str, device: str, severity: str, unit: str, horizon_days: int = 0
) -> Benchmarks:
    """Find published figures for one rate of the registry.

    Parameters
    ----------
    published
        Result of `analytics.evidence.published.read_published`, or a frame of that layout.
    outcome
        Key of a complication or endpoint of the registry; its definition is the registry's own.
    device
        Strategy of the group, or ``all``.
    severity
        Severity of the group, or ``all`` for all grades together.
    unit
        ``lesion``, ``procedure`` or ``patient``.
    horizon_days
        Days after the procedure up to which events count; 0 for complications of the procedure and the stay.

    Returns
    -------
    Benchmarks
        Both parts empty for an outcome that no source reports. Only figures with DOI or PMID are taken.

    Raises
    ------
    SpecificationError
        Where the unit is unknown.
    """
    if unit not in UNITS:
        raise SpecificationError(
            where="benchmarks", what="unknown unit", fix=f"Choose from {', '.join(UNITS)}."
        )
    meant = REGISTRY_OUTCOMES.get(outcome)
    if meant is None or _UNKNOWN in (device, severity):
        return Benchmarks(beside=(), context=())
    asked = _Asked(outcome, device, UNGRADED if severity == ALL else severity, unit, horizon_days)
    same = (pl.col("outcome") == meant.outcome) & (pl.col("device") == device)
    rows = with_shown_percent(published.filter(same & is_cited()))
    found = [_benchmark(row, asked) for row in rows.iter_rows(named=True)]
    found.sort(key=lambda one: (len(one.differences), -(one.year or 0), one.study_id, one.arm))
    return Benchmarks(
        beside=tuple(one for one in found if not one.differences),
        context=tuple(one for one in found if one.differences),
    )


def _benchmark(row: Mapping[str, Any], asked: _Asked) -> Benchmark:
    """Turn a row into a figure with its differences."""
    return Benchmark(
        study_id=row["study_id"],
        citation=cite(row),
        link=source_link(row),
        percent=row["shown_percent"],
        n_events=row["n_events"],
        n_total=row["n_total"],
        year=row["year"],
        design=row["design"],
        arm=row["arm"] or "",
        unit=row["unit"],
        horizon_days=row["horizon_days"],
        definition=definition_words(row),
        note=row["note"] or "",
        differences=_differences(row, asked),
    )


def definition_words(row: Mapping[str, Any]) -> str:
    """Give a source's definition in words; its own wording where its group has none."""
    return row["definition_text"] or DEFINITION_LABELS[row["definition"]]


def _differences(row: Mapping[str, Any], asked: _Asked) -> tuple[Difference, ...]:
    """Name every way in which a row is not what was asked for."""
    found = {
        "unit": _unit(row, asked),
        "definition": _definition(row, asked),
        "severity": _severity(row, asked),
        "horizon": _horizon(row, asked),
        "population": f"only {row['population']}" if row["population"] else "",
        "device": _device(row),
        "use": _use(row),
    }
    return tuple(Difference(kind, words) for kind, words in found.items() if words)


def _unit(row: Mapping[str, Any], asked: _Asked) -> str:
    """Compare what is counted."""
    return "" if row["unit"] == asked.unit else f"{_PLURALS[row['unit']]}, not {_PLURALS[asked.unit]}"


def _definition(row: Mapping[str, Any], asked: _Asked) -> str:
    """Compare definition groups; a definition that was not stated is another one."""
    meant = REGISTRY_OUTCOMES[asked.outcome]
    if row["definition"] in meant.definitions:
        return INFARCTION_RULE if meant.has_infarctions else ""
    if row["definition"] == "not_stated":
        return "definition not stated"
    return f"other definition: {definition_words(row)}, not {meant.definition_words}"


def _severity(row: Mapping[str, Any], asked: _Asked) -> str:
    """Compare severity groups, and by what they were graded."""
    words = SEVERITY_WORDS[row["severity"]].lower()
    if row["severity"] == asked.severity:
        by_other = row["severity_label"] and row["severity"] != UNGRADED
        return f"severity by the source: {row['severity_label']}" if by_other else ""
    if row["severity"] == UNGRADED:
        return "severity not graded"
    whole = SEVERITY_WORDS.get(asked.severity, asked.severity).lower()
    return f"{words} only, not all grades" if asked.severity == UNGRADED else f"{words}, not {whole}"


def _horizon(row: Mapping[str, Any], asked: _Asked) -> str:
    """Compare the time up to which events count; over a median follow-up is no risk by a day."""
    if row["horizon_kind"] == "median":
        return f"over a median follow-up of {row['horizon_days']:,} days, not {_until(asked.horizon_days)}"
    if row["horizon_days"] == asked.horizon_days:
        return ""
    if row["horizon_days"] is None:
        return "follow-up time not stated"
    return f"{_until(row['horizon_days'])}, not {_until(asked.horizon_days)}"


def _until(days: int) -> str:
    """Say until when events count."""
    return "procedure and stay" if days == 0 else f"by day {days:,}"


def _device(row: Mapping[str, Any]) -> str:
    """Name a source's device where it is not quite the registry's strategy."""
    label = row["device_label"]
    return "" if label is None or label in SAME_DEVICE else DEVICE_VARIANTS[label]


def _use(row: Mapping[str, Any]) -> str:
    """Say why a source is no present-day benchmark."""
    if row["benchmark_use"] == "historical":
        return "early devices or before stents" + (f", published {row['year']}" if row["year"] else "")
    return "subgroup, overlapping cohort or coded data" if row["benchmark_use"] == "context" else ""
