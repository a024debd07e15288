"""Resampling of patients: sums over a drawn sample, when each patient's part of the sums is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
