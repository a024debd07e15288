"""What a claim's test returns: groups, estimates, p values and a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analytics.claims.hypothesis import Claim, Component
    from analytics.refusals import NotEstimable

SUPPORTED = "supported"
CONTRADICTED = "contradicted"
COMPATIBLE = "compatible with both"
NOT_ESTIMABLE = "not estimable"
VERDICTS = (SUPPORTED, CONTRADICTED, COMPATIBLE, NOT_ESTIMABLE)
"""The only verdicts there are."""

NULLS = {
    "risk_difference": 0.0,
    "mean_difference": 0.0,
    "risk_ratio": 1.0,
    "odds_ratio": 1.0,
    "hazard_ratio": 1.0,
    "ordered_odds_ratio": 1.0,
    "ratio_of_odds_ratios": 1.0,
    "area_under_curve": 0.5,
}
"""Value of each measure that means no difference; a share has none."""


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Parameters
    ----------
    measure
        A key of `NULLS`, or ``share``.
    value, lower, upper
        Number and limits in the unit of the measure (shares and their differences 0 to 1); `upper` is None
        where there is none.
    method
        How it was made, in words that stand beside it.
    n, n_events
        Rows it rests on, and those with the outcome; None for a numeric outcome.
    p_value
        Two-sided test of no difference, or None.
    std_error
        On the scale of `value`, or of its logarithm for a ratio; None where the method has none.
    confidence
        Two-sided level of the interval.
    """

    measure: str
    value: float
    lower: float
    upper: float | None
    method: str
    n: int
    n_events: int | None = None
    p_value: float | None = None
    std_error: float | None = None
    confidence: float = 0.95


@dataclass(frozen=True)
class Group:
    """One of the groups that are compared.

    Parameters
    ----------
    label
        Words for it.
    n, n_events
        Rows, and those with the outcome; None for a numeric outcome.
    value, lower, upper
        Share, risk (both 0 to 1) or mean, with limits; None where it cannot be given.
    what
        ``share``, ``risk by day 365``, ``mean``, ...
    """

    label: str
    n: int
    n_events: int | None
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    what: str = "share"


@dataclass(frozen=True)
class Findings:
    """What the data say to one component, before it is judged.

    Parameters
    ----------
    groups
        The groups, the exposed first.
    crude, adjusted
        The estimate as it is, and with covariates held; None where it was not asked for.
    beside
        Further estimates that are shown.
    remarks
        Sentences that belong beside the numbers.
    n_left_out
        Rows of the population without exposure or outcome; None where that is hidden.
    """

    groups: tuple[Group, ...]
    crude: Estimate | NotEstimable
    adjusted: Estimate | NotEstimable | None = None
    beside: tuple[Estimate, ...] = ()
    remarks: tuple[str, ...] = ()
    n_left_out: int | None = 0


@dataclass(frozen=True)
class ComponentResult:
    """One component with its verdict.

    Parameters
    ----------
    component, findings
        What was asked, and what was found.
    judged
        The estimate that decides, or why there is none.
    p_value
        Of the hypothesis as its direction states it, before adjustment; None where it has none.
    p_adjusted
        After adjustment; see `ClaimResult.adjusted_over` for the headline.
    verdict, why
        One of `VERDICTS`, and the sentence that gives the reason.
    """

    component: Component
    findings: Findings
    judged: Estimate | NotEstimable
    p_value: float | None
    p_adjusted: float | None
    verdict: str
    why: str


@dataclass(frozen=True)
class ClaimResult:
    """One claim with its verdict.

    Parameters
    ----------
    claim
        The claim.
    components
        Its components; empty where a needed column is empty everywhere.
    p_value, p_adjusted
        The p value with which the claim enters its family, and after adjustment.
    adjusted_over
        What the p values were adjusted over, in words.
    verdict, why
        One of `VERDICTS`, and the reason.
    """

    claim: Claim
    components: tuple[ComponentResult, ...]
    p_value: float | None
    p_adjusted: float | None
    adjusted_over: str
    verdict: str
    why: str


@dataclass(frozen=True)
class ClaimsRun:
    """All claims of one run.

    Parameters
    ----------
    results
        One per claim that is shown, in order.
    source
        What the data are, for example ``snapshot 000001-713f131a4b63``.
    n_run
        Claims that were run, shown or not.
    """

    results: tuple[ClaimResult, ...]
    source: str
    n_run: int
