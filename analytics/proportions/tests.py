"""Tests on counts: two groups, many groups, pairs; trends are imported from `.trend`."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binom, chi2

from analytics.proportions.conditional import ConditionalTable
from analytics.proportions.counts import check_parts, refuse_empty
from analytics.proportions.results import CountTest
from analytics.proportions.trend import cochran_armitage
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["chi_square", "cochran_armitage", "fisher_exact", "mcnemar", "mid_p"]

TIE = 1.0 + 1e-7
"""Tables whose probability differs by less than this factor count as equally likely."""


def fisher_exact(x1: int, n1: int, x2: int, n2: int) -> CountTest | NotEstimable:
    """Test whether two independent shares differ, given the margins.

    Parameters
    ----------
    x1, n1, x2, n2
        Events and rows of the first and of the second group.

    Returns
    -------
    CountTest or NotEstimable
        Two-sided p value: the probability of all tables that are no likelier than the observed one [1]_.
        Refused where a group is empty.

    Raises
    ------
    ValueError
        Where counts are no proportions.

    References
    ----------
    .. [1] Fisher (1935), J R Stat Soc 98:39-82, doi:10.2307/2342435; two sides as in Freeman & Halton (1951),
       Biometrika 38:141-149, doi:10.1093/biomet/38.1-2.141.
    """
    check_parts((x1, n1), (x2, n2))
    refusal = refuse_empty((n1, n2), "test")
    if refusal is not None:
        return refusal
    table = ConditionalTable(x1, n1, x2, n2)
    shares = table.probabilities()
    observed = shares[x1 - table.first]
    return CountTest("Fisher exact", min(1.0, float(shares[shares <= observed * TIE].sum())))


def mid_p(x1: int, n1: int, x2: int, n2: int) -> CountTest | NotEstimable:
    """Test whether two independent shares differ, given the margins, counting half of the observed table.

    Parameters
    ----------
    x1, n1, x2, n2
        Events and rows of the first and of the second group.

    Returns
    -------
    CountTest or NotEstimable
        Central two-sided p value: twice the smaller of the two tails, each with half the probability of the
        observed table [1]_, at most 1. Refused where a group is empty.

    Raises
    ------
    ValueError
        Where counts are no proportions.

    References
    ----------
    .. [1] Lancaster (1961), J Am Stat Assoc 56:223-234, doi:10.1080/01621459.1961.10482105; Berry & Armitage
       (1995), Statistician 44:417-423.
    """
    check_parts((x1, n1), (x2, n2))
    refusal = refuse_empty((n1, n2), "test")
    if refusal is not None:
        return refusal
    table = ConditionalTable(x1, n1, x2, n2)
    half = float(table.probabilities()[x1 - table.first]) / 2.0
    smaller = min(table.lower_tail(), table.upper_tail()) - half
    return CountTest("exact mid-P, central", min(1.0, 2.0 * smaller))


def chi_square(counts: Sequence[Sequence[int]], *, corrected: bool = False) -> CountTest | NotEstimable:
    """Test whether rows and columns of a table of counts are independent.

    Parameters
    ----------
    counts
        One row a group, one column a result; at least two of each.
    corrected
        Whether to correct a table of two by two for continuity [2]_; other tables never are.

    Returns
    -------
    CountTest or NotEstimable
        Chi-square [1]_ with its degrees of freedom. Refused where a row or a column is empty.

    Raises
    ------
    ValueError
        Where the table has less than two rows or columns, or a negative count.

    References
    ----------
    .. [1] Pearson (1900), Philos Mag 50:157-175, doi:10.1080/14786440009463897.
    .. [2] Yates (1934), J R Stat Soc Suppl 1:217-235, doi:10.2307/2983604.
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2 or (table < 0).any():
        msg = "a table of counts has two rows and columns at least, and no negative count"
        raise ValueError(msg)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    if not rows.all() or not columns.all():
        reason = "A group is empty, or all groups have the same result throughout."
        return NotEstimable("test", reason, "no_events" if rows.all() else "no_patients")
    expected = np.outer(rows, columns) / table.sum()
    distances = np.abs(table - expected)
    if corrected and table.shape == (2, 2):
        distances = distances - min(0.5, float(distances.min()))
    statistic = float((distances**2 / expected).sum())
    degrees = (table.shape[0] - 1) * (table.shape[1] - 1)
    words = "chi-square" + (" with continuity correction" if corrected and table.shape == (2, 2) else "")
    return CountTest(words, float(chi2.sf(statistic, degrees)), statistic, degrees)


def mcnemar(only_first: int, only_second: int, *, method: str = "mid_p") -> CountTest | NotEstimable:
    """Test whether two shares of the same rows differ, from the pairs that disagree.

    Parameters
    ----------
    only_first, only_second
        Rows positive in the first alone, and in the second alone.
    method
        ``exact`` (binomial), ``mid_p`` (the same with half the probability of the observed pair [2]_),
        ``asymptotic`` [1]_ or ``corrected`` (for continuity).

    Returns
    -------
    CountTest or NotEstimable
        Refused where no pair disagrees.

    Raises
    ------
    ValueError
        Where a count is negative.

    References
    ----------
    .. [1] McNemar (1947), Psychometrika 12:153-157, doi:10.1007/BF02295996.
    .. [2] Fagerland, Lydersen & Laake (2013), BMC Med Res Methodol 13:91, doi:10.1186/1471-2288-13-91.
    """
    if min(only_first, only_second) < 0:
        msg = "counts of pairs are not negative"
        raise ValueError(msg)
    n = only_first + only_second
    if n == 0:
        return NotEstimable("test", "No pair disagrees.", "no_events")
    if method in {"exact", "mid_p"}:
        smaller = min(only_first, only_second)
        p_value = min(1.0, 2.0 * float(binom.cdf(smaller, n, 0.5)))
        if method == "exact":
            return CountTest("McNemar exact", p_value)
        tail = float(binom.cdf(smaller, n, 0.5)) - float(binom.pmf(smaller, n, 0.5)) / 2.0
        return CountTest("McNemar mid-P", min(1.0, 2.0 * tail))
    distance = abs(only_first - only_second) - (1.0 if method == "corrected" else 0.0)
    statistic = max(distance, 0.0) ** 2 / n
    words = "McNemar" + (" with continuity correction" if method == "corrected" else "")
    p_value = 2.0 * NormalDist().cdf(-(statistic**0.5))
    return CountTest(words, p_value, statistic, 1)
