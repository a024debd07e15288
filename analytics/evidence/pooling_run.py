"""Pool from the shipped figures or from a file, as the command line asks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl

from analytics.errors import SpecificationError
from analytics.evidence.compatibility import PROPORTION_RULE, RATIO_RULE
from analytics.evidence.listing import resolve_filters
from analytics.evidence.own_data import read_own_figures
from analytics.evidence.published import read_effects, read_published
from analytics.evidence.synthesis import judge_rate, pool_published_proportions, pool_published_ratios
from analytics.proportions.intervals import wilson_interval, zero_event_upper_limit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from analytics.evidence.pooled_results import Pooled
    from analytics.evidence.synthesis import Synthesis, Verdict
    from analytics.refusals import NotEstimable


def pool_files(
    data: Path | None, filters: Mapping[str, Any], *, are_ratios: bool, how: Mapping[str, Any]
) -> Synthesis:
    """Pool the shipped figures, or a user's own.

    Parameters
    ----------
    data
        CSV file of the user's own studies; the shipped figures where None.
    filters
        Column to value; None for none.
    are_ratios
        Whether ratios are pooled.
    how
        ``method``, ``prediction`` and ``confidence``, as far as they were given.

    Returns
    -------
    Synthesis
        Of the studies of the outcome asked for; others are not listed as left out.

    Raises
    ------
    SpecificationError
        Where a filter, method or rule is unknown, or no outcome was named for the shipped figures.
    InputFileError
        Where the user's file cannot be used.
    """
    rule = RATIO_RULE if are_ratios else PROPORTION_RULE
    if data is None:
        figures = read_effects() if are_ratios else read_published()
        asked = resolve_filters(filters)
        _demand_outcome(asked)
    else:
        figures = read_own_figures(data, are_ratios=are_ratios)
        asked = resolve_filters(filters, known=_present(figures, filters))
    wanted = {name: value for name, value in asked.items() if name in rule.keys}
    if "outcome" in wanted:
        figures = figures.filter(pl.col("outcome") == wanted["outcome"])
    pool = pool_published_ratios if are_ratios else pool_published_proportions
    return pool(figures, wanted=wanted, need_source=data is None, **how)


def judge_counts(rate: str, pooled: Pooled | NotEstimable) -> Verdict:
    """Judge a registry's counts against a pooled value.

    Parameters
    ----------
    rate
        Events and total as ``12/400``.
    pooled
        What studies come to.

    Raises
    ------
    SpecificationError
        Where the counts cannot be read, or ratios were pooled.
    """
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", rate.strip())
    x, n = (int(found[1]), int(found[2])) if found else (1, 0)
    if x > n or n == 0 or getattr(pooled, "kind", "proportion") != "proportion":
        raise SpecificationError(
            where="--rate", what="no events and total of a proportion", fix="Write it as 12/400."
        )
    lower, upper = wilson_interval(x, n) if x else (0.0, zero_event_upper_limit(n))
    return judge_rate(lower, upper, pooled)


def _demand_outcome(asked: Mapping[str, Any]) -> None:
    """Refuse to pool everything with everything."""
    if "outcome" not in asked:
        raise SpecificationError(
            where="evidence pool", what="no outcome named", fix="Add --outcome; 'evidence list' shows them."
        )


def _present(figures: pl.DataFrame, filters: Mapping[str, Any]) -> dict[str, list[str]]:
    """List the values that a user's own columns have."""
    names = [name for name in filters if name in figures.columns and figures[name].dtype == pl.String]
    return {name: figures[name].drop_nulls().unique().sort().to_list() for name in names}
