"""What patients bring along: history, pump function and kidneys, which go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthetic.codes import PRESENTATIONS
from synthetic.elementary import power
from synthetic.streams import draw_between, draw_from_mix, draw_yes, scale_odds

if TYPE_CHECKING:
    from synthetic.settings import Population
    from synthetic.streams import Bools, Floats, Ints

_STEMI = PRESENTATIONS.index("stemi")


def draw_history(
    model: Population, severity: Ints, presentation: Ints, rng: np.random.Generator
) -> dict[str, Bools | Ints | Floats]:
    """Draw cardiac and vascular history, body mass and ejection fraction.

    Parameters
    ----------
    model
        Shares and means.
    severity, presentation
        Per patient: true class of the first lesion, number of `codes.PRESENTATIONS`.
    rng
        Stream of the stage.
    """
    size = len(severity)
    smoking = (1 - model.smoking_former - model.smoking_current, model.smoking_former, model.smoking_current)
    diabetes = draw_yes(rng, np.asarray(model.diabetes)[severity], size=size).astype(np.int64)
    insulin = draw_yes(rng, model.insulin_if_diabetes, size=size)
    prior_pci = draw_yes(rng, model.prior_pci, size=size)
    prior_mi = draw_yes(rng, _infarction_share(model, prior_pci), size=size)
    heart_failure = draw_yes(rng, model.heart_failure, size=size)
    simple = {
        name: draw_yes(rng, getattr(model, name), size=size)
        for name in ("prior_cabg", "prior_stroke", "hypertension", "dyslipidaemia", "atrial_fibrillation")
    }
    bmi_mean, bmi_sd = model.body_mass_index
    weakened = {"heart_failure": heart_failure, "prior_mi": prior_mi, "stemi": presentation == _STEMI}
    return {
        "smoking": draw_from_mix(rng, smoking, size=size),
        "diabetes": diabetes + (diabetes * insulin),
        "prior_pci": prior_pci,
        "prior_mi": prior_mi,
        "heart_failure": heart_failure,
        "lvef": _draw_lvef(model, severity, weakened, rng),
        "pad": draw_yes(rng, np.asarray(model.pad)[severity], size=size),
        "bmi": np.round(draw_between(rng, bmi_mean, sd=bmi_sd, low=17, high=48, size=size), 1),
        **simple,
    }


def _infarction_share(model: Population, prior_pci: Bools) -> Floats:
    """Return the chance of an earlier infarction given an earlier PCI, the overall share kept."""
    with_pci = model.prior_mi_if_prior_pci
    without = (model.prior_mi - model.prior_pci * with_pci) / (1 - model.prior_pci)
    return np.where(prior_pci, with_pci, max(without, 0.0))


def _draw_lvef(
    model: Population, severity: Ints, weakened: dict[str, Bools], rng: np.random.Generator
) -> Floats:
    """Draw the ejection fraction in per cent: lower where it was weakened, mean and spread kept."""
    loss = np.zeros(len(severity))
    variance = model.lvef_sd**2
    for name, applies in weakened.items():
        share, points = float(applies.mean()), model.lvef_loss[name]
        loss += points * (applies - share)
        variance -= points**2 * share * (1 - share)
    mean = np.asarray(model.lvef_mean)[severity] - loss
    return np.round(
        draw_between(rng, mean, sd=float(np.sqrt(max(variance, 1.0))), low=15, high=75, size=len(severity))
    )


def draw_kidneys(
    model: Population,
    severity: Ints,
    *,
    decades: Floats,
    dialysis_multiplier: Floats,
    rng: np.random.Generator,
) -> dict[str, Bools | Floats]:
    """Draw kidney disease, dialysis and filtration (mL/min/1.73 m2) that agree with one another.

    Parameters
    ----------
    model
        Shares by severity.
    severity
        True class of the first lesion.
    decades
        Tens of years above the mean age of the class.
    dialysis_multiplier
        Of the patient's hospital.
    rng
        Stream of the stage.
    """
    size = len(severity)
    dialysis = draw_yes(
        rng, np.minimum(np.asarray(model.dialysis)[severity] * dialysis_multiplier, 0.5), size=size
    )
    share = scale_odds(np.asarray(model.ckd)[severity], power(model.ckd_odds_per_10_years, decades))
    ckd = draw_yes(rng, share, size=size) | dialysis
    mean, sd = model.egfr_usual
    usual = mean - model.egfr_loss_per_10_years * decades
    normal = draw_between(rng, usual, sd=sd, low=61, high=115, size=size)
    mean, sd = model.egfr_if_ckd
    reduced = draw_between(rng, mean, sd=sd, low=18, high=59, size=size)
    mean, sd = model.egfr_if_dialysis
    on_dialysis = draw_between(rng, mean, sd=sd, low=12.5, high=17.5, size=size)
    return {
        "ckd": ckd,
        "dialysis": dialysis,
        "egfr": np.where(dialysis, on_dialysis, np.where(ckd, reduced, normal)),
    }
