"""Blood values that agree with kidney function, presentation and complications."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthetic.codes import PRESENTATIONS
from synthetic.elementary import exp, power
from synthetic.streams import draw_between

if TYPE_CHECKING:
    import polars as pl

    from synthetic.course_settings import Laboratory
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
    model: Laboratory,
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
    model
        Means and spreads.
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
    injured = model.creatinine_rise_if_injury_umol_l + model.creatinine_rise_if_injury_share * creatinine
    rise = np.where(happened["acute_kidney_injury"], injured, np.round(4 * rng.random(size)))
    haemoglobin = _draw_haemoglobin(model, patients, age_years, rng)
    mean, sd = model.haemoglobin_drop
    drop = draw_between(rng, mean, sd=sd, low=0, high=28, size=size)
    loss = np.where(happened["tamponade"], model.haemoglobin_drop_if_tamponade, drop)
    return {
        "creatinine_umol_l": creatinine,
        "creatinine_peak_umol_l": np.where(dialysis, np.nan, np.round(creatinine + rise)),
        "egfr_ml_min_173m2": np.where(dialysis, np.nan, np.round(patients["egfr"].to_numpy())),
        "hemoglobin_g_l": np.round(haemoglobin),
        "hemoglobin_nadir_g_l": np.round(np.maximum(haemoglobin - loss, 42)),
        **_draw_chemistry(model, dialysis, rng),
        **_draw_markers(model, presentation, happened["periprocedural_mi"], rng),
    }


def _draw_haemoglobin(
    model: Laboratory, patients: pl.DataFrame, age_years: Ints, rng: np.random.Generator
) -> Floats:
    """Draw haemoglobin (g/l): lower in women, with age and with kidney disease."""
    mean, sd = model.haemoglobin
    by_kidneys = np.where(
        patients["dialysis"].to_numpy(),
        model.haemoglobin_less_if_dialysis,
        model.haemoglobin_less_if_ckd * patients["ckd"].to_numpy(),
    )
    anaemia = by_kidneys + model.haemoglobin_less_per_year * (age_years - model.haemoglobin_age_years)
    usual = mean - model.haemoglobin_less_in_women * ~patients["male"].to_numpy() - anaemia
    return draw_between(rng, usual, sd=sd, low=75, high=185, size=len(patients))


def _draw_chemistry(model: Laboratory, dialysis: Bools, rng: np.random.Generator) -> dict[str, Floats]:
    """Draw calcium, phosphate, C-reactive protein and LDL cholesterol."""
    size = len(dialysis)
    mean, sd = model.calcium
    calcium = draw_between(rng, mean, sd=sd, low=1.85, high=2.8, size=size)
    mean, sd = model.phosphate
    means = np.where(dialysis, model.phosphate_mean_if_dialysis, mean)
    phosphate = draw_between(rng, means, sd=sd, low=0.55, high=2.45, size=size)
    protein = _lognormal(model.log_c_reactive_protein, rng.standard_normal(size))
    mean, sd = model.ldl
    ldl = draw_between(rng, mean, sd=sd, low=0.6, high=6.5, size=size)
    return {
        "calcium_mmol_l": np.round(calcium, 2),
        "phosphate_mmol_l": np.round(phosphate, 2),
        "hs_crp_mg_l": np.asarray(np.round(np.clip(protein, 0.3, 49), 1), dtype=np.float64),
        "ldl_mmol_l": np.round(ldl, 2),
    }


def _lognormal(around: tuple[float, ...], z: Floats) -> Floats:
    """Return values whose logarithm has a mean and a standard deviation."""
    mean, sd = around
    return exp(mean + sd * z)


def _draw_markers(
    model: Laboratory, presentation: Ints, infarction: Bools, rng: np.random.Generator
) -> dict[str, Floats]:
    """Draw troponin and CK-MB as multiples of the upper limit, highest in and after an infarction."""
    size = len(presentation)
    z = rng.standard_normal((4, size))
    raised = np.isin(presentation, (_NSTEMI, _STEMI))
    before = np.where(
        raised,
        _lognormal(model.log_troponin_before_if_infarction, z[0]),
        _lognormal(model.log_troponin_before, z[0]),
    )
    quiet = np.clip(_lognormal(model.log_troponin_after, z[1]), 0.2, _OTHER_TROPONIN)
    large = np.clip(_lognormal(model.log_troponin_after_if_periprocedural, z[1]), _INFARCTION_TROPONIN, 480)
    index_infarct = np.clip(_lognormal(model.log_troponin_after_if_infarction, z[2]), before, 480)
    after = np.where(infarction, large, np.where(raised, index_infarct, quiet))
    ckmb = np.clip(_lognormal(model.log_ckmb, z[3]), 0.2, 3)
    ckmb = np.where(
        presentation == _NSTEMI, np.clip(_lognormal(model.log_ckmb_if_nstemi, z[3]), 0.5, 30), ckmb
    )
    ckmb = np.where(presentation == _STEMI, np.clip(_lognormal(model.log_ckmb_if_stemi, z[3]), 1, 48), ckmb)
    damaged = np.clip(_lognormal(model.log_ckmb_if_periprocedural, z[3]), 3.1, 48)
    ckmb = np.where(infarction, np.maximum(damaged, ckmb), ckmb)
    return {
        "troponin_pre_xuln": np.round(np.clip(before, 0.05, 49), 2),
        "troponin_post_xuln": np.round(np.maximum(after, np.clip(before, 0.05, 49) * raised), 2),
        "ckmb_post_xuln": np.round(ckmb, 2),
    }
