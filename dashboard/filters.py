"""Sidebar -> one frozen cohort filter.

Every widget is bound to a query parameter with a short name that never changes. Its options are shown as
they stand in the address: a formatting function would put labels there, and labels change. A value that
arrives from a browser is held against what exists in the snapshot; the limits of a widget are kept by the
browser only.
"""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING, Any, TypeAlias

import streamlit as st

from analytics.charts.labels import STRATEGY_SHORT
from analytics.store.filters import CohortFilter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.store.filters import SeveritySource, StrategyBasis
    from dashboard.data_access import Choices

FilterKey: TypeAlias = tuple[Any, ...]
"""A cohort filter as nested tuples of text, numbers and None; the only form a cached function takes."""

PARAMETERS = ("dev", "cal", "pres", "yr", "site", "basis", "src")
"""Query parameters of the filters."""

BASES: dict[str, StrategyBasis] = {"intended": "intended", "as treated": "as_treated"}
SOURCES: dict[str, SeveritySource] = {
    "preferred": "preferred",
    "angiography": "angiography",
    "IVUS": "ivus",
    "OCT": "oct",
}
PRESENTATIONS = {"chronic": "chronic", "acute": "acute", "other": "other_unknown"}


def key_of(filters: CohortFilter) -> FilterKey:
    """Return a filter as a tuple for cached reads."""
    return astuple(filters)


def filter_of(key: FilterKey) -> CohortFilter:
    """Return the filter behind a tuple made by `key_of`."""
    return CohortFilter(*key)


def choose_cohort(choices: Choices) -> CohortFilter:
    """Draw the filters into the sidebar and return what is chosen.

    Parameters
    ----------
    choices
        What exists in the snapshot; nothing else is ever let through.
    """
    with st.sidebar:
        devices = _pills("Device strategy", short_devices(choices.strategies), key="dev")
        grades = _pills("Calcification", choices.severities, key="cal")
        presentations = _pills("Presentation", list(PRESENTATIONS), key="pres")
        years = _years(choices.years)
        with st.expander("More filters"):
            sites = _pills("Site", choices.sites, key="site")
            basis = _one("Device counted as", list(BASES), key="basis")
            source = _one("Calcification from", list(SOURCES), key="src")
    by_short = {short: code for code, short in STRATEGY_SHORT.items() if code in choices.strategies}
    return CohortFilter(
        years=years,
        sites=allowed(sites, choices.sites),
        severities=allowed(grades, choices.severities),
        strategies=tuple(by_short[short] for short in allowed(devices, list(by_short))),
        presentations=tuple(PRESENTATIONS[word] for word in allowed(presentations, list(PRESENTATIONS))),
        strategy_basis=BASES.get(basis, "intended"),
        severity_source=SOURCES.get(source, "preferred"),
    )


def short_devices(strategies: Sequence[str]) -> list[str]:
    """Return the short names of strategies, which are also their words in an address."""
    return [STRATEGY_SHORT[code] for code in strategies if code in STRATEGY_SHORT]


def allowed(values: object, options: Sequence[str]) -> tuple[str, ...]:
    """Return the values that exist, in the order of the options; anything else is dropped."""
    sent = set(values) if isinstance(values, list | tuple | set) else set()
    return tuple(option for option in options if option in sent)


def _pills(label: str, options: Sequence[str], *, key: str) -> list[str]:
    """Several of a few; none chosen means all."""
    if len(options) < 2:
        return []
    return list(st.pills(label, list(options), selection_mode="multi", key=key, bind="query-params") or [])


def _one(label: str, options: Sequence[str], *, key: str) -> str:
    """Exactly one of a few."""
    chosen = st.pills(
        label,
        list(options),
        selection_mode="single",
        default=options[0],
        key=key,
        bind="query-params",
        required=True,
    )
    return str(chosen or options[0])


def _years(span: tuple[int, int] | None) -> tuple[int, int] | None:
    """First and last year, or None where all are meant or the data carry no calendar."""
    if span is None or span[0] == span[1]:
        return None
    options = list(range(span[0], span[1] + 1))
    sent = st.select_slider("Years of PCI", options, value=span, key="yr", bind="query-params")
    return checked_years(sent, span)


def checked_years(sent: object, span: tuple[int, int]) -> tuple[int, int] | None:
    """Return a pair of years inside the span, or None for the whole span or anything else."""
    if (
        not isinstance(sent, list | tuple)
        or len(sent) != 2
        or not all(isinstance(year, int) for year in sent)
    ):
        return None
    first, last = max(min(sent), span[0]), min(max(sent), span[1])
    return None if first > last or (first, last) == span else (first, last)


def describe(filters: CohortFilter, labels: Mapping[str, str]) -> str:
    """Return the filter in one line of words.

    Parameters
    ----------
    filters
        What was chosen.
    labels
        Words for codes of grades and strategies.
    """
    parts = [
        f"{filters.years[0]}\u2013{filters.years[1]}" if filters.years else "all years",
        _words(filters.strategies, labels) or "all device strategies",
        f"{_words(filters.severities, labels).lower()} calcification" if filters.severities else "all grades",
        f"{_words(filters.presentations, labels)} presentation"
        if filters.presentations
        else "all presentations",
        f"{len(filters.sites)} sites"
        if len(filters.sites) > 1
        else f"site {filters.sites[0]}"
        if filters.sites
        else "all sites",
    ]
    return " \u00b7 ".join(parts)


def _words(codes: Sequence[str], labels: Mapping[str, str]) -> str:
    """Words for codes, joined."""
    return ", ".join(labels.get(code, code.replace("_", " ")) for code in codes)
