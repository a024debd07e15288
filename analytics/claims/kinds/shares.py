"""Shares: of one group, of two compared, and of pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.claims.kinds.standardised import standardised_estimate
from analytics.claims.results import Estimate, Findings, Group
from analytics.claims.selection import (
    EXPOSED,
    Selection,
    describe_group,
    label_column,
    refuse_small,
    select_groups,
    select_population,
)
from analytics.proportions.differences import newcombe_difference, newcombe_paired_difference
from analytics.proportions.intervals import clopper_pearson_interval, wilson_interval, zero_event_upper_limit
from analytics.proportions.ratios import risk_ratio
from analytics.proportions.tests import mcnemar, mid_p
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from analytics.claims.frames import ClaimFrames
    from analytics.claims.hypothesis import Component

FEW_EVENTS = 10
"""Events, or rows without, in either group below which the variance by patient is not relied on."""


def run_risk_difference(part: Component, frames: ClaimFrames) -> Findings:
    """Compare the share with an outcome between two groups.

    Returns
    -------
    Findings
        Shares with Wilson's interval; the difference, crude and standardised over the covariates; the risk
        ratio beside it, never where a group has no event.
    """
    selection = select_groups(frames.rows(part.rows), part)
    groups = tuple(_group(selection, part, exposed=exposed) for exposed in (True, False))
    refusal = refuse_small(part, selection) or _refuse_without_events(part, groups)
    if refusal is not None:
        return Findings(groups, refusal, remarks=_zero_words(groups), n_left_out=selection.n_left_out)
    crude = _crude(selection, groups, part)
    adjusted, remarks = standardised_estimate(selection.frame, part) if part.adjust else (None, ())
    words = (*remarks, *_zero_words(groups))
    return Findings(groups, crude, adjusted, _ratio(groups), words, selection.n_left_out)


def run_share(part: Component, frames: ClaimFrames) -> Findings:
    """Give the share with an outcome in one group, with the exact interval.

    Returns
    -------
    Findings
        Without an event the upper limit is the exact one-sided 97.5 % limit.
    """
    population = select_population(frames.rows(part.rows), part)
    known = population[part.outcome].drop_nulls()
    n, events = len(known), int(known.cast(pl.Boolean).sum())
    left_out = population.height - n
    if n < part.minimum:
        return Findings((Group(part.label, n, events),), _too_few(part), n_left_out=left_out)
    lower, upper = clopper_pearson_interval(events, n)
    found = Estimate("share", events / n, lower, upper, "Clopper-Pearson", n, events)
    group = Group(part.label, n, events, events / n, lower, upper)
    words = ("No other group can have this: there is no comparison.",) if part.is_structural else ()
    return Findings((group,), found, remarks=words, n_left_out=left_out)


def run_paired_difference(part: Component, frames: ClaimFrames) -> Findings:
    """Compare two yes-or-no readings of the same rows: the second minus the first.

    Returns
    -------
    Findings
        Newcombe's paired difference and McNemar's mid-P test.
    """
    population = select_population(frames.rows(part.rows), part)
    rows = population.drop_nulls([part.first, part.second])
    left_out = population.height - rows.height
    if rows.height < part.minimum:
        refusal = too_few_pairs(part)
        return Findings((), refusal, n_left_out=left_out)
    first, second = pl.col(part.first), pl.col(part.second)
    both, only_first, only_second = (
        rows.filter(expression).height for expression in (first & second, first & ~second, second & ~first)
    )
    neither = rows.height - both - only_first - only_second
    found = newcombe_paired_difference(both, only_second, only_first, neither)
    test = mcnemar(only_first, only_second)
    groups = tuple(
        _share(label_column(name), rows.height, int(rows[name].sum())) for name in (part.second, part.first)
    )
    if isinstance(found, NotEstimable):
        return Findings(groups, found, n_left_out=left_out)
    p_value = None if isinstance(test, NotEstimable) else test.p_value
    upper = None if found.upper is None else float(found.upper)
    crude = Estimate(
        "risk_difference", found.estimate, found.lower, upper, f"{found.method}; McNemar, mid-P", rows.height,
        None, p_value,
    )  # fmt: skip
    return Findings(groups, crude, n_left_out=left_out)


def _too_few(part: Component) -> NotEstimable:
    """Refuse a share of too few rows."""
    if part.rows == "image_pairs":
        return too_few_pairs(part)
    reason = f"Fewer than {part.minimum} {part.rows} with a known outcome."
    return NotEstimable(part.label, reason, "no_patients")


def too_few_pairs(part: Component) -> NotEstimable:
    """Refuse a comparison of too few pairs."""
    what = "lesions that IVUS and OCT both saw before treatment" if part.rows == "image_pairs" else "pairs"
    return NotEstimable(part.label, f"Fewer than {part.minimum} {what}.", "no_patients")


def _group(selection: Selection, part: Component, *, exposed: bool) -> Group:
    """Share of one group."""
    own = selection.frame.filter(pl.col(EXPOSED) == exposed)
    return _share(describe_group(part, exposed=exposed), own.height, int(own[part.outcome].sum()))


def _share(label: str, n: int, events: int) -> Group:
    """Share with Wilson's interval; without an event the exact upper limit."""
    if not n:
        return Group(label, n, events)
    lower, upper = wilson_interval(events, n)
    return Group(label, n, events, events / n, lower, upper if events else zero_event_upper_limit(n))


