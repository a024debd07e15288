"""What of a run may be shown to others than the data holder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from analytics.claims.results import ClaimResult, ClaimsRun, ComponentResult, Findings
from analytics.disclosure import DisclosureRule, shown_count
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from analytics.claims.results import Group

OTHERS = DisclosureRule(kind="primary", threshold=5)
"""Counts of 1 to 4 are hidden from others than the data holder."""
HIDDEN = "Hidden: a group holds one to four rows of one kind."


def hide_small_cells(run: ClaimsRun, rule: DisclosureRule = OTHERS) -> ClaimsRun:
    """Hide the numbers of every component with a small cell.

    Parameters
    ----------
    run
        The run as it is.
    rule
        How counts are shown.

    Returns
    -------
    ClaimsRun
        Components in which a group, its events or its non-events are few lose groups, estimates, p values
        and remarks; the verdict stays. Few rows left out lose their number.
    """
    return replace(run, results=tuple(_hide_claim(result, rule) for result in run.results))


def _hide_claim(result: ClaimResult, rule: DisclosureRule) -> ClaimResult:
    """Hide within one claim; its own p value goes where the component behind it goes."""
    parts = tuple(_hide_component(part, rule) for part in result.components)
    decides = [part for part in parts if part.component.headline or result.claim.overall == "every"]
    if not any(part.why == HIDDEN for part in decides):
        return replace(result, components=parts)
    return replace(result, components=parts, p_value=None, p_adjusted=None, why=HIDDEN)


def _hide_component(result: ComponentResult, rule: DisclosureRule) -> ComponentResult:
    """Hide one component, or only the number of rows left out."""
    findings = result.findings
    if not (any(_is_small(group, rule) for group in findings.groups) or _differs_by_few(result, rule)):
        left_out = shown_count(findings.n_left_out or 0, rule)
        remarks = () if result.component.kind == "discrimination" else findings.remarks
        return replace(result, findings=replace(findings, n_left_out=left_out, remarks=remarks))
    refusal = NotEstimable(result.component.label, HIDDEN, "suppressed")
    bare = Findings((), refusal, n_left_out=None)
    return replace(result, findings=bare, judged=refusal, p_value=None, p_adjusted=None, why=HIDDEN)


def _differs_by_few(result: ComponentResult, rule: DisclosureRule) -> bool:
    """Whether two readings of the same rows differ in few of them, so that a subtraction would tell."""
    if result.component.kind != "paired_difference" or not result.findings.groups:
        return False
    first, second = (group.n_events or 0 for group in result.findings.groups)
    return shown_count(abs(first - second), rule) is None


def _is_small(group: Group, rule: DisclosureRule) -> bool:
    """Whether a group, its events or its other rows are few."""
    events = group.n_events or 0
    rest = group.n - events if group.n_events is not None else 0
    return any(shown_count(count, rule) is None for count in (group.n, events, rest))
