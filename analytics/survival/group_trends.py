"""Tests for a trend over ordered groups, with scores of one's own, and for every pair of groups."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from scipy.stats import chi2, norm

from analytics.survival.comparisons import compare_event_curves
from analytics.survival.gray import compare_incidences
from analytics.survival.p_values import adjust_benjamini_hochberg, adjust_holm
from analytics.survival.rank_sums import LOG_RANK, RankWeights
from analytics.survival.results import GroupTest, NotEstimable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from analytics.survival.event_counts import EventCounts

Adjustment = Literal["holm", "benjamini-hochberg", "bonferroni", "none"]
PairTest = Literal["log-rank", "gray"]


@dataclass(frozen=True)
class TrendTest:
    """A test for trend over ordered groups.

    Parameters
    ----------
    groups, scores
        Labels in ascending order of their scores, and the scores.
    z
        Standardised trend: positive where higher scores go with more events than expected.
    statistic
        Its square, chi-square on one degree of freedom.
    p_value
        Two-sided.
    p_value_increasing
        One-sided, against the alternative that events rise with the score.
    departure
        Chi-square of what the trend leaves of the difference between groups.
    departure_degrees, departure_p_value
        Its degrees of freedom and upper tail probability; the latter None without degrees of freedom.
    """

    groups: tuple[str, ...]
    scores: tuple[float, ...]
    z: float
    statistic: float
    p_value: float
    p_value_increasing: float
    departure: float
    departure_degrees: int
    departure_p_value: float | None


def compare_trend(
    counts: EventCounts,
    *,
    group: str,
    scores: Mapping[str, float],
    strata: Sequence[str] = (),
    weights: RankWeights = LOG_RANK,
    cause: int = 1,
) -> TrendTest | NotEstimable:
    """Test whether the hazard rises or falls with an ordered group, such as the grade of calcification.

    Parameters
    ----------
    counts, group, strata, weights, cause
        As for :func:`analytics.survival.comparisons.compare_event_curves`.
    scores
        A score for every group to compare; groups without one are left out. Equal steps are a choice like
        any other: fix the scores beforehand.

    Returns
    -------
    TrendTest or NotEstimable
        Refused as the test between groups is, and ``singular`` where all scores are alike.

    References
    ----------
    .. [1] Tarone (1975), Biometrika 62:679-682, https://doi.org/10.1093/biomet/62.3.679.
    .. [2] Klein & Moeschberger (2003), Survival Analysis, section 7.4.
    """
    order = sorted(scores, key=lambda label: (scores[label], label))
    test = compare_event_curves(counts, group=group, strata=strata, weights=weights, cause=cause, order=order)
    if isinstance(test, NotEstimable):
        return test
    score = np.array([scores[label] for label in test.groups], dtype=np.float64)
    excess = (test.table["observed"] - test.table["expected"]).to_numpy()
    variance = float(score @ np.array(test.covariance) @ score)
    if np.ptp(score) == 0 or variance <= 0:
        return NotEstimable(group, "All groups have one score: there is no trend to test.", "singular")
    z = float(score @ excess) / float(np.sqrt(variance))
    degrees = test.degrees_of_freedom - 1
    departure = max(test.statistic - z**2, 0.0)
    return TrendTest(
        groups=test.groups,
        scores=tuple(float(value) for value in score),
        z=z,
        statistic=z**2,
        p_value=float(2 * norm.sf(abs(z))),
        p_value_increasing=float(norm.sf(z)),
        departure=departure,
        departure_degrees=degrees,
        departure_p_value=float(chi2.sf(departure, degrees)) if degrees else None,
    )


@dataclass(frozen=True)
class PairOptions:
    """Which pairs are tested, how, and how their p-values are adjusted.

    Parameters
    ----------
    test
        ``log-rank`` (hazards) or ``gray`` (incidences, with competing events).
    rho
        Power of the weights of either test.
    reference
        Label of the only group that all others are compared with; every pair where None.
    adjustment
        ``holm`` and ``bonferroni`` hold the chance of any false claim, ``benjamini-hochberg`` the share of
        false claims.
    """

    test: PairTest = "log-rank"
    rho: float = 0.0
    reference: str | None = None
    adjustment: Adjustment = "holm"


def compare_pairs(
    counts: EventCounts,
    *,
    group: str,
    strata: Sequence[str] = (),
    options: PairOptions | None = None,
    cause: int = 1,
) -> pl.DataFrame | NotEstimable:
    """Test pairs of groups, each by its own two groups alone, with p-values adjusted for their number.

    Parameters
    ----------
    counts, group, strata, cause
        As for :func:`analytics.survival.comparisons.compare_event_curves`.
    options
        Which pairs, which test, which adjustment; every pair by the log-rank test and Holm's rule where
        None.

    Returns
    -------
    pl.DataFrame or NotEstimable
        One row per pair: ``first``, ``second``, ``statistic``, ``p_value``, ``p_adjusted``, ``reason`` (null
        where estimable; only estimable pairs count for the adjustment). Refused: ``no_patients``,
        ``one_group`` where the reference or all others are absent.

    References
    ----------
    .. [1] Holm (1979), Scand J Stat 6:65-70, https://www.jstor.org/stable/4615733.
    .. [2] Benjamini & Hochberg (1995), J R Stat Soc B 57:289-300,
       https://doi.org/10.1111/j.2517-6161.1995.tb02031.x.
    """
    options = options or PairOptions()
    labels = counts.pooled([group]).labels()
    if not labels:
        return NotEstimable(group, "Nobody in this group has an outcome under observation.", "no_patients")
    if len(labels) < 2 or (options.reference is not None and options.reference not in labels):
        return NotEstimable(group, "Only one group has patients: there is nothing to compare.", "one_group")
    if options.reference is None:
        pairs = list(combinations(labels, 2))
    else:
        pairs = [(options.reference, label) for label in labels if label != options.reference]
    rows: list[tuple[str, str, float | None, float | None, str | None]] = []
    for pair in pairs:
        test = _test_pair(counts, pair, group=group, strata=strata, options=options, cause=cause)
        if isinstance(test, NotEstimable):
            rows.append((*pair, None, None, test.reason))
        else:
            rows.append((*pair, test.statistic, test.p_value, None))
    schema = {
        "first": pl.String,
        "second": pl.String,
        "statistic": pl.Float64,
        "p_value": pl.Float64,
        "reason": pl.String,
    }
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(_adjusted(frame["p_value"], options.adjustment)).select(
        "first", "second", "statistic", "p_value", "p_adjusted", "reason"
    )


def _test_pair(
    counts: EventCounts,
    pair: tuple[str, str],
    *,
    group: str,
    strata: Sequence[str],
    options: PairOptions,
    cause: int,
) -> GroupTest | NotEstimable:
    """Test two groups."""
    if options.test == "gray":
        return compare_incidences(
            counts, group=group, strata=strata, rho=options.rho, cause=cause, order=pair
        )
    weights = RankWeights(rho=options.rho)
    return compare_event_curves(counts, group=group, strata=strata, weights=weights, cause=cause, order=pair)


def _adjusted(p_values: pl.Series, adjustment: Adjustment) -> pl.Series:
    """Adjust the p-values there are."""
    known = p_values.is_not_null().to_numpy()
    values: NDArray[np.float64] = p_values.drop_nulls().to_numpy()
    result = np.full(len(known), np.nan)
    if adjustment == "holm":
        values = adjust_holm(values)
    elif adjustment == "benjamini-hochberg":
        values = adjust_benjamini_hochberg(values)
    elif adjustment == "bonferroni":
        values = np.minimum(values * len(values), 1.0)
    result[known] = values
    return pl.Series("p_adjusted", result).fill_nan(None)
