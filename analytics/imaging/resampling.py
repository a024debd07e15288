"""Resampling of patients: sums over a drawn sample, when each patient's part of the sums is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm, t

if TYPE_CHECKING:
    from numpy.typing import NDArray

REPLICATES = 2000
"""Samples drawn for a percentile interval."""
SEED = 20240412
"""Start of the random numbers, fixed so that the same data give the same interval."""
FEWEST_CLUSTERS = 10
"""Below this number of patients resampling them says little, and no interval is given."""
LARGEST_BLOCK = 4_000_000
"""Counts held at a time."""
USABLE_SHARE = 0.95
"""Smallest share of samples in which the estimate must exist."""


def resample_sums(
    parts: NDArray[np.float64], *, replicates: int = REPLICATES, seed: int = SEED
) -> NDArray[np.float64]:
    """Draw patients with replacement and add up their parts.

    Parameters
    ----------
    parts
        One row per patient: what the patient adds to each sum.
    replicates
        Samples, each as large as the number of patients.
    seed
        Start of the random numbers.

    Returns
    -------
    numpy.ndarray
        One row per sample, columns as in `parts`. Patients with the same parts are drawn together by a
        multinomial, which has the distribution of drawing them one by one.
    """
    patterns, n_alike = np.unique(parts, axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    chances = n_alike / n_alike.sum()
    block = max(1, min(replicates, LARGEST_BLOCK // len(patterns)))
    sums = [
        rng.multinomial(len(parts), chances, size=min(block, replicates - start)) @ patterns
        for start in range(0, replicates, block)
    ]
    return np.concatenate(sums)


def percentile_limits(
    estimates: NDArray[np.float64], *, confidence: float = 0.95
) -> tuple[float, float] | None:
    """Return percentile limits of resampled estimates.

    Parameters
    ----------
    estimates
        One per sample; not a number where a sample gives none.
    confidence
        Two-sided level.

    Returns
    -------
    tuple of float or None
        Limits [1]_, or None where more than 5 % of the samples give no estimate.

    References
    ----------
    .. [1] Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
    """
    usable = estimates[np.isfinite(estimates)]
    if not len(estimates) or len(usable) < USABLE_SHARE * len(estimates):
        return None
    tail = (1.0 - confidence) / 2.0
    lower, upper = np.quantile(usable, [tail, 1.0 - tail])
    return float(lower), float(upper)


def accelerated_limits(
    drawn: NDArray[np.float64],
    *,
    estimate: float,
    without_one: NDArray[np.float64],
    confidence: float = 0.95,
) -> tuple[float, float] | None:
    """Return bias-corrected and accelerated limits of resampled estimates.

    Parameters
    ----------
    drawn
        One estimate per sample.
    estimate
        From all patients.
    without_one
        One estimate per patient, from all others.
    confidence
        Two-sided level.

    Returns
    -------
    tuple of float or None
        Percentiles moved by the median bias z0 and by the acceleration sum d^3 / (6 (sum d^2)^1.5), d the
        mean of `without_one` less each [1]_, which suits skewed estimates such as a standard deviation.
        Student's t for m - 1 degrees of freedom times sqrt(m / (m - 1)) for m patients stands in for the
        normal quantile, since samples vary less than the population [2]_. None where samples give no
        estimate or all lie on one side.

    References
    ----------
    .. [1] Efron (1987), J Am Stat Assoc 82:171-185, doi:10.1080/01621459.1987.10478410.
    .. [2] Hesterberg (2015), Am Stat 69:371-386, doi:10.1080/00031305.2015.1089789.
    """
    if percentile_limits(drawn, confidence=confidence) is None:
        return None
    usable = drawn[np.isfinite(drawn)]
    below = float(np.mean(usable < estimate) + np.mean(usable == estimate) / 2.0)
    pulls = np.mean(without_one) - without_one
    size = float((pulls**2).sum())
    if size == 0.0:
        return estimate, estimate
    if not 0.0 < below < 1.0:
        return None
    shift, acceleration = float(norm.ppf(below)), float((pulls**3).sum()) / (6.0 * size**1.5)
    m = len(without_one)
    reach = float(t.ppf(0.5 + confidence / 2.0, m - 1)) * (m / (m - 1)) ** 0.5
    moved = [shift + side * reach for side in (-1, 1)]
    shares = [float(norm.cdf(shift + value / (1.0 - acceleration * value))) for value in moved]
    lower, upper = np.quantile(usable, shares)
    return float(lower), float(upper)
