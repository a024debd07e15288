"""Filter, list and describe published figures for the command line."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING, Any

import polars as pl

from analytics.errors import SpecificationError
from analytics.evidence.matching import definition_words
from analytics.evidence.published import cite, is_cited, read_effects, read_published, source_link
from analytics.evidence.vocabulary import (
    DESIGN_LABELS,
    DEVICE_LABELS,
    DEVICE_VARIANTS,
    OUTCOME_LABELS,
    REGISTRY_OUTCOMES,
    SEVERITY_WORDS,
    UNITS,
    USES,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KNOWN: dict[str, tuple[str, ...]] = {
    "outcome": tuple(dict.fromkeys([*OUTCOME_LABELS, *REGISTRY_OUTCOMES])),
    "device": tuple(DEVICE_LABELS),
    "severity": tuple(SEVERITY_WORDS),
    "unit": UNITS,
    "benchmark_use": USES,
}
"""Values that a filter may have."""


CAUTION = "Read mostly in abstracts: open the source before you lean on a figure."
"""Said under every list."""


def resolve_filters(
    filters: Mapping[str, Any], *, known: Mapping[str, Iterable[str]] | None = None
) -> dict[str, Any]:
    """Check filters and turn outcomes of the registry into published ones.

    Parameters
    ----------
    filters
        Column to value; None for no filter. ``outcome`` may be a key of `REGISTRY_OUTCOMES`, which also asks
        for its definition.
    known
        Values by column; `KNOWN` where None.

    Returns
    -------
    dict
        Column to value.

    Raises
    ------
    SpecificationError
        Where a value is unknown; the known ones are listed.
    """
    asked = {name: value for name, value in filters.items() if value is not None}
    values = KNOWN if known is None else known
    for name, value in asked.items():
        if name in values and value not in values[name]:
            choices = ", ".join(sorted(values[name]))
            raise SpecificationError(
                where=f"--{name.removeprefix('benchmark_')}",
                what=f"unknown value {value!r}",
                fix=f"Choose from {choices}." if choices else "Leave it out: the file has no such column.",
            )
    meant = REGISTRY_OUTCOMES.get(asked.get("outcome", "")) if known is None else None
    if meant is not None and asked["outcome"] not in OUTCOME_LABELS:
        asked["outcome"] = meant.outcome
        if len(meant.definitions) == 1:
            asked["definition"] = meant.definitions[0]
    return asked


def select_figures(figures: pl.DataFrame, filters: Mapping[str, Any], *, uncited: bool) -> pl.DataFrame:
    """Take the rows that pass the filters, sources that a reader can open unless more are asked for.

    Parameters
    ----------
    figures
        Rows of `read_published` or `read_effects`.
    filters
        Result of `resolve_filters`; filters on columns that the rows do not have are passed by.
    uncited
        Whether rows with neither DOI nor PMID are taken too.
    """
    tests = [pl.col(name) == value for name, value in filters.items() if name in figures.columns]
    cited = pl.lit(uncited) | is_cited()
    return figures.filter(pl.all_horizontal(cited, *tests))


def find_study(study_id: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take everything about one study: its proportions and its ratios.

    Raises
    ------
    SpecificationError
        Where there is no such study; similar ones are named.
    """
    wanted = pl.col("study_id") == study_id.lower()
    outcomes, effects = read_published().filter(wanted), read_effects().filter(wanted)
    if outcomes.is_empty() and effects.is_empty():
        known = sorted({*read_published()["study_id"], *read_effects()["study_id"]})
        near = difflib.get_close_matches(study_id.lower(), known, n=5, cutoff=0.3)
        fix = f"Similar ones: {', '.join(near)}." if near else "'calcpci evidence list' shows them."
        raise SpecificationError(where="evidence", what=f"no study {study_id!r}", fix=fix)
    return outcomes, effects


