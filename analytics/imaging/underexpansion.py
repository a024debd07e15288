"""Under-expansion of stents by group: shares, differences from a reference group, medians."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.imaging.resampling import FEWEST_CLUSTERS, percentile_limits, resample_sums
from analytics.imaging.shares import estimate_share
from analytics.proportions.differences import newcombe_difference
from analytics.proportions.results import Comparison
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.proportions.results import Proportion


@dataclass(frozen=True)
class GroupExpansion:
    """Stent expansion in one group of lesions.

    Parameters
    ----------
    group
        Level of the grouping column.
    n_lesions, n_patients
        Lesions with an expansion, and their patients.
    underexpanded
        Share below the cut-off.
    difference
        Share minus that of the reference group; None for the reference group itself.
    expansion_median, expansion_quartiles
        Percent of the mean reference lumen area; None without lesions.
    msa_median, msa_quartiles
        Minimum stent area in mm2; None without lesions.
    """

    group: str
    n_lesions: int
    n_patients: int
    underexpanded: Proportion | NotEstimable
    difference: Comparison | NotEstimable | None
    expansion_median: float | None
    expansion_quartiles: tuple[float, float] | None
    msa_median: float | None
    msa_quartiles: tuple[float, float] | None


def estimate_underexpansion(
    rows: pl.DataFrame,
    *,
    by: str,
    levels: Sequence[str],
    cluster: str = "patient_id",
    confidence: float = 0.95,
) -> tuple[GroupExpansion, ...]:
    """Estimate under-expansion in each group.

    Parameters
    ----------
    rows
        As `analytics.imaging.expansion.Expansions.table`, with `by` and `cluster`.
    by
        Column of text by which lesions are grouped.
    levels
        Groups in order; the first is the reference. Other values are left aside.
    cluster
        Column by which lesions may resemble one another.
    confidence
        Level of the intervals.

    Returns
    -------
    tuple of GroupExpansion
        One per level. Differences have Newcombe's interval [1]_ where each patient gives one lesion to the
        two groups, else percentiles of resampled patients. They are crude: lesions are not allotted to
        groups by chance.

    References
    ----------
    .. [1] Newcombe (1998), Stat Med 17:873-890, method 10.
    """
    reference = rows.filter(pl.col(by) == levels[0])
    return tuple(
        _describe(
            rows.filter(pl.col(by) == level),
            reference if level != levels[0] else None,
            group=level,
            cluster=cluster,
            confidence=confidence,
        )
        for level in levels
    )


def _describe(
    group_rows: pl.DataFrame,
    reference: pl.DataFrame | None,
    *,
    group: str,
    cluster: str,
    confidence: float,
) -> GroupExpansion:
    """Describe one group, and compare it with the reference where there is one."""
    expansion, msa = (_quartiles(group_rows[name]) for name in ("expansion_pct", "msa_mm2"))
    difference = (
        None
        if reference is None
        else compare_underexpansion(group_rows, reference, cluster=cluster, confidence=confidence)
    )
    return GroupExpansion(
        group=group,
        n_lesions=group_rows.height,
        n_patients=group_rows[cluster].n_unique(),
        underexpanded=estimate_share(
            group_rows, "is_underexpanded", cluster=cluster, confidence=confidence, group=group
        ),
        difference=difference,
        expansion_median=expansion[1] if expansion else None,
        expansion_quartiles=(expansion[0], expansion[2]) if expansion else None,
        msa_median=msa[1] if msa else None,
        msa_quartiles=(msa[0], msa[2]) if msa else None,
    )


def compare_underexpansion(
    first: pl.DataFrame, second: pl.DataFrame, *, cluster: str = "patient_id", confidence: float = 0.95
) -> Comparison | NotEstimable:
    """Estimate the difference in under-expansion, first minus second group.

    Parameters
    ----------
    first, second
        Lesions of two groups: ``is_underexpanded`` and `cluster`.
    cluster
        Column by which lesions may resemble one another, also across the groups.
    confidence
        Level of the interval.

    Returns
    -------
    Comparison or NotEstimable
        As said in `estimate_underexpansion`; refused where a group is empty, or where lesions are clustered
        in fewer than 10 patients.
    """
    n1, n2 = first.height, second.height
    if not n1 or not n2:
        return NotEstimable("difference", "A group has no lesion.", "no_patients")
    x1, x2 = int(first["is_underexpanded"].sum()), int(second["is_underexpanded"].sum())
    parts = _parts_of_patients(first, second, cluster)
    if len(parts) == n1 + n2:
        return newcombe_difference(x1, n1, x2, n2, confidence=confidence)
    if len(parts) < FEWEST_CLUSTERS:
        reason = f"Lesions come from fewer than {FEWEST_CLUSTERS} patients, too few to resample."
        return NotEstimable("difference", reason, "too_few_pairs")
    sums = resample_sums(parts)
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3]
    limits = percentile_limits(drawn, confidence=confidence)
    if limits is None:
        return NotEstimable("difference", "Samples of patients leave a group empty.", "too_few_pairs")
    return Comparison("difference", x1 / n1 - x2 / n2, *limits, confidence, "patients resampled")


def _parts_of_patients(
    first: pl.DataFrame, second: pl.DataFrame, cluster: str
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Under-expanded and all lesions of each patient in the two groups."""
    hit = pl.col("is_underexpanded")
    tables = [
        part.select(
            pl.col(cluster),
            *(
                (value if number == which else value * 0).cast(pl.Float64).alias(f"{name}{number}")
                for number in (1, 2)
                for name, value in (("x", hit.cast(pl.Int64)), ("n", pl.lit(1)))
            ),
        )
        for which, part in ((1, first), (2, second))
    ]
    whole = pl.concat(tables).group_by(cluster, maintain_order=True).sum()
    return whole.select("x1", "n1", "x2", "n2").to_numpy()


def _quartiles(values: pl.Series) -> tuple[float, float, float] | None:
    """Lower quartile, median, upper quartile; None without values."""
    known = values.drop_nulls().to_numpy()
    if not len(known):
        return None
    low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
    return float(low), float(middle), float(high)
