"""Intravascular imaging: who is imaged, and what the calcium looks like before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from synthetic.codes import D_CUTTING, D_HIGH, D_IVL, D_ORBITAL, D_RA
from synthetic.elementary import exp
from synthetic.procedure import modified_by
from synthetic.streams import draw_between, draw_from_mix, draw_yes, scale_odds
from synthetic.treatment import years_of

if TYPE_CHECKING:
    from synthetic.course_settings import Imaging
    from synthetic.procedure import Sequence
    from synthetic.scenario import Scenario
    from synthetic.streams import Bools, Floats, Ints

_BASELINE, _MODIFIED, _STENTED = range(3)


def draw_imaging(
    scenario: Scenario,
    sites: pl.DataFrame,
    visits: pl.DataFrame,
    lesions: pl.DataFrame,
    *,
    sequence: Sequence,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Draw imaging runs: at baseline, sometimes after modification, and after a stent.

    Returns
    -------
    polars.DataFrame
        One row per run in order of lesion and stage: `lesion` (row of `lesions`), `stage` (0 baseline, 1
        after modification, 2 after stent), `is_oct`, calcium and lumen measures; NaN where the stage or the
        modality does not give one.
    """
    size, model = len(lesions), scenario.imaging
    imaged = draw_yes(rng, _imaging_share(scenario, sites, visits, lesions), size=size)
    wired = lesions["crossability"].to_numpy() != 1
    tools = modified_by(sequence, (D_RA, D_ORBITAL, D_IVL, D_CUTTING, D_HIGH))
    again = draw_yes(rng, model.after_modification, size=size) & tools
    finished = draw_yes(rng, model.after_stent, size=size) & sequence.has_stent
    present = np.column_stack([imaged, imaged & again, imaged & finished]) & wired[:, None]
    calcium = _draw_calcium(scenario, lesions, rng)
    lumen = _draw_lumen(model, lesions, rng)
    is_oct = draw_yes(rng, model.oct_share, size=size)
    fracture = np.where(
        modified_by(sequence, (D_IVL,)), model.fracture_if_lithotripsy, model.fracture_otherwise
    )
    fractured = draw_yes(rng, fracture, size=size) & tools
    lesion, stage = np.nonzero(present)
    return _runs(lesion, stage, is_oct=is_oct, calcium=calcium, lumen=lumen, fractured=fractured)


def _imaging_share(
    scenario: Scenario, sites: pl.DataFrame, visits: pl.DataFrame, lesions: pl.DataFrame
) -> Floats:
    """Return the chance that a lesion is imaged: rising over the years, by site and by severity."""
    model = scenario.imaging
    visit = lesions["visit"].to_numpy()
    span = max(scenario.calendar.last_year - scenario.calendar.first_year, 1)
    elapsed = (years_of(visits["day"].to_numpy()[visit]) - scenario.calendar.first_year) / span
    share = model.share_first_year + (model.share_last_year - model.share_first_year) * elapsed
    site_odds = exp(sites["imaging_shift"].to_numpy())[visits["site"].to_numpy()[visit]]
    return scale_odds(share, site_odds * np.asarray(model.severity_odds)[lesions["severity"].to_numpy()])


def _draw_calcium(scenario: Scenario, lesions: pl.DataFrame, rng: np.random.Generator) -> dict[str, Floats]:
    """Draw arc, thickness, length, depth and nodule from the true grade; zero where no calcium is seen."""
    model = scenario.imaging
    severity = lesions["severity"].to_numpy()
    size = len(severity)
    seen = draw_yes(rng, np.asarray(model.visible)[severity], size=size)
    arc = draw_between(
        rng,
        np.asarray(model.arc_mean_deg)[severity],
        sd=np.asarray(model.arc_sd_deg)[severity],
        low=12,
        high=360,
        size=size,
    )
    thickness = draw_between(
        rng,
        np.asarray(model.thickness_mean_mm)[severity],
        sd=model.thickness_sd_mm,
        low=0.10,
        high=1.6,
        size=size,
    )
    length = draw_between(
        rng,
        np.asarray(model.length_mean_mm)[severity],
        sd=np.asarray(model.length_mean_mm)[severity] * model.length_sd_share,
        low=1.0,
        high=60.0,
        size=size,
    )
    length = np.minimum(length, lesions["length_mm"].to_numpy())
    wide = np.clip((arc - 230) / 130, 0, 1) * length
    depth = draw_from_mix(rng, model.depth_mix, size=size)
    nodule = draw_yes(rng, np.asarray(model.nodule)[severity], size=size)
    eruptive = draw_yes(rng, model.eruptive_if_nodule, size=size)
    return {
        "arc": np.where(seen, np.round(arc), 0.0),
        "thickness": np.where(seen, np.round(thickness, 2), 0.0),
        "length": np.where(seen, np.round(length, 1), 0.0),
        "arc270_length": np.where(seen & (arc > 270), np.round(wide, 1), 0.0),
        "depth": np.where(seen, depth, 3).astype(np.float64),
        "nodule": np.where(nodule & seen, 1 + eruptive, 0).astype(np.float64),
    }


