"""What the estimators of imaging return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analytics.proportions.results import CountTest, Proportion
    from analytics.refusals import NotEstimable


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Parameters
    ----------
    estimate
        The number.
    lower, upper
        Limits, or None where no interval can be had.
    method
        Name of the interval, in words that stand beside the number.
    standard_error
        Of the estimate with independent rows, or None.
    """

    estimate: float
    lower: float | None
    upper: float | None
    method: str
    standard_error: float | None = None


@dataclass(frozen=True)
class GradeAgreement:
    """Two gradings of the same lesions.

    Parameters
    ----------
    first, second
        Columns that were compared: rows and columns of the table.
    levels
        Grades in order, from least to most.
    counts
        Lesions by first (outer) and second grade.
    n_lesions, n_patients
        Lesions in the table, and patients they come from.
    n_left_out
        Lesions that one of the two did not grade, or graded in coarser classes than `levels`.
    same
        Share of lesions with the same grade in both.
    expected
        Share that would agree by chance alone.
    unweighted, linear, quadratic
        Cohen's kappa by weight of a near miss.
    n_second_higher, n_second_lower
        Lesions graded higher, and lower, by the second.
    """

    first: str
    second: str
    levels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    n_lesions: int
    n_patients: int
    n_left_out: int
    same: Proportion | NotEstimable
    expected: float
    unweighted: Estimate
    linear: Estimate
    quadratic: Estimate
    n_second_higher: int
    n_second_lower: int


@dataclass(frozen=True)
class LimitsOfAgreement:
    """Two measurements of the same lesions: how far they lie apart.

    Parameters
    ----------
    first, second
        Columns that were compared; differences are second minus first.
    n_lesions, n_patients, n_left_out
        Lesions with both measurements, their patients, and lesions without one of the two.
    bias
        Mean difference.
    standard_deviation
        Of the differences; of single lesions of different patients where patients give several.
    lower_limit, upper_limit
        Limits of agreement: between them lie 95 % of the differences, if these are normal.
    slope
        Change of the difference for each unit of the mean of the two: proportional bias; None where every
        lesion has the same mean.
    slope_p_value
        Two-sided test of no proportional bias.
    share_between
        Share of the differences seen between the limits; far from 0.95 where they are not normal.
    method
        How spread and intervals were had.
    """

    first: str
    second: str
    n_lesions: int
    n_patients: int
    n_left_out: int
    bias: Estimate
    standard_deviation: float
    lower_limit: Estimate
    upper_limit: Estimate
    slope: Estimate | None
    slope_p_value: float | None
    share_between: float
    method: str


@dataclass(frozen=True)
class Accuracy:
    """Calls of one method judged by another.

    Parameters
    ----------
    test, reference
        Columns of calls: the method judged, and the one taken for the truth.
    n_both, n_test_only, n_reference_only, n_neither
        Lesions by their two calls.
    n_patients, n_left_out
        Patients of these lesions; lesions without one of the two calls.
    sensitivity, specificity, positive_predictive_value, negative_predictive_value
        Shares with exact intervals, as if lesions were independent.
    by_patient
        The same four with intervals by patient, where patients give several lesions; else None.
    prevalence
        Share called by the reference; the predictive values hold for this share only.
    mcnemar
        Exact test that both methods call equally often.
    """

    test: str
    reference: str
    n_both: int
    n_test_only: int
    n_reference_only: int
    n_neither: int
    n_patients: int
    n_left_out: int
    sensitivity: Proportion | NotEstimable
    specificity: Proportion | NotEstimable
    positive_predictive_value: Proportion | NotEstimable
    negative_predictive_value: Proportion | NotEstimable
    by_patient: tuple[Proportion | NotEstimable, ...] | None
    prevalence: Proportion | NotEstimable
    mcnemar: CountTest | NotEstimable


@dataclass(frozen=True)
class CalciumShortfall:
    """How often one method falls short of the calcium that another measured.

    Parameters
    ----------
    method, reference
        Columns of arcs: the one that may fall short, and the one it is held against.
    n_lesions
        Lesions with calcium on the reference and an arc from both.
    n_not_seen
        Lesions with calcium on the reference and none on the method.
    n_smaller
        Lesions seen by both, with an arc smaller by more than 90 degrees on the method.
    share
        Both together among lesions with calcium on the reference.
    """

    method: str
    reference: str
    n_lesions: int
    n_not_seen: int
    n_smaller: int
    share: Proportion | NotEstimable
