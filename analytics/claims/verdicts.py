"""The rules by which an estimate supports a claim, contradicts it, or leaves it open.

One rule for every claim, fixed before the data are seen; `docs/claims.md` says them in words.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scipy.stats import norm

from analytics.claims.results import (
    COMPATIBLE,
    CONTRADICTED,
    NOT_ESTIMABLE,
    NULLS,
    SUPPORTED,
    ComponentResult,
    Estimate,
)
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.claims.hypothesis import Claim, Component

ALPHA = 0.05


def is_ratio(measure: str) -> bool:
    """Whether 1 is the value of no difference."""
    return NULLS.get(measure) == 1.0


def hypothesis_p_value(part: Component, found: Estimate) -> float | None:
    """Return the p value of the hypothesis as its direction states it.

    Parameters
    ----------
    part
        The component; its direction decides.
    found
        The estimate that is judged.

    Returns
    -------
    float or None
        For ``higher`` and ``lower`` the two-sided test of no difference. For ``equal`` the larger of two
        one-sided tests against the margin [1]_. None for ``within`` and ``below``, where the interval alone
        decides, and where the estimate has no test.

    References
    ----------
    .. [1] Schuirmann (1987), J Pharmacokinet Biopharm 15:657-680, doi:10.1007/BF01068419.
    """
    if part.direction in {"higher", "lower"}:
        return found.p_value
    if part.direction != "equal" or part.margin is None or not found.std_error:
        return None
    place, margin = found.value, part.margin
    if is_ratio(found.measure):
        place, margin = math.log(found.value), math.log(margin)
    return float(
        max(norm.sf((place + margin) / found.std_error), norm.cdf((place - margin) / found.std_error))
    )


def judge(part: Component, found: Estimate | NotEstimable, p_adjusted: float | None) -> tuple[str, str]:
    """Judge one component.

    Parameters
    ----------
    part
        What was claimed.
    found
        The estimate that decides.
    p_adjusted
        Its p value after adjustment; None where it has none.

    Returns
    -------
    tuple of str
        The verdict and the sentence that gives the reason.
    """
    if isinstance(found, NotEstimable):
        return NOT_ESTIMABLE, found.reason
    if part.is_structural:
        return NOT_ESTIMABLE, "Nobody else can have this, so that there is nothing to compare with."
    if part.direction in {"within", "below"}:
        return _judge_range(part, found)
    if part.direction == "equal":
        return _judge_equal(part, found, p_adjusted)
    return _judge_direction(part, found, p_adjusted)


def _judge_direction(part: Component, found: Estimate, p_adjusted: float | None) -> tuple[str, str]:
    """Judge by the interval against no difference, and the adjusted p value."""
    null = NULLS[found.measure]
    above = found.lower > null
    below = found.upper is not None and found.upper < null
    if not (above or below):
        return COMPATIBLE, "The interval includes the value of no difference."
    if p_adjusted is not None and p_adjusted >= ALPHA:
        return COMPATIBLE, "After adjustment for the number of hypotheses chance cannot be ruled out."
    if above == (part.direction == "higher"):
        return SUPPORTED, "The whole interval lies on the side that is claimed."
    return CONTRADICTED, "The whole interval lies on the other side."


def _judge_equal(part: Component, found: Estimate, p_adjusted: float | None) -> tuple[str, str]:
    """Judge by two one-sided tests against the margin, or by an interval beyond it."""
    low, high = _margin_limits(part, found)
    if p_adjusted is not None and p_adjusted < ALPHA:
        return SUPPORTED, "A difference as large as the margin is ruled out in both directions."
    upper = math.inf if found.upper is None else found.upper
    if found.lower > high or upper < low:
        return CONTRADICTED, "The whole interval lies beyond the margin."
    return COMPATIBLE, "Neither equality within the margin nor a difference beyond it can be ruled out."


def _margin_limits(part: Component, found: Estimate) -> tuple[float, float]:
    """Return the limits of equality; a ratio has 1 / margin to margin."""
    margin = part.margin or 0.0
    return (1.0 / margin, margin) if is_ratio(found.measure) else (-margin, margin)


def _judge_range(part: Component, found: Estimate) -> tuple[str, str]:
    """Judge by where the interval lies in a range that is claimed."""
    low = 0.0 if part.low is None else part.low
    high = math.inf if part.high is None else part.high
    upper = math.inf if found.upper is None else found.upper
    if found.lower >= low and upper <= high:
        return SUPPORTED, "The whole interval lies within the range that is claimed."
    if found.lower > high or upper < low:
        return CONTRADICTED, "The whole interval lies outside the range that is claimed."
    return COMPATIBLE, "The interval reaches beyond the range that is claimed, and into it."


def judge_claim(claim: Claim, parts: Sequence[ComponentResult], *, n_family: int = 1) -> tuple[str, str]:
    """Judge a claim of one or several components.

    Parameters
    ----------
    claim
        Its ``overall`` decides: ``headline`` takes the verdict of the component marked so. ``every`` asks
        that all components are supported, and none that cannot be estimated; one that is contradicted,
        while none is supported, contradicts the claim if its adjusted p value times `n_family` is still
        below 0.05; anything else is compatible with both.
    parts
        Its components, judged.
    n_family
        Claims in its family. The p value of such a claim in its family is that of its support, so that a
        contradiction has to pay for the family by itself (Bonferroni).

    Returns
    -------
    tuple of str
        The verdict and the sentence that gives the reason.
    """
    if claim.overall == "headline":
        chosen = next(part for part in parts if part.component.headline)
        return chosen.verdict, chosen.why
    known = [part.verdict for part in parts if part.verdict != NOT_ESTIMABLE]
    if not known:
        return NOT_ESTIMABLE, parts[0].why
    counts = {verdict: known.count(verdict) for verdict in (SUPPORTED, CONTRADICTED, COMPATIBLE)}
    said = ", ".join(f"{number} {verdict}" for verdict, number in counts.items() if number)
    without = len(parts) - len(known)
    words = f"Of {len(parts)} components: {said}{f', {without} not estimable' if without else ''}."
    if counts[SUPPORTED] == len(parts):
        return SUPPORTED, words
    against = [part.p_adjusted or 0.0 for part in parts if part.verdict == CONTRADICTED]
    if against and not counts[SUPPORTED] and min(against) * n_family < ALPHA:
        return CONTRADICTED, words
    return COMPATIBLE, words
