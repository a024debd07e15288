"""What comparisons of complications return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analytics.complications.results import ComplicationRate
    from analytics.proportions.results import Comparison, CountTest
    from analytics.refusals import NotEstimable


@dataclass(frozen=True)
class AdjustedDifference:
    """Difference and ratio of risks as if both groups had had the same patients.

    Parameters
    ----------
    difference, lower, upper
        Standardised risk difference with its limits, -1 to 1.
    ratio, ratio_lower, ratio_upper
        Standardised risk ratio with its limits.
    p_value
        Test of no standardised difference.
    adjusted_for
        Columns that the model holds.
    method
        Words that stand beside the number.
    warnings
        Sentences that must be shown beside it.
    """

    difference: float
    lower: float
    upper: float
    ratio: float
    ratio_lower: float
    ratio_upper: float
    p_value: float
    adjusted_for: tuple[str, ...]
    method: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class GroupContrast:
    """One complication in two groups. Crude numbers are never shown without what stands beside them.

    Parameters
    ----------
    by
        ``strategy`` or ``severity``: what tells the groups apart.
    first, second
        Rates of both groups; the second is the reference.
    difference, ratio
        First minus second, first over second.
    test
        Test of no difference.
    standardised
        The same difference for the same patients, or the reason why there is none.
    p_adjusted
        p value of `test` after adjustment for the number of tests, or None where there is no test.
    adjustment
        ``Holm`` inside the family declared beforehand, ``FDR`` (Benjamini-Hochberg) outside it.
    """

    by: str
    first: ComplicationRate
    second: ComplicationRate
    difference: Comparison | NotEstimable
    ratio: Comparison | NotEstimable
    test: CountTest | NotEstimable
    standardised: AdjustedDifference | NotEstimable
    p_adjusted: float | None = None
    adjustment: str = ""


@dataclass(frozen=True)
class SeverityTrend:
    """Rise or fall of a complication with calcification.

    Parameters
    ----------
    strategy
        Device strategy within which it was looked at, or ``all``.
    rates
        One rate a grade, from least to most calcium.
    test
        Cochran-Armitage test with the scores 1, 2, 3.
    p_adjusted
        p value after control of the false discovery rate over the trends looked at together.
    """

    strategy: str
    rates: tuple[ComplicationRate, ...]
    test: CountTest | NotEstimable
    p_adjusted: float | None = None


@dataclass(frozen=True)
class QuarterlyRates:
    """A complication by calendar quarter.

    Parameters
    ----------
    quarters
        For example ``2024 Q3``, in order; quarters without a procedure are not there.
    rates
        One rate a quarter.
    trend
        Test of a trend over quarters.
    n_undated
        Units whose procedure has no calendar date; they are in no quarter.
    """

    quarters: tuple[str, ...]
    rates: tuple[ComplicationRate, ...]
    trend: CountTest | NotEstimable
    n_undated: int
