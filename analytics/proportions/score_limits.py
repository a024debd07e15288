"""Limits of the score interval of a share, for whole and for effective numbers."""

from __future__ import annotations

import math


def score_limits(share: float, n: float, z: float) -> tuple[float, float]:
    """Return the two shares p at which |share - p| = z sqrt(p (1 - p) / n).

    Parameters
    ----------
    share
        Observed share, 0 to 1.
    n
        Independent rows that it rests on, above 0; not necessarily whole.
    z
        Quantile.
    """
    spread = z * math.sqrt(share * (1.0 - share) / n + (z / (2.0 * n)) ** 2)
    centre = share + z * z / (2.0 * n)
    scale = 1.0 + z * z / n
    # At the ends the limits are 0 and 1 exactly; arithmetic may miss them by a rounding error.
    lower = 0.0 if share == 0.0 else (centre - spread) / scale
    upper = 1.0 if share == 1.0 else (centre + spread) / scale
    return lower, upper
