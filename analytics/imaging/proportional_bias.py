"""Proportional bias: whether two measurements differ more where there is more to measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t

from analytics.imaging.results import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray


def estimate_slope(
    middles: NDArray[np.float64],
    differences: NDArray[np.float64],
    *,
    clusters: NDArray[np.int64],
    confidence: float = 0.95,
) -> tuple[Estimate | None, float | None]:
    """Regress differences on the means of the two measurements by least squares.

    Parameters
    ----------
    middles, differences
        Mean and difference of the two measurements, one entry a lesion.
    clusters
        Number of the patient of each lesion, from 0.
    confidence
        Level of the interval.

    Returns
    -------
    tuple of Estimate or None, float or None
        Slope and two-sided test of none [1]_. Where a patient gives several lesions the error is robust to
        that, times m / (m - 1) * (n - 1) / (n - 2) for m patients, with m - 1 degrees of freedom [2]_.
        None where every lesion has the same mean.

    References
    ----------
    .. [1] Bland & Altman (1999), Stat Methods Med Res 8:135-160, doi:10.1177/096228029900800204, section 3.
    .. [2] Liang & Zeger (1986), Biometrika 73:13-22, doi:10.1093/biomet/73.1.13.
    """
    centred = middles - middles.mean()
    size = float((centred**2).sum())
    n, m = len(middles), int(clusters.max()) + 1
    if size <= 1e-12 * max(1.0, float((middles**2).sum())) or m < 3:
        return None, None
    slope = float((centred * differences).sum()) / size
    residuals = differences - differences.mean() - slope * centred
    if m == n:
        freedom = n - 2
        error = float(np.sqrt((residuals**2).sum() / freedom / size))
        words = "least squares, t"
    else:
        freedom = m - 1
        scores = np.bincount(clusters, weights=centred * residuals)
        factor = m / (m - 1) * (n - 1) / (n - 2)
        error = float(np.sqrt(factor * (scores**2).sum())) / size
        words = "least squares, error by patient"
    half = float(t.ppf(0.5 + confidence / 2.0, freedom)) * error
    p_value = float(2.0 * t.sf(abs(slope) / error, freedom)) if error > 0.0 else None
    return Estimate(slope, slope - half, slope + half, words, error), p_value
