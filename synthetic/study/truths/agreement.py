"""What is true of two readings of one lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthetic.streams import draw_between, draw_yes
from synthetic.study.truths.models import grades_are_true

if TYPE_CHECKING:
    from synthetic.scenario import Scenario
    from synthetic.streams import Floats
    from synthetic.study.truths.population import Population

MODERATE = 2
"""The true grade whose lesions are graded by both methods."""
_ARCS, _SECOND_ARCS = (12, 360), (5, 360)
_CUTS = (0, 180, 270)
_DEEP = 1
"""Place of calcium that lies deep only in the scenario's mix."""
_PAIRS = 400_000
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
        "moderate_kappa": _kappa(population.scenario),
    }


def _kappa(scenario: Scenario) -> float:
    """Return quadratic kappa between both methods in moderate lesions; NaN where grades may be misread."""
    if not grades_are_true(scenario):
        return float("nan")
    model, rng = scenario.imaging, np.random.default_rng(1)
    first = draw_between(
        rng,
        model.arc_mean_deg[MODERATE],
        sd=model.arc_sd_deg[MODERATE],
        low=_ARCS[0],
        high=_ARCS[1],
        size=_PAIRS,
    )
    error = model.arc_reading_sd_deg * rng.standard_normal(_PAIRS)
    second = np.round(np.clip(np.round(first) + error, *_SECOND_ARCS))
    seen = draw_yes(rng, model.visible[MODERATE], size=_PAIRS)
    # Where OCT reads second it misses some of what lies deep.
    missed = draw_yes(
        rng, (1 - model.oct_share) * model.depth_mix[_DEEP] * model.oct_misses_deep, size=_PAIRS
    )
    grades = [
        np.searchsorted(_CUTS, np.where(shown, np.round(arc), 0.0))
        for shown, arc in ((seen, first), (seen & ~missed, second))
    ]
    # Which method read first changes the two margins, not their sum.
    ivus_first = draw_yes(rng, 1 - model.oct_share, size=_PAIRS) | missed
    return quadratic_kappa(
        np.where(ivus_first, grades[0], grades[1]), np.where(ivus_first, grades[1], grades[0])
    )


def quadratic_kappa(first: Floats, second: Floats) -> float:
    """Return Cohen's kappa with squared distances: 1 less their mean over that of independent grades."""
    observed = float(((first - second) ** 2).mean())
    expected = float(first.var() + second.var() + (first.mean() - second.mean()) ** 2)
    return 1 - observed / expected
