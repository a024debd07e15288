"""Numbers and verdicts of claims as a reader sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.charts.numbers import EN_DASH, format_count, format_p_value, format_ratio
from analytics.claims.results import Estimate
from analytics.claims.verdicts import is_ratio
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from analytics.claims.hypothesis import Anchor, Claim, Component
    from analytics.claims.results import ComponentResult, Group

MEASURES = {
    "risk_difference": "Difference in percentage points",
    "mean_difference": "Difference of means",
    "risk_ratio": "Risk ratio",
    "odds_ratio": "Odds ratio",
    "ordered_odds_ratio": "Odds ratio of a higher grade",
    "hazard_ratio": "Hazard ratio",
    "ratio_of_odds_ratios": "Ratio of odds ratios",
    "area_under_curve": "Area under the ROC curve",
    "share": "Share in percent",
}
"""Words for each measure."""
VERDICT_WORDS = {
    "supported": "Supported",
    "contradicted": "Contradicted",
    "compatible with both": "Compatible with both",
    "not estimable": "Not estimable",
}
_IN_PERCENT = ("risk_difference", "share")


def say_number(measure: str, value: float) -> str:
    """Write one number in the unit of its measure."""
    if measure in _IN_PERCENT:
        # Adding zero turns a negative zero into zero.
        return f"{round(100 * value, 1) + 0.0:.1f}"
    return format_ratio(value) if is_ratio(measure) else f"{round(value, 2) + 0.0:.2f}"


def say_interval(found: Estimate) -> str:
    """Write a number with its limits, for example ``1.42 (1.10-1.83)``; negative limits take ``to``."""
    low = say_number(found.measure, found.lower)
    high = "no limit" if found.upper is None else say_number(found.measure, found.upper)
    between = " to " if low.startswith("-") or high.startswith(("-", "no")) else EN_DASH
    return f"{say_number(found.measure, found.value)} ({low}{between}{high})"


def say_estimate(found: Estimate | NotEstimable | None) -> str:
    """Write an estimate with what it is; a refusal in its own words."""
    if found is None:
        return EN_DASH
    if isinstance(found, NotEstimable):
        return f"Not estimable: {found.reason}"
    if found.measure in _IN_PERCENT:
        unit = "percentage points" if found.measure == "risk_difference" else "%"
        name = "Difference" if found.measure == "risk_difference" else "Share"
        return f"{name} {say_interval(found).replace(' ', f' {unit} ', 1)}"
    return f"{MEASURES[found.measure]} {say_interval(found)}"


def say_basis(found: Estimate | NotEstimable | None) -> str:
    """Say how many rows and events an estimate rests on."""
    if not isinstance(found, Estimate):
        return ""
    if found.n_events is None:
        return f"n = {format_count(found.n)}"
    return f"{format_count(found.n_events)} with the outcome in {format_count(found.n)}"


def say_group(group: Group) -> str:
    """Write one group: share or risk with its interval and counts, or a mean."""
    if group.value is None:
        return f"{group.label}: n = {format_count(group.n)}"
    if group.n_events is None or group.what == "mean":
        return f"{group.label}: {group.what} {group.value:.1f}, n = {format_count(group.n)}"
    share = f"{100 * group.value:.1f} %"
    limits = ""
    if group.lower is not None and group.upper is not None:
        limits = f", {100 * group.lower:.1f}{EN_DASH}{100 * group.upper:.1f}"
    counts = f"{format_count(group.n_events)}/{format_count(group.n)}"
    if group.n_events == 0 and group.upper is not None:
        return f"{group.label}: 0 %, up to {100 * group.upper:.2g} % ({counts})"
    what = "" if group.what == "share" else f"{group.what} "
    return f"{group.label}: {what}{share}{limits} ({counts})"


def say_p_values(result: ComponentResult) -> str:
    """Write the p value of a component, before and after adjustment."""
    if result.p_value is None:
        return EN_DASH
    after = "" if result.p_adjusted is None else f"; adjusted {format_p_value(result.p_adjusted)}"
    return format_p_value(result.p_value) + after


def say_direction(part: Component) -> str:
    """Say what a claim expects of a component."""
    if part.is_structural:
        return "no comparator"
    limits = {
        "equal": f"equal within {part.margin:g}" if part.margin else "equal",
        "within": f"{_limit(part.low)} to {_limit(part.high)}",
        "below": f"below {_limit(part.high)}",
    }
    return limits.get(part.direction, part.direction)


def _limit(value: float | None) -> str:
    """Write a limit of a share in percent."""
    return "no limit" if value is None else f"{100 * value:g} %"


def say_anchor(anchor: Anchor) -> str:
    """Write where a published figure can be read."""
    parts = [
        anchor.study,
        f"doi:{anchor.doi}" if anchor.doi else "",
        f"PMID {anchor.pmid}" if anchor.pmid else "",
        f"\u201c{anchor.title}\u201d" if anchor.title else "",
    ]
    return ", ".join(part for part in parts if part)


def say_published(claim: Claim) -> str:
    """Write the published figures of a claim in one cell, each with the first place to find it."""
    said = (f"{anchor.figure} ({anchor.study}, {_place(anchor)})" for anchor in claim.published)
    return "; ".join(said) or "No figure with a source was found."


def _place(anchor: Anchor) -> str:
    """Name one place where a figure can be read."""
    if anchor.doi or anchor.pmid:
        return f"doi:{anchor.doi}" if anchor.doi else f"PMID {anchor.pmid}"
    return f"\u201c{anchor.title}\u201d"
