"""Tests of a difference in baseline characteristics between groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

from analytics.errors import SpecificationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TEST_SCHEMA: dict[str, type[pl.DataType]] = {
    "variable": pl.String,
    "test": pl.String,  # "anova", "welch", "kruskal_wallis" of a number; "chi_square" of levels
    "statistic": pl.Float64,
    "degrees_of_freedom": pl.Float64,  # of the numerator
    "p_value": pl.Float64,
}
"""Columns of the tests, in order."""

Row = tuple[str, str, float | None, float | None, float | None]


def compare_baseline(
    frame: pl.DataFrame, variables: Sequence[str], *, by: str, groups: Sequence[str] | None = None
) -> pl.DataFrame:
    """Test every variable for a difference between groups.

    Parameters
    ----------
    frame
        One row per unit.
    variables
        Numbers are tested by analysis of variance, Welch's analysis of variance [1]_ and Kruskal and
        Wallis [2]_; Booleans and texts by the chi-square test of independence (without Yates'
        correction).
    by
        Column of group labels; rows without a label, or without the value, are left out of a test.
    groups
        Labels to compare; all of them where None.

    Returns
    -------
    pl.DataFrame
        Columns of `TEST_SCHEMA`; nulls where fewer than two groups have values or nothing varies.

    Raises
    ------
    SpecificationError
        Where a column does not exist.

    References
    ----------
    .. [1] Welch (1951), Biometrika 38:330-336, doi:10.1093/biomet/38.3-4.330.
    .. [2] Kruskal & Wallis (1952), J Am Stat Assoc 47:583-621, doi:10.1080/01621459.1952.10483441.
    """
    missing = [name for name in (*variables, by) if name not in frame.columns]
    if missing:
        raise SpecificationError(
            where="baseline", what=f"no column {missing[0]}", fix=f"Choose from {', '.join(frame.columns)}."
        )
    labelled = frame.filter(pl.col(by).is_not_null())
    kept = labelled if groups is None else labelled.filter(pl.col(by).cast(pl.String).is_in(list(groups)))
    rows = [row for name in variables for row in _test(kept.select(name, by).drop_nulls(), name, by)]
    return pl.DataFrame(rows, schema=TEST_SCHEMA, orient="row")


def _test(known: pl.DataFrame, name: str, by: str) -> list[Row]:
    """Test one variable."""
    if not known.schema[name].is_numeric():
        return [(name, "chi_square", *compare_counts(_cross(known, name, by)))]
    samples = [part[name].cast(pl.Float64).to_numpy() for part in known.partition_by(by)]
    return [
        (name, "anova", *_variance_test(samples)),
        (name, "welch", *compare_means(samples)),
        (name, "kruskal_wallis", *_rank_test(samples)),
    ]


def _cross(known: pl.DataFrame, name: str, by: str) -> NDArray[np.float64]:
    """Cross two columns of labels: groups x levels."""
    counts = known.with_columns(pl.col(name).cast(pl.String)).pivot(
        on=name, index=by, values=name, aggregate_function="len"
    )
    return counts.drop(by).fill_null(0).to_numpy().astype(np.float64)


def compare_counts(
    table: NDArray[np.float64], *, yates: bool = False
) -> tuple[float | None, float | None, float | None]:
    """Test a table of counts for independence of rows and columns (Pearson's chi-square).

    Parameters
    ----------
    table
        Counts >= 0.
    yates
        Whether a table of two by two gets Yates' continuity correction.

    Returns
    -------
    tuple
        Statistic, degrees of freedom and p-value; None where a row or column adds up to zero, or there is
        only one.
    """
    if min(table.shape, default=0) < 2 or not (table.sum(axis=0).all() and table.sum(axis=1).all()):
        return None, None, None
    found = stats.chi2_contingency(table, correction=yates)
    return float(found.statistic), float(found.dof), float(found.pvalue)


def compare_shares_in_order(n_level: Sequence[int], n: Sequence[int]) -> tuple[float | None, float | None]:
    """Test shares for a linear trend over ordered groups with scores 1, 2, ... (Cochran and Armitage).

    Parameters
    ----------
    n_level, n
        Units in the level, and all units, by group.

    Returns
    -------
    tuple
        Chi-square statistic with one degree of freedom and p-value; None where nothing varies.

    References
    ----------
    .. [1] Armitage (1955), Biometrics 11:375-386, doi:10.2307/3001775.
    """
    level, size = np.asarray(n_level, dtype=np.float64), np.asarray(n, dtype=np.float64)
    score = np.arange(1.0, len(size) + 1)
    total = float(size.sum())
    share = float(level.sum()) / total if total else 0.0
    spread = share * (1 - share) * float(size @ score**2 - (size @ score) ** 2 / total) if total else 0.0
    if spread <= 0:
        return None, None
    statistic = float(score @ (level - size * share)) ** 2 / spread
    return statistic, float(stats.chi2.sf(statistic, 1))


def compare_means(
    samples: Sequence[NDArray[np.float64]],
) -> tuple[float | None, float | None, float | None]:
    """Test equal means without equal variances (Welch 1951).

    Parameters
    ----------
    samples
        Values of each group.

    Returns
    -------
    tuple
        Statistic, degrees of freedom of the numerator, p-value; None where a group has fewer than two values
        or does not vary.
    """
    if len(samples) < 2 or any(len(one) < 2 or np.ptp(one) == 0 for one in samples):
        return None, None, None
    size = np.array([len(one) for one in samples], dtype=np.float64)
    mean = np.array([one.mean() for one in samples])
    weight = size / np.array([one.var(ddof=1) for one in samples])
    between = len(samples) - 1.0
    centre = float(weight @ mean / weight.sum())
    lack = float(((1 - weight / weight.sum()) ** 2 / (size - 1)).sum()) / (len(samples) ** 2 - 1)
    statistic = float(weight @ (mean - centre) ** 2) / between / (1 + 2 * (between - 1) * lack)
    return statistic, between, float(stats.f.sf(statistic, between, 1 / (3 * lack)))


def _variance_test(
    samples: Sequence[NDArray[np.float64]],
) -> tuple[float | None, float | None, float | None]:
    """Test equal means with equal variances."""
    if not _varies_within(samples):
        return None, None, None
    found = stats.f_oneway(*samples)
    return float(found.statistic), len(samples) - 1.0, float(found.pvalue)


def _rank_test(samples: Sequence[NDArray[np.float64]]) -> tuple[float | None, float | None, float | None]:
    """Test equal location by ranks, corrected for ties."""
    if len(samples) < 2 or np.ptp(np.concatenate(samples)) == 0:
        return None, None, None
    found = stats.kruskal(*samples)
    return float(found.statistic), len(samples) - 1.0, float(found.pvalue)


def _varies_within(samples: Sequence[NDArray[np.float64]]) -> bool:
    """Tell whether there are groups to compare, and values that vary within one."""
    return len(samples) > 1 and any(len(one) > 1 and np.ptp(one) > 0 for one in samples)
