"""Lesions that are imaged by two modalities: the second one reads the same calcium, in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from synthetic.streams import draw_yes

if TYPE_CHECKING:
    from synthetic.scenario import Scenario
    from synthetic.streams import Bools, Floats

_SUPERFICIAL, _DEEP, _, _NONE = range(4)
_SEVENTY_FIVE_PER_CENT = 270.0


def read_again(scenario: Scenario, runs: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Add a reading by the other modality to some lesions imaged at baseline.

    Parameters
    ----------
    scenario
        Share of such lesions, what optical coherence tomography misses, error of the arc.
    runs
        From `draw_imaging`.
    rng
        Stream of the stage.

    Returns
    -------
    polars.DataFrame
        The runs with the second ones, in order of lesion and stage.
    """
    model = scenario.imaging
    baseline = runs.filter(pl.col("stage") == 0)
    twice = draw_yes(rng, model.second_modality, size=len(baseline))
    first = baseline.filter(pl.Series(twice))
    if first.is_empty():
        return runs
    by_oct = ~first["is_oct"].to_numpy()
    depth: Floats = first["depth"].to_numpy()
    missed = by_oct & (depth == _DEEP) & draw_yes(rng, model.oct_misses_deep, size=len(first))
    seen = (depth != _NONE) & ~missed
    error = model.arc_reading_sd_deg * rng.standard_normal(len(first))
    arc = np.where(seen, np.round(np.clip(first["arc"].to_numpy() + error, 5, 360)), 0.0)
    thickness = np.round(rng.uniform(0.3, 1.2, size=len(first)), 2)
    second = first.with_columns(
        pl.Series("is_oct", by_oct),
        pl.Series("arc", arc),
        pl.Series("thickness", np.where(by_oct & seen, thickness, np.nan)),
        pl.Series("length", np.where(seen, first["length"].to_numpy(), 0.0)),
        pl.Series("arc270_length", _wide(first, seen & (arc > _SEVENTY_FIVE_PER_CENT))),
        pl.Series("depth", _depth(depth, by_oct, seen)),
        pl.Series("nodule", np.where(seen, first["nodule"].to_numpy(), 0.0)),
    )
    return pl.concat([runs, second.select(runs.columns)]).sort("lesion", "stage", maintain_order=True)


def _wide(first: pl.DataFrame, is_wide: Bools) -> Floats:
    """Return the length over which the arc exceeds 270 degrees."""
    return np.asarray(np.where(is_wide, first["arc270_length"].to_numpy(), 0.0), dtype=np.float64)


def _depth(depth: Floats, by_oct: Bools, seen: Bools) -> Floats:
    """Return the depth as read: what OCT sees of deep calcium is written down as superficial."""
    read = np.where(by_oct & (depth == _DEEP), _SUPERFICIAL, depth)
    return np.asarray(np.where(seen, read, _NONE), dtype=np.float64)
