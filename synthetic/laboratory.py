"""Blood values that agree with kidney function, presentation and complications."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthetic.codes import PRESENTATIONS
from synthetic.elementary import exp, power
from synthetic.streams import draw_between

if TYPE_CHECKING:
    import polars as pl

    from synthetic.streams import Bools, Floats, Ints

_MG_DL = 88.42
_NSTEMI, _STEMI = PRESENTATIONS.index("nstemi"), PRESENTATIONS.index("stemi")
_DIALYSIS_CEILING = 440.0
_INFARCTION_TROPONIN, _OTHER_TROPONIN = 36.0, 30.0


def creatinine_from_egfr(egfr: Floats, *, age_years: Floats, male: Bools) -> Floats:
    """Return serum creatinine (umol/L) that CKD-EPI 2021 turns into this filtration rate.

    Parameters
    ----------
    egfr
        mL/min/1.73 m2.
    age_years, male
        Age in completed years and sex.

    References
    ----------
    .. [1] Inker et al. (2021), N Engl J Med 385:1737-1749.
    """
    kappa, alpha = np.where(male, 0.9, 0.7), np.where(male, -0.302, -0.241)
    ratio = egfr / (142 * power(0.9938, age_years) * np.where(male, 1.0, 1.012))
    multiple = power(ratio, np.where(ratio <= 1, -1 / 1.2, 1 / alpha))
    return np.asarray(np.round(multiple * kappa * _MG_DL), dtype=np.float64)


def draw_laboratory(
    patients: pl.DataFrame,
    *,
    age_years: Ints,
    presentation: Ints,
    happened: dict[str, Bools],
    rng: np.random.Generator,
) -> dict[str, Floats]:
    """Draw the blood values of each visit; NaN where a value makes no sense.

    Parameters
    ----------
    patients
        The patient of each visit (one row per visit): `egfr`, `male`, `dialysis`, `ckd`.
    age_years, presentation
        Of the visit.
    happened
        `periprocedural_mi`, `acute_kidney_injury`, `tamponade` of the visit.
    rng
        Stream of the stage.
    """
    size = len(patients)
    dialysis, male = patients["dialysis"].to_numpy(), patients["male"].to_numpy()
    creatinine = creatinine_from_egfr(
        patients["egfr"].to_numpy(), age_years=age_years.astype(np.float64), male=male
    )
    creatinine = np.where(dialysis, np.minimum(creatinine, _DIALYSIS_CEILING), creatinine)
    rise = np.where(happened["acute_kidney_injury"], 30 + 0.4 * creatinine, np.round(4 * rng.random(size)))
    anaemia = np.where(dialysis, 18.0, 8.0 * patients["ckd"].to_numpy()) + 0.25 * (age_years - 66.0)
    haemoglobin = draw_between(rng, 144.0 - 12 * ~male - anaemia, sd=12.5, low=75, high=185, size=size)
    loss = np.where(happened["tamponade"], 34.0, draw_between(rng, 9.0, sd=6.0, low=0, high=28, size=size))
    return {
        "creatinine_umol_l": creatinine,
        "creatinine_peak_umol_l": np.where(dialysis, np.nan, np.round(creatinine + rise)),
        "egfr_ml_min_173m2": np.where(dialysis, np.nan, np.round(patients["egfr"].to_numpy())),
        "hemoglobin_g_l": np.round(haemoglobin),
        "hemoglobin_nadir_g_l": np.round(np.maximum(haemoglobin - loss, 42)),
        "calcium_mmol_l": np.round(draw_between(rng, 2.32, sd=0.11, low=1.85, high=2.8, size=size), 2),
        "phosphate_mmol_l": np.round(
            draw_between(rng, np.where(dialysis, 1.7, 1.1), sd=0.22, low=0.55, high=2.45, size=size), 2
        ),
        "hs_crp_mg_l": np.round(np.clip(exp(0.8 + 1.0 * rng.standard_normal(size)), 0.3, 49), 1),
        "ldl_mmol_l": np.round(draw_between(rng, 2.4, sd=0.8, low=0.6, high=6.5, size=size), 2),
        **_draw_markers(presentation, happened["periprocedural_mi"], rng),
    }


def _draw_markers(presentation: Ints, infarction: Bools, rng: np.random.Generator) -> dict[str, Floats]:
    """Draw troponin and CK-MB as multiples of the upper limit, highest in and after an infarction."""
    size = len(presentation)
    z = rng.standard_normal((4, size))
    raised = np.isin(presentation, (_NSTEMI, _STEMI))
    before = np.where(raised, exp(2.2 + 0.9 * z[0]), exp(-1.2 + 0.5 * z[0]))
    quiet = np.clip(exp(0.9 + 0.9 * z[1]), 0.2, _OTHER_TROPONIN)
    large = np.clip(exp(4.3 + 0.5 * z[1]), _INFARCTION_TROPONIN, 480)
    index_infarct = np.clip(exp(3.2 + 0.9 * z[2]), before, 480)
    after = np.where(infarction, large, np.where(raised, index_infarct, quiet))
    ckmb = np.clip(exp(-0.4 + 0.6 * z[3]), 0.2, 3)
    ckmb = np.where(presentation == _NSTEMI, np.clip(exp(1.1 + 0.7 * z[3]), 0.5, 30), ckmb)
    ckmb = np.where(presentation == _STEMI, np.clip(exp(2.6 + 0.7 * z[3]), 1, 48), ckmb)
    ckmb = np.where(infarction, np.maximum(np.clip(exp(1.9 + 0.5 * z[3]), 3.1, 48), ckmb), ckmb)
    return {
        "troponin_pre_xuln": np.round(np.clip(before, 0.05, 49), 2),
        "troponin_post_xuln": np.round(np.maximum(after, np.clip(before, 0.05, 49) * raised), 2),
        "ckmb_post_xuln": np.round(ckmb, 2),
    }
