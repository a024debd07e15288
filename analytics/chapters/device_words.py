"""Words of the chapter on devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analytics.charts.numbers import (
    EN_DASH,
    format_fraction,
    format_p_value,
    format_percent,
    format_percent_interval,
    format_ratio,
)
from analytics.devices.choice_associations import OddsRatio
from analytics.proportions.results import CountTest, Proportion
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from analytics.devices.learning import DoublingRatio
    from analytics.devices.shares import Share

DEDICATED: Final = (
    "rotational_atherectomy",
    "intravascular_lithotripsy",
    "cutting_balloon",
    "scoring_balloon",
    "elca",
    "orbital_atherectomy",
    "super_high_pressure_balloon",
)
"""Classes whose volumes and running cases are shown."""

MODIFYING: Final = (*DEDICATED, "nc_balloon", "sc_balloon")
"""Classes whose success and plan are shown."""

STRATEGIES: Final = (
    "rotational_atherectomy",
    "intravascular_lithotripsy",
    "cutting_balloon",
    "nc_balloon",
    "elca",
    "orbital_atherectomy",
    "plain_balloon",
    "no_preparation",
)
"""Strategies intended first, in the order of tables and figures."""

GRADES: Final = ("none", "none_mild", "mild", "not_severe", "moderate", "severe", "unknown")

DESCRIBES: Final = "This chapter describes how devices were used. It advises nobody."

POPULATION: Final = (
    "All procedures of the cohort count, not only index procedures. Devices are counted as the sites sent "
    "them. Intervals allow for patients with several lesions, except where a table says otherwise."
)

OPERATORS: Final = (
    "Operators are pseudonyms; neither they nor sites are named, and only the spread between them is shown."
)

OPTIONS: Final = (
    "The review names options, often several for one lesion. A low share is no error of anybody, and a high "
    "one no merit; the share among other lesions says whether the choice follows the feature at all."
)

REVIEW: Final = (
    "Chen & Cheng 2024, Progress in the study of coronary artery calcification, section 5; sentences in our "
    "words."
)

ASSOCIATION: Final = (
    "An odds ratio above 1 says that lesions with the feature were meant for this device more often than "
    "lesions without it. It neither explains a choice nor judges it; what a site can offer is not in the "
    "model."
)

NOT_ESTIMABLE: Final = "not estimable"


def count_words(share: Share) -> str:
    """Write ``k/n``."""
    return format_fraction(share.n_events, share.n_total)


def share_words(share: Share) -> str:
    """Write the share with its interval, the upper limit where nothing was seen, or that there is none."""
    interval = share.interval
    if not isinstance(interval, Proportion):
        return "not recorded" if share.n_total == 0 else NOT_ESTIMABLE
    if interval.n_events == 0:
        return f"0 % (up to {format_percent(interval.upper)})"
    return f"{format_percent(interval.estimate)} ({format_percent_interval(interval.lower, interval.upper)})"


def full_words(share: Share) -> str:
    """Write count, share and interval in one cell."""
    if share.n_total == 0:
        return EN_DASH
    return f"{count_words(share)}: {share_words(share)}"


def ratio_words(ratio: OddsRatio | DoublingRatio | NotEstimable | None) -> str:
    """Write a ratio with its interval, or that there is none."""
    if ratio is None:
        return EN_DASH
    if isinstance(ratio, NotEstimable):
        return NOT_ESTIMABLE
    return f"{format_ratio(ratio.ratio)} ({format_ratio(ratio.lower)}{EN_DASH}{format_ratio(ratio.upper)})"


def trend_words(test: CountTest | NotEstimable) -> str:
    """Write the tail probability of a test, or that there is none."""
    return NOT_ESTIMABLE if isinstance(test, NotEstimable) else format_p_value(test.p_value)


def refusal_words(refused: NotEstimable) -> str:
    """Write why there is no number."""
    return f"{NOT_ESTIMABLE}: {refused.reason}"
