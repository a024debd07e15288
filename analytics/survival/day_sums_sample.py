"""A short way to the maximum of many rows: their derivatives at one point, and the curvature of a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics.survival.cox_likelihood import Likelihood
from analytics.survival.cox_maximum import newton

if TYPE_CHECKING:
    from analytics.survival.cox_design import Floats
    from analytics.survival.cox_maximum import Evaluates

SAMPLE_STEPS = 12
# The next step on the sample would be shorter than what the sample says of all rows.
SAMPLE_TOLERANCE = 1e-3


class TiltedSample:
    """Likelihood of a sample, with score and information at one point made those of all rows.

    The sample says only how both change from there, so its own maximum is of no consequence.

    Parameters
    ----------
    sample
        Likelihood of the sample.
    anchor
        Scaled coefficients at which all rows were summed.
    at_anchor
        The likelihood of all rows there.
    """

    def __init__(self, sample: Evaluates, anchor: Floats, at_anchor: Likelihood) -> None:
        own = sample.evaluate(anchor)
        # As large as the sample in information, not only in rows.
        share = float(np.trace(np.linalg.solve(at_anchor.information, own.information))) / len(anchor)
        self.sample, self.anchor = sample, anchor
        self.slope: Floats = share * at_anchor.score - own.score
        self.bend: Floats = share * at_anchor.information - own.information
        self.start = self._tilt(own, np.zeros_like(anchor))

    def evaluate(self, beta: Floats) -> Likelihood:
        """Give the tilted log-likelihood with its derivatives."""
        return self._tilt(self.sample.evaluate(beta), beta - self.anchor)

    def _tilt(self, own: Likelihood, away: Floats) -> Likelihood:
        """Add what the sample lacks at the anchor."""
        bent = self.bend @ away
        value = own.value + float(self.slope @ away) - float(away @ bent) / 2
        return Likelihood(value, own.score + self.slope - bent, own.information + self.bend)


def approach(sample: Evaluates, null: Likelihood) -> Floats | None:
    """Come near the maximum of all rows from their derivatives at zero.

    Parameters
    ----------
    sample
        Likelihood of a sample of them.
    null
        The likelihood of all rows at zero, with no column determined by others.

    Returns
    -------
    array or None
        Scaled coefficients; None where the sample led nowhere.
    """
    zero = np.zeros(len(null.score))
    tilted = TiltedSample(sample, zero, null)
    if not np.isfinite(tilted.start.value):
        return None
    found = newton(tilted, zero, SAMPLE_STEPS, at=tilted.start, near=SAMPLE_TOLERANCE)
    return found.beta if found.converged and np.isfinite(found.beta).all() else None
