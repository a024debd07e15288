"""How much a procedure took: contrast, radiation, the extent of disease, and the patients in shock.

More lesions, occlusions and devices for calcium take more contrast and radiation, the two go together, and
patients who die in their stay were in shock more often. How much more is in the scenario.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthetic.elementary import exp
from synthetic.streams import draw_between, draw_yes

if TYPE_CHECKING:
    import polars as pl

    from synthetic.course_settings import Amount, Burden
    from synthetic.streams import Bools, Floats, Ints

_LEFT_MAIN = 0


def draw_shock(
    chance: float, *, if_dead: float, stemi: Bools, died: Bools, rng: np.random.Generator
) -> Bools:
    """Draw cardiogenic shock in STEMI.

    Parameters
    ----------
    chance
        Share of STEMI in shock among those who leave hospital alive.
    if_dead
        Share among those who do not, unless `chance` is more.
    stemi, died
        Per visit: presentation, and death in the stay.
    rng
        Stream of the stage.
    """
    return draw_yes(rng, np.where(died, max(if_dead, chance), chance), size=len(stemi)) & stemi


def draw_burden(
    model: Burden, lesions: pl.DataFrame, *, hard: Bools, diseased: Ints, rng: np.random.Generator
) -> dict[str, Floats]:
    """Draw contrast (mL), air kerma (mGy) and SYNTAX score (points) of each visit.

    Parameters
    ----------
    model
        Means and spreads.
    lesions
        `visit`, `cto`, `vessel`.
    hard, diseased
        Per visit: a device for calcium was used; diseased territories.
    rng
        Stream of the stage.
    """
    size = len(hard)
    visit = lesions["visit"].to_numpy()
    occlusions = lesions["cto"].to_numpy()
    in_left_main = lesions["vessel"].to_numpy() == _LEFT_MAIN
    traits: dict[str, Ints | Bools] = {
        "device": hard,
        "further_lesion": np.bincount(visit, minlength=size) - 1,
        "occlusion": np.bincount(visit, weights=occlusions, minlength=size) > 0,
        "diseased_territory": diseased,
        "left_main": np.bincount(visit, weights=in_left_main, minlength=size) > 0,
    }
    usual = _expect(model.contrast_ml, traits)
    contrast = draw_between(rng, usual, sd=model.contrast_ml.sd, low=40, high=390, size=size)
    shared = (contrast - usual) / model.contrast_ml.sd if model.contrast_ml.sd else np.zeros(size)
    log_dose = _expect(model.log_air_kerma, traits) + model.log_air_kerma_per_contrast_sd * shared
    dose = exp(log_dose + model.log_air_kerma.sd * rng.standard_normal(size))
    points = _expect(model.syntax_points, traits) + model.syntax_points.sd * rng.standard_normal(size)
    return {
        "contrast_ml": np.round(contrast / 5) * 5,
        "radiation_air_kerma_mgy": np.asarray(np.round(np.clip(dose, 100, 4900)), dtype=np.float64),
        "syntax_score": np.clip(np.round(points * 2) / 2, 1, 58),
    }


def _expect(amount: Amount, traits: dict[str, Ints | Bools]) -> Floats:
    """Return the mean of each visit."""
    mean = np.full(len(traits["device"]), amount.usual)
    for name, values in traits.items():
        mean += getattr(amount, name) * values
    return mean
