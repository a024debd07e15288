"""Which studies may be pooled: a rule written as data, and the reason for every one left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from analytics.evidence.published import cite, is_cited

if TYPE_CHECKING:
    from collections.abc import Mapping

CITED: Final = "no DOI or PMID"
UNCLEAR_DEFINITIONS: Final = ("not_stated", "own_composite", "as_reported")
"""Definition groups within which sources may mean different things."""


@dataclass(frozen=True)
class PoolingRule:
    """In what studies must agree before they are pooled.

    Parameters
    ----------
    keys
        Column to its name in words; studies must have the same value in all of them, a blank being a value.
    needed
        Columns that must not be blank.
    missing_words
        Why a study with a blank there cannot be pooled.
    size
        Column by which the larger of two overlapping studies is told.
    """

    keys: Mapping[str, str]
    needed: tuple[str, ...]
    missing_words: str
    size: str


PROPORTION_RULE: Final = PoolingRule(
    keys={
        "outcome": "outcome",
        "benchmark_use": "use",
        "device": "device",
        "device_label": "kind of device",
        "severity": "severity",
        "severity_label": "grading",
        "unit": "unit",
        "definition": "definition",
        "horizon_days": "horizon in days",
        "horizon_kind": "kind of horizon",
        "population": "population",
    },
    needed=("n_events", "n_total"),
    missing_words="events or total not printed",
    size="n_total",
)
"""Proportions: same outcome, era and use, device, severity, unit, definition, horizon and population."""

RATIO_RULE: Final = PoolingRule(
    keys={
        "outcome": "outcome",
        "benchmark_use": "use",
        "exposure": "group",
        "comparator": "comparator",
        "measure": "measure",
        "adjusted": "adjustment",
        "horizon_days": "horizon in days",
    },
    needed=("ci_low", "ci_high"),
    missing_words="no interval printed",
    size="precision",
)
"""Ratios: same outcome, use, comparison, measure, adjustment and horizon; the narrower interval is larger."""


@dataclass(frozen=True)
class Exclusion:
    """A published figure that is not pooled.

    Parameters
    ----------
    study_id, citation, arm
        Which figure.
    reason
        Why, in a few words.
    """

    study_id: str
    citation: str
    arm: str
    reason: str


@dataclass(frozen=True, eq=False)
class CompatibleStudies:
    """Studies that may be pooled, and those that may not.

    Parameters
    ----------
    keys
        What they agree in: column of the rule to value.
    rows
        The figures to pool, one per study, oldest first.
    excluded
        All other figures that were looked at, each with its reason.
    """

    keys: Mapping[str, Any]
    rows: pl.DataFrame
    excluded: tuple[Exclusion, ...]


def find_compatible(
    figures: pl.DataFrame,
    *,
    rule: PoolingRule = PROPORTION_RULE,
    wanted: Mapping[str, Any] | None = None,
    need_source: bool = True,
) -> CompatibleStudies:
    """Choose the studies that may be pooled.

    Parameters
    ----------
    figures
        Rows of `read_published` or `read_effects` to choose from, usually of one outcome.
    rule
        In what they must agree.
    wanted
        Values asked for, by key of the rule. Keys left open take the values of the combination with the most
        studies (of several, with the most units), so that the choice does not depend on results.
    need_source
        Whether figures without DOI and PMID are left out; not so for a user's own, which are named plainly.

    Returns
    -------
    CompatibleStudies
        Every row of `figures` is either pooled or excluded with a reason. Of several rows of one study, and
        of studies that share patients, the larger is pooled.
    """
    marked = figures.with_row_index("place").with_columns(_own_faults(rule, need_source=need_source))
    asked = dict(wanted or {})
    usable = marked.filter(pl.col("fault").is_null() & _all_equal(asked))
    keys = _most_common(usable, rule) | asked
    agree = usable.filter(_all_equal(keys))
    kept, dropped = _without_overlap(agree, rule)
    excluded = [
        Exclusion(
            row["study_id"], label(row), _arm(row), dropped.get(row["place"]) or _why_not(row, keys, rule)
        )
        for row in marked.iter_rows(named=True)
        if row["place"] not in kept
    ]
    rows = agree.filter(pl.col("place").is_in(kept)).sort("year", "study_id", nulls_last=True)
    return CompatibleStudies(keys, rows.drop("place", "fault"), tuple(excluded))


def label(row: Mapping[str, Any]) -> str:
    """Name a figure by its source, or plainly where it is a user's own and has none."""
    return cite(row) if row["doi"] or row["pmid"] or row["benchmark_use"] else str(row["study"])


