"""What is true of two readings of one lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from synthetic.study.truths.population import Population

_ROUNDING = 1 / 12
"""Variance of the rounding of the second reading to whole degrees."""
_NORMAL = 1.96


def find_truths(population: Population) -> dict[str, float]:
    """Return the true value of each quantity by name.

    The second reading of a lesion is the first one with an error that knows nothing of the method. IVUS calls
    calcium deep only where it read first: what OCT does not see then is what the scenario lets it miss.
    """
    imaging = population.scenario.imaging
    reach = _NORMAL * float(np.sqrt(imaging.arc_reading_sd_deg**2 + _ROUNDING))
    return {
        "oct_deep_sensitivity": 1 - imaging.oct_misses_deep,
        "arc_bias": 0.0,
        "arc_lower_limit": -reach,
        "arc_upper_limit": reach,
        "methods_call_alike": float(imaging.oct_misses_deep == 0),
    }