def _draw_lumen(model: Imaging, lesions: pl.DataFrame, rng: np.random.Generator) -> dict[str, Floats]:
    """Draw areas (mm2) that agree with the vessel and with one another, and what modification gains."""
    size = len(lesions)
    diameter: Floats = lesions["reference_mm"].to_numpy()
    area = draw_between(rng, 1.0, sd=model.reference_area_sd, low=0.8, high=1.2, size=size)
    reference = np.clip(np.pi / 4 * diameter**2 * area, 3.1, 19.5)
    share = draw_between(
        rng, model.narrowest_share_mean, sd=model.narrowest_share_sd, low=0.15, high=0.5, size=size
    )
    narrowest = np.clip(reference * share, 1.1, 8)
    expected = model.expansion_mean_pct - lesions["severity"].to_numpy() * model.expansion_loss_per_grade
    expansion = draw_between(rng, expected, sd=model.expansion_sd_pct, low=66, high=120, size=size)
    return {
        "reference": np.round(reference, 2),
        "vessel": np.asarray(
            np.round(np.clip(diameter * model.vessel_to_lumen, 2.4, 6.0), 2), dtype=np.float64
        ),
        "mla": np.asarray(np.round(narrowest, 2), dtype=np.float64),
        "gain": np.full(size, model.area_gain_after_modification),
        "msa": np.round(reference * expansion / 100, 2),
    }


def _runs(
    lesion: Ints,
    stage: Ints,
    *,
    is_oct: Bools,
    calcium: dict[str, Floats],
    lumen: dict[str, Floats],
    fractured: Bools,
) -> pl.DataFrame:
    """Lay out one row per run; calcium is measured before the stent, areas of the stent after it."""
    before = stage != _STENTED
    after = stage == _STENTED
    by_oct = is_oct[lesion]
    depth = calcium["depth"][lesion]
    msa, reference = lumen["msa"][lesion], lumen["reference"][lesion]
    gain = np.where(stage == _MODIFIED, lumen["gain"][lesion], 1.0)
    return pl.DataFrame(
        {
            "lesion": lesion,
            "stage": stage,
            "is_oct": by_oct,
            "arc": np.where(before, calcium["arc"][lesion], np.nan),
            "thickness": np.where(before & by_oct & (depth < 3), calcium["thickness"][lesion], np.nan),
            "length": np.where(before, calcium["length"][lesion], np.nan),
            "arc270_length": np.where(before, calcium["arc270_length"][lesion], np.nan),
            # OCT does not reach deep calcium: what lies deep only is written down as superficial or not at
            # all.
            "depth": np.where(before, np.where(by_oct & (depth == 1), 0.0, depth), np.nan),
            "nodule": np.where(before, calcium["nodule"][lesion], np.nan),
            "fracture": np.where(stage == _BASELINE, np.nan, fractured[lesion].astype(np.float64)),
            "vessel": np.where(before, lumen["vessel"][lesion], np.nan),
            "mla": np.where(before, np.round(lumen["mla"][lesion] * gain, 2), np.nan),
            "reference": reference,
            "msa": np.where(after, msa, np.nan),
            "expansion": np.where(after, np.round(100 * msa / reference, 1), np.nan),
        }
    )