def _own_faults(rule: PoolingRule, *, need_source: bool) -> pl.Expr:
    """Name what keeps a figure out whatever the others are."""
    lacking = pl.any_horizontal(pl.col(name).is_null() for name in rule.needed)
    unclear = pl.lit(value=False)
    if "definition" in rule.keys:
        unclear = pl.col("definition").is_in(UNCLEAR_DEFINITIONS).fill_null(value=False)
    return (
        pl.when(pl.lit(need_source) & ~is_cited())
        .then(pl.lit(CITED))
        .when(unclear)
        .then(pl.lit("definition not stated, or the source's own"))
        .when(lacking)
        .then(pl.lit(rule.missing_words))
        .alias("fault")
    )


def _all_equal(values: Mapping[str, Any]) -> pl.Expr:
    """Tell rows that have all of these values; blank equals blank."""
    tests = [pl.col(name).eq_missing(pl.lit(value)) for name, value in values.items()]
    return pl.all_horizontal(pl.lit(value=True), *tests)


def _most_common(usable: pl.DataFrame, rule: PoolingRule) -> dict[str, Any]:
    """Find the combination of key values with the most studies."""
    if usable.is_empty():
        return {}
    counted = (
        usable.group_by(list(rule.keys), maintain_order=True)
        .agg(pl.col("study_id").n_unique().alias("n_studies"), _size(rule).sum().alias("n_units"))
        .sort("n_studies", "n_units", descending=True, maintain_order=True)
    )
    return {name: counted[name][0] for name in rule.keys}


def _size(rule: PoolingRule) -> pl.Expr:
    """Give the size of a study."""
    if rule.size != "precision":
        return pl.col(rule.size)
    return 1.0 / (pl.col("ci_high") / pl.col("ci_low")).log()


def _without_overlap(agree: pl.DataFrame, rule: PoolingRule) -> tuple[set[int], dict[int, str]]:
    """Keep the largest row of each study and of studies that share patients."""
    kept: set[int] = set()
    dropped: dict[int, str] = {}
    studies: set[str] = set()
    cohorts: dict[str, str] = {}
    for row in agree.sort(_size(rule), descending=True, maintain_order=True).iter_rows(named=True):
        groups = str(row["overlap_groups"]).split(";") if row["overlap_groups"] else []
        shared = next((cohorts[group] for group in groups if group in cohorts), None)
        if row["study_id"] in studies:
            dropped[row["place"]] = "another row of the same study is pooled"
        elif shared is not None:
            dropped[row["place"]] = f"shares patients with {shared}"
        else:
            kept.add(row["place"])
            studies.add(row["study_id"])
            cohorts |= dict.fromkeys(groups, str(row["study"]))
    return kept, dropped


def _why_not(row: Mapping[str, Any], keys: Mapping[str, Any], rule: PoolingRule) -> str:
    """Say in what a figure does not agree, or what is missing in it."""
    if row["fault"] == CITED:
        return CITED
    for name, words in rule.keys.items():
        if name in keys and row[name] != keys[name]:
            return f"{words}: {_word(row[name])}, not {_word(keys[name])}"
    return str(row["fault"])


def _word(value: object) -> str:
    """Show a key value; a blank is said."""
    return "none given" if value is None else str(value).replace("_", " ")


def _arm(row: Mapping[str, Any]) -> str:
    """Name which of a study's figures it is."""
    if "exposure" in row:
        return f"{row['exposure']} against {row['comparator'] or 'reference'}"
    return str(row["arm"] or "")
