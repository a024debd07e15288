"""How much a procedure took: contrast, radiation, the extent of disease, and the patients in shock.

All figures here are assumptions (A): more lesions, occlusions and devices for calcium take more contrast and
radiation, the two go together, and patients who die in their stay were in shock more often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthetic.elementary import exp
from synthetic.streams import draw_between, draw_yes

if TYPE_CHECKING:
    import polars as pl

    from synthetic.streams import Bools, Floats, Ints

_LEFT_MAIN = 0
_SHOCK_IF_DEAD = 0.45


def draw_shock(chance: float, *, stemi: Bools, died: Bools, rng: np.random.Generator) -> Bools:
    """Draw cardiogenic shock in STEMI.

    Parameters
    ----------
    chance
        Share of STEMI in shock among those who leave hospital alive.
    stemi, died
        Per visit: presentation, and death in the stay.
    rng
        Stream of the stage.
    """
    return draw_yes(rng, np.where(died, max(_SHOCK_IF_DEAD, chance), chance), size=len(stemi)) & stemi


def draw_burden(
    lesions: pl.DataFrame, *, hard: Bools, diseased: Ints, rng: np.random.Generator
) -> dict[str, Floats]:
    """Draw contrast (mL), air kerma (mGy) and SYNTAX score (points) of each visit.

    Parameters
    ----------
    lesions
        `visit`, `cto`, `vessel`.
    hard, diseased
        Per visit: a device for calcium was used; diseased territories.
    rng
        Stream of the stage.
    """
    size = len(hard)
    visit = lesions["visit"].to_numpy()
    further = np.bincount(visit, minlength=size) - 1
    occluded = np.bincount(visit, weights=lesions["cto"].to_numpy(), minlength=size) > 0
    left_main = np.bincount(visit, weights=lesions["vessel"].to_numpy() == _LEFT_MAIN, minlength=size) > 0
    usual = 138.0 + 35.0 * hard + 32.0 * further + 60.0 * occluded
    contrast = draw_between(rng, usual, sd=42.0, low=40, high=390, size=size)
    shared = (contrast - usual) / 42.0
    log_dose = 6.8 + 0.25 * hard + 0.18 * further + 0.45 * occluded + 0.25 * shared
    dose = exp(log_dose + 0.38 * rng.standard_normal(size))
    points = 3 + 6 * diseased + 6 * occluded + 5 * left_main + 6 * rng.standard_normal(size)
    return {
        "contrast_ml": np.round(contrast / 5) * 5,
        "radiation_air_kerma_mgy": np.round(np.clip(dose, 100, 4900)),
        "syntax_score": np.clip(np.round(points * 2) / 2, 1, 58),
    }