def _crude(selection: Selection, groups: tuple[Group, ...], part: Component) -> Estimate | NotEstimable:
    """Difference as it is: by patient where lesions are counted and events are not few."""
    first, second = groups
    enough = min(min(group.n_events or 0, group.n - (group.n_events or 0)) for group in groups) >= FEW_EVENTS
    if part.rows == "lesions" and enough:
        found, _ = standardised_estimate(selection.frame, part, crude=True)
        if isinstance(found, Estimate):
            return found
    counts = (first.n_events or 0, first.n, second.n_events or 0, second.n)
    difference, test = newcombe_difference(*counts), mid_p(*counts)
    if isinstance(difference, NotEstimable):
        return difference
    p_value = None if isinstance(test, NotEstimable) else test.p_value
    return Estimate(
        "risk_difference", difference.estimate, difference.lower, difference.upper,
        f"{difference.method}; mid-P test", first.n + second.n, counts[0] + counts[2], p_value,
        _score_error(difference.lower, difference.upper),
    )  # fmt: skip


def _score_error(lower: float, upper: float | None) -> float | None:
    """Return the standard error that a 95 % interval implies, for tests against a margin."""
    return None if upper is None else (upper - lower) / (2 * 1.959963984540054)


def _refuse_without_events(part: Component, groups: tuple[Group, ...]) -> NotEstimable | None:
    """Refuse to compare two observed zeros."""
    if any(group.n_events for group in groups):
        return None
    return NotEstimable(part.label, "No event in either group.", "no_events")


def _ratio(groups: tuple[Group, ...]) -> tuple[Estimate, ...]:
    """Risk ratio of the groups; none where one of them has no event."""
    first, second = groups
    if not (first.n_events and second.n_events):
        return ()
    found = risk_ratio(first.n_events, first.n, second.n_events, second.n)
    if isinstance(found, NotEstimable):
        return ()
    events = first.n_events + second.n_events
    return (
        Estimate(
            "risk_ratio", found.estimate, found.lower, found.upper, found.method, first.n + second.n, events
        ),
    )


def _zero_words(groups: tuple[Group, ...]) -> tuple[str, ...]:
    """Say what an observed zero means."""
    return tuple(
        f"No event in {group.n:,} ({group.label}): a risk of up to {100 * (group.upper or 0):.2g} % is "
        "compatible with that (one-sided 97.5 % limit)."
        for group in groups
        if group.n and group.n_events == 0
    )