def render_figures(rows: pl.DataFrame) -> str:
    """Write proportions as text, one heading per group of comparable rows."""
    lines: list[str] = []
    order = ["outcome", "device", "severity", "unit", "horizon_days"]
    heading = ""
    for row in rows.sort([*order, "year", "study_id"], nulls_last=True).iter_rows(named=True):
        words = group_words(row)
        if words != heading:
            lines += ["", words] if lines else [words]
            heading = words
        lines.append(_figure_line(row))
    return "\n".join([*lines, "", CAUTION]) if lines else "No figure passes these filters."


def render_effects(rows: pl.DataFrame) -> str:
    """Write ratios as text, one line each."""
    lines = [_effect_line(row) for row in rows.sort("outcome", "study_id").iter_rows(named=True)]
    return "\n".join([*lines, "", CAUTION]) if lines else "No ratio passes these filters."


def render_study(outcomes: pl.DataFrame, effects: pl.DataFrame) -> str:
    """Write everything about one study as text."""
    row = (outcomes if outcomes.height else effects).row(0, named=True)
    parts = [cite(row), DESIGN_LABELS[row["design"]].capitalize(), source_link(row) or "No address known."]
    if outcomes.height:
        parts += ["", render_figures(outcomes)]
    if effects.height:
        parts += ["", render_effects(effects)]
    return "\n".join(parts)


def group_words(row: Mapping[str, Any]) -> str:
    """Name a group of comparable figures."""
    parts = [
        OUTCOME_LABELS.get(row["outcome"], row["outcome"]),
        DEVICE_LABELS.get(row["device"], row["device"]),
        _severity_words(row["severity"]),
        f"per {row['unit']}" if row["unit"] else None,
        horizon_words(row["horizon_days"]),
    ]
    return " · ".join(part for part in parts if part)


def horizon_words(days: int | None) -> str:
    """Say until when events count."""
    if days is None:
        return "follow-up not stated"
    return "procedure and stay" if days == 0 else f"{days:,} days"


def _severity_words(severity: str | None) -> str | None:
    """Name a severity group so that it reads by itself."""
    if severity is None:
        return None
    words = SEVERITY_WORDS.get(severity, severity).lower()
    return "calcification " + words


def _figure_line(row: Mapping[str, Any]) -> str:
    """Write one proportion."""
    counts = f"{row['n_events']}/{row['n_total']}" if row["n_total"] and row["n_events"] is not None else ""
    total = f"n = {row['n_total']}" if row["n_total"] and not counts else counts
    remarks = [definition_words(row), row["arm"], row["population"], _device_words(row), row["note"]]
    said = "; ".join(str(one).rstrip(".") for one in [*remarks, row["benchmark_use"]] if one)
    return f"  {row['shown_percent']:5.1f} %  {total:>14}  [{row['study_id']}] {cite(row)} ({said})"


def _device_words(row: Mapping[str, Any]) -> str | None:
    """Name a source's device where it is not quite the strategy."""
    return DEVICE_VARIANTS.get(row["device_label"]) if row["device_label"] else None


def _effect_line(row: Mapping[str, Any]) -> str:
    """Write one ratio."""
    limits = "no interval" if row["ci_low"] is None else f"{row['ci_low']:g} to {row['ci_high']:g}"
    against = f" against {row['comparator']}" if row["comparator"] else ""
    adjusted = "adjusted" if row["adjusted"] == "yes" else "crude"
    what = f"{OUTCOME_LABELS[row['outcome']]}, {horizon_words(row['horizon_days'])}"
    return (
        f"{what}: {row['exposure']}{against}: "
        f"{row['measure']} {row['estimate']:g} ({limits}; {adjusted}; {row['population'] or 'all'})  "
        f"[{row['study_id']}] {cite(row)}"
    )


def percent(share: float | None) -> str:
    """Write a share in percent with one decimal, two below 1 %."""
    if share is None or math.isnan(share):
        return "n/a"
    if share in (0, 1):
        return f"{100 * share:.0f}"
    return f"{100 * share:.2f}" if share < 0.01 else f"{100 * share:.1f}"
