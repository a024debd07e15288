"""What regressions of times tend to as registries grow, whether their model is right or not.

The expected estimating equation is solved over a large sample of patients whose hazards are known [1]_. No
data are generated and no estimator of the project is run.

References
----------
.. [1] Struthers & Kalbfleisch (1986), Biometrika 73:363-369. doi:10.1093/biomet/73.2.363
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from synthetic.streams import Floats
    from synthetic.study.truths.exposure import Exposure

_STEPS = 50
_SMALL = 1e-10


def cox_limit(
    covariate: Floats, found: Exposure, *, relative: Floats | float = 1.0, cells: slice = slice(None)
) -> float:
    """Return the coefficient that Cox's model with one covariate tends to.

    Parameters
    ----------
    covariate
        One value per patient.
    found
        From `expect`.
    relative
        Relative hazard by all other covariates, where the model knows them.
    cells
        Cells of time in which the coefficient holds.
    """
    time, events = found.time[:, cells], found.events[:, cells]
    known = np.broadcast_to(np.asarray(relative, dtype=np.float64), covariate.shape)
    return _solve(covariate, events, time * known[:, None])


def fine_gray_limit(covariate: Floats, found: Exposure) -> float:
    """Return the coefficient that Fine and Gray's model with one covariate tends to.

    Patients stay in the risk set after a competing event with the chance of not being censored since, which
    the model takes as the same for everybody.

    Parameters
    ----------
    covariate
        One value per patient.
    found
        From `expect`.
    """
    uncensored = found.seen.mean(axis=0)
    inverse = np.divide(1.0, uncensored, out=np.zeros_like(uncensored), where=uncensored > 0)
    gone = found.competing * inverse
    stay = (np.cumsum(gone, axis=1) - gone / 2) * uncensored
    width = np.diff(found.edges)
    return _solve(covariate, found.events, found.time + stay * width)


def _solve(covariate: Floats, events: Floats, at_risk: Floats) -> float:
    """Solve the score equation by Newton's method, at most one unit a step: the first would overshoot."""
    total, observed = events.sum(axis=0), float(covariate @ events.sum(axis=1))
    beta = 0.0
    for _ in range(_STEPS):
        weight = np.exp(beta * covariate)
        size = weight @ at_risk
        safe = np.where(size > 0, size, 1.0)
        mean = (covariate * weight) @ at_risk / safe
        spread = (covariate**2 * weight) @ at_risk / safe - mean**2
        step = float(np.clip((observed - float(mean @ total)) / float(spread @ total), -1.0, 1.0))
        beta += step
        if abs(step) < _SMALL:
            break
    return beta
