"""Agreement of two gradings of the same lesions: table, share of equal grades, Cohen's kappa."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

from analytics.imaging.kappa import (
    WEIGHTS,
    agreement_weights,
    expected_agreement,
    kappa_of,
    kappa_standard_error,
)
from analytics.imaging.resampling import FEWEST_CLUSTERS, percentile_limits, resample_sums
from analytics.imaging.results import Estimate, GradeAgreement
from analytics.imaging.shares import estimate_share
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FEWEST_PAIRS = 10
"""Below this number of lesions a kappa or a bias is refused; ours."""


def estimate_grade_agreement(
    rows: pl.DataFrame,
    *,
    first: str,
    second: str,
    levels: Sequence[str],
    cluster: str = "patient_id",
    confidence: float = 0.95,
) -> GradeAgreement | NotEstimable:
    """Compare two gradings of the same lesions.

    Parameters
    ----------
    rows
        One row per lesion: the two gradings and `cluster`, the patient it belongs to.
    first, second
        Columns with grades.
    levels
        Grades in order, at least 2. Lesions with another value in one of the columns, or none, are counted
        and left out: a coarse grade is never split.
    cluster
        Column by which lesions may resemble one another.
    confidence
        Level of the intervals.

    Returns
    -------
    GradeAgreement or NotEstimable
        Kappa [1]_ unweighted and weighted [2]_ with the large-sample standard error [3]_. Intervals are
        those of that error on the scale of Fisher's z [4]_ where each patient gives one lesion, else
        percentile limits of resampled patients. Refused below 10 lesions, and where both give every lesion
        the same grade.

    References
    ----------
    .. [1] Cohen (1960), Educ Psychol Meas 20:37-46, doi:10.1177/001316446002000104.
    .. [2] Cohen (1968), Psychol Bull 70:213-220, doi:10.1037/h0026256.
    .. [3] Fleiss, Cohen & Everitt (1969), Psychol Bull 72:323-327, doi:10.1037/h0028106.
    .. [4] Lin (1989), Biometrics 45:255-268, doi:10.2307/2532051.
    """
    known = list(levels)
    graded = rows.filter(pl.col(first).is_in(known) & pl.col(second).is_in(known))
    group = f"{first} and {second}"
    if graded.height < FEWEST_PAIRS:
        return too_few_pairs(group, graded.height)
    parts = _parts_of_patients(graded, (first, second), known, cluster)
    table = parts.sum(axis=0)
    if float(expected_agreement(table, agreement_weights(len(known), "unweighted"))) > 1.0 - 1e-12:
        reason = "Both give every lesion the same grade, so that agreement by chance cannot be told apart."
        return NotEstimable(group, reason, "no_variation")
    sums = _resampled_tables(parts)
    kappas = [_kappa(table, sums, kind, confidence) for kind in WEIGHTS]
    is_same = graded.with_columns(is_same=pl.col(first) == pl.col(second))
    return GradeAgreement(
        first=first,
        second=second,
        levels=tuple(known),
        counts=tuple(tuple(int(n) for n in row) for row in table),
        n_lesions=graded.height,
        n_patients=len(parts),
        n_left_out=rows.height - graded.height,
        same=estimate_share(is_same, "is_same", cluster=cluster, confidence=confidence),
        expected=float(expected_agreement(table, agreement_weights(len(known), "unweighted"))),
        unweighted=kappas[0],
        linear=kappas[1],
        quadratic=kappas[2],
        n_second_higher=int(np.triu(table, 1).sum()),
        n_second_lower=int(np.tril(table, -1).sum()),
    )


def too_few_pairs(group: str, n: int) -> NotEstimable:
    """Refuse to compare two methods over fewer lesions than `FEWEST_PAIRS`."""
    seen = "No lesion was" if n == 0 else f"Only {n} {'lesion was' if n == 1 else 'lesions were'}"
    return NotEstimable(
        group, f"{seen} read by both; at least {FEWEST_PAIRS} are asked for.", "too_few_pairs"
    )


def _parts_of_patients(
    graded: pl.DataFrame, columns: tuple[str, str], levels: list[str], cluster: str
) -> NDArray[np.float64]:
    """Count grades by patient: patients x first grade x second grade."""
    k = len(levels)
    ranks = {level: i for i, level in enumerate(levels)}
    cell = pl.col(columns[0]).replace_strict(ranks, return_dtype=pl.Int64) * k + pl.col(
        columns[1]
    ).replace_strict(ranks, return_dtype=pl.Int64)
    cells = graded.select(cell=cell, patient=pl.col(cluster).rank("dense") - 1)
    parts = np.zeros((graded[cluster].n_unique(), k * k))
    np.add.at(parts, (cells["patient"].to_numpy(), cells["cell"].to_numpy()), 1.0)
    return parts.reshape(-1, k, k)


def _resampled_tables(parts: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Tables of resampled patients; None where each gives one lesion and the large-sample error serves."""
    if len(parts) == parts.sum():
        return None
    if len(parts) < FEWEST_CLUSTERS:
        return np.empty((0, *parts.shape[1:]))
    return resample_sums(parts.reshape(len(parts), -1)).reshape(-1, *parts.shape[1:])


def _kappa(
    table: NDArray[np.float64], sums: NDArray[np.float64] | None, kind: str, confidence: float
) -> Estimate:
    """Estimate one kappa with the interval that suits the data."""
    weights = agreement_weights(len(table), kind)
    kappa = float(kappa_of(table, weights))
    error = kappa_standard_error(table, weights)
    if np.trace(table) == table.sum():
        return Estimate(kappa, None, None, "none: no disagreement was seen", error)
    if sums is None:
        lower, upper = _transformed_limits(kappa, error, n=int(table.sum()), confidence=confidence)
        return Estimate(kappa, lower, upper, "large-sample error, Fisher's z, Student's t", error)
    if not len(sums):
        return Estimate(kappa, None, None, "none: too few patients to resample", error)
    limits = percentile_limits(kappa_of(sums, weights), confidence=confidence)
    if limits is None:
        return Estimate(kappa, None, None, "none: samples of patients hold one grade only", error)
    return Estimate(kappa, *limits, "patients resampled", error)


def _transformed_limits(kappa: float, error: float, *, n: int, confidence: float) -> tuple[float, float]:
    """Give limits on the scale of Fisher's z, on which kappa is less skewed; n - 1 degrees of freedom."""
    reach = float(stats.t.ppf(0.5 + confidence / 2, n - 1)) * error
    room = 1.0 - kappa**2
    if room < 1e-12:
        return max(-1.0, kappa - reach), min(1.0, kappa + reach)
    centre = np.arctanh(kappa)
    return float(np.tanh(centre - reach / room)), float(np.tanh(centre + reach / room))
