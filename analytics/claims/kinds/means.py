"""Differences of means, of two groups and of paired measurements."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl
from scipy import stats

from analytics.claims.kinds.shares import too_few_pairs
from analytics.claims.kinds.standardised import standardised_estimate
from analytics.claims.results import Estimate, Findings, Group
from analytics.claims.selection import (
    EXPOSED,
    describe_group,
    label_column,
    refuse_small,
    select_groups,
    select_population,
)

if TYPE_CHECKING:
    from analytics.claims.frames import ClaimFrames
    from analytics.claims.hypothesis import Component
    from analytics.claims.selection import Selection


def run_mean_difference(part: Component, frames: ClaimFrames) -> Findings:
    """Compare the mean of a measurement between two groups.

    Returns
    -------
    Findings
        Means with t limits and medians; the difference with a variance by patient, crude and standardised
        over the covariates.
    """
    selection = select_groups(frames.rows(part.rows), part)
    groups = tuple(_group(selection, part, exposed=exposed) for exposed in (True, False))
    refusal = refuse_small(part, selection)
    if refusal is not None:
        return Findings(groups, refusal, n_left_out=selection.n_left_out)
    crude, _ = standardised_estimate(selection.frame, part, crude=True)
    adjusted, remarks = standardised_estimate(selection.frame, part) if part.adjust else (None, ())
    words = (*_median_words(selection, part), *remarks)
    return Findings(groups, crude, adjusted, remarks=words, n_left_out=selection.n_left_out)


def run_paired_mean_difference(part: Component, frames: ClaimFrames) -> Findings:
    """Compare two measurements of the same rows: the second minus the first.

    Returns
    -------
    Findings
        Mean difference with t limits, and the limits of agreement [1]_ in a sentence.

    References
    ----------
    .. [1] Bland & Altman (1986), Lancet 327:307-310, doi:10.1016/S0140-6736(86)90837-8.
    """
    population = select_population(frames.rows(part.rows), part)
    rows = population.drop_nulls([part.first, part.second])
    left_out = population.height - rows.height
    if rows.height < part.minimum:
        return Findings((), too_few_pairs(part), n_left_out=left_out)
    difference = (rows[part.second] - rows[part.first]).cast(pl.Float64)
    # Numbers, since the columns are; polars types them as any literal.
    mean, spread = float(difference.mean() or 0.0), float(difference.std() or 0.0)  # type: ignore[arg-type]
    found = _t_estimate(mean, spread, rows.height)
    low, high = (mean + sign * 1.959963984540054 * spread for sign in (-1, 1))
    words = f"Limits of agreement: {low:.1f} to {high:.1f} (Bland and Altman)."
    groups = tuple(_describe(label_column(name), rows[name]) for name in (part.second, part.first))
    return Findings(groups, found, remarks=(words,), n_left_out=left_out)


def _t_estimate(mean: float, spread: float, n: int) -> Estimate:
    """Mean difference of pairs with Student's interval and test."""
    error = spread / math.sqrt(n)
    reach = float(stats.t.ppf(0.975, n - 1)) * error
    p_value = float(2 * stats.t.sf(abs(mean) / error, n - 1)) if error else None
    return Estimate("mean_difference", mean, mean - reach, mean + reach, "paired t", n, None, p_value, error)


def _group(selection: Selection, part: Component, *, exposed: bool) -> Group:
    """Mean of one group."""
    own = selection.frame.filter(pl.col(EXPOSED) == exposed)[part.outcome]
    return _describe(describe_group(part, exposed=exposed), own)


def _describe(label: str, values: pl.Series) -> Group:
    """Mean with Student's limits."""
    n = len(values)
    if n < 2:
        return Group(label, n, None, what="mean")
    # As above: the column holds numbers.
    mean, spread = float(values.mean()), float(values.std())  # type: ignore[arg-type]
    reach = float(stats.t.ppf(0.975, n - 1)) * spread / math.sqrt(n)
    return Group(label, n, None, mean, mean - reach, mean + reach, "mean")


def _median_words(selection: Selection, part: Component) -> tuple[str, ...]:
    """Give medians and quartiles, for measurements that are not symmetric."""
    said = []
    for exposed in (True, False):
        own = selection.frame.filter(pl.col(EXPOSED) == exposed)[part.outcome]
        low, middle, high = (own.quantile(share, interpolation="linear") for share in (0.25, 0.5, 0.75))
        said.append(f"{describe_group(part, exposed=exposed)}: {middle:.1f} ({low:.1f} to {high:.1f})")
    return (f"Median (quartiles): {'; '.join(said)}.",)
