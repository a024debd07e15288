"""Reference cases of parametric models: from a case's call to the numbers of its `expected` block."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.accelerated_failure_time import fit_accelerated_failure_time, hazard_ratios
from analytics.survival.location_scale import SHAPES, fit_location_scale
from analytics.survival.location_scale_predictions import predict_location_scale_quantiles
from analytics.survival.parametric_predictions import (
    predict_parametric_hazard,
    predict_parametric_survival,
    predict_quantiles,
)
from analytics.survival.parametric_rows import ParametricSpec
from analytics.survival.piecewise_exponential import fit_piecewise_exponential
from analytics.survival.results_location_scale import LocationScaleFit
from analytics.survival.results_parametric import (
    AcceleratedFailureTimeFit,
    PiecewiseExponentialFit,
    RoystonParmarFit,
)
from analytics.survival.royston_parmar import fit_royston_parmar

if TYPE_CHECKING:
    from types import ModuleType

DISTRIBUTIONS = ["weibull", "exponential", "lognormal", "loglogistic"]
WITHOUT_RATIOS = ["gaussian", "logistic", "rayleigh"]


def _sibling(name: str) -> ModuleType:
    """Load a module beside this one once, however this one was loaded."""
    here = Path(__file__).resolve().parent
    known = sys.modules.get(name)
    if known is not None and Path(str(known.__file__)).resolve().parent == here:
        return known
    spec = importlib.util.spec_from_file_location(name, here / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


compare = _sibling("compare")
r_formula = _sibling("r_formula")
reading = _sibling("reading")


def read_parametric(call: dict, frame: pl.DataFrame) -> tuple[object, ParametricSpec]:
    """Carry out the formula, or the response with its covariates."""
    covariates = "+".join(reading.as_list(call.get("covariates") or []))
    response = call.get("surv") or f"Surv({call.get('time')},{call.get('event')})"
    formula = call.get("formula") or f"{response}~{covariates}"
    left, right = formula.replace(" ", "").split("~", 1)
    strata = re.findall(r"strata\([^()]*\)", right)
    if re.sub(r"strata\([^()]*\)|\+", "", right) in ("", "1"):
        frame, right = frame.with_columns(none=pl.lit(0)), "+".join(["none", *strata])
    model, spec = r_formula.read_model({**call, "formula": f"{left}~{right}"}, frame)
    assert spec.offset is None, "parametric models take no offset"
    return model, ParametricSpec(
        time=spec.time,
        event=spec.event,
        terms=tuple(term for term in spec.terms if term != "none"),
        entry=spec.entry,
        weights=spec.weights,
        cluster=spec.cluster,
        # R takes weights for counts here, and is robust on request or with clusters only.
        robust=bool(call.get("robust")) or spec.cluster is not None,
    )


def handle_aft(case: dict, frame: pl.DataFrame) -> dict:
    """Fit every distribution."""
    call = case["call"]
    model, spec = read_parametric(call, frame)
    asked = reading.as_list(call.get("dists") or call.get("dist") or call.get("distribution") or [])
    if model.strata:
        stratified = [name for name, shape in SHAPES.items() if shape.fixed is None]
        return {name: describe_scales(model, spec, call, name) for name in asked or stratified}
    names = [name for name in WITHOUT_RATIOS if spec.entry is None or name == "rayleigh"]
    described = {name: describe_scales(model, spec, call, name) for name in names}
    return described | {name: describe_aft(model, spec, call, name) for name in DISTRIBUTIONS}


def describe_scales(model: object, spec: ParametricSpec, call: dict, distribution: str) -> dict:
    """Answer for a model with a scale per stratum, or of a distribution without hazard ratios."""
    assert distribution in SHAPES, distribution
    fit = fit_location_scale(model.frame, spec, distribution=distribution, strata=model.strata)
    if not isinstance(fit, LocationScaleFit):
        return {"not_estimable": fit.code}
    scales = fit.scales["scale"].to_list()
    described = {
        "terms": list(fit.terms[:1]) + (model.names if spec.terms else []),
        "coef": fit.table["coefficient"].to_list(),
        "scale": scales if model.strata else scales[0],
        "var": fit.covariance.tolist(),
        "se": np.sqrt(np.diag(fit.covariance)).tolist(),
        "loglik": fit.log_likelihood,
        "loglik_null": fit.log_likelihood_null,
        "aic": fit.aic,
        "ph": compare.NotCompared("with a scale per stratum no hazards are proportional"),
    }
    if call.get("newdata"):
        shares = reading.as_list(call.get("p") or [0.25, 0.5, 0.75])
        profiles = model.profiles(call["newdata"])
        table = predict_location_scale_quantiles(fit, profiles, probabilities=shares).table
        rows = (profiles.height, len(shares))
        described["quantiles"] = {
            "p": shares,
            "fit": table["time_days"].to_numpy().reshape(rows).tolist(),
            "se": table["std_error"].to_numpy().reshape(rows).tolist(),
        }
    return described


def describe_aft(model: object, spec: ParametricSpec, call: dict, distribution: str) -> dict:
    fit = fit_accelerated_failure_time(model.frame, spec, distribution=distribution)
    assert isinstance(fit, AcceleratedFailureTimeFit), fit
    described = {
        "terms": ["(Intercept)", *(model.names if spec.terms else [])],
        "coef": fit.table["coefficient"].to_list(),
        "scale": fit.scale,
        "var": fit.covariance.tolist(),
        "se": np.sqrt(np.diag(fit.covariance)).tolist(),
        "loglik": fit.log_likelihood,
        "loglik_null": fit.log_likelihood_null,
        "aic": fit.aic,
    }
    ratios = hazard_ratios(fit)
    if isinstance(ratios, pl.DataFrame):
        described["ph"] = {
            "hr": ratios["hazard_ratio"].to_list(),
            "shape": 1 / fit.scale,
            "log_hr": ratios["coefficient"].to_list(),
            "se_log_hr": ratios["std_error"].to_list(),
        }
    if call.get("newdata"):
        shares = reading.as_list(call.get("p") or [0.25, 0.5, 0.75])
        profiles = model.profiles(call["newdata"])
        table = predict_quantiles(fit, profiles, probabilities=shares).table
        rows = (profiles.height, len(shares))
        described["quantiles"] = {
            "p": shares,
            "fit": table["time_days"].to_numpy().reshape(rows).tolist(),
            "se": table["std_error"].to_numpy().reshape(rows).tolist(),
        }
    return described


def handle_piecewise(case: dict, frame: pl.DataFrame) -> dict:
    """Fit a constant hazard in each interval; R contrasts the later intervals with the first."""
    call = case["call"]
    model, spec = read_parametric(call, frame)
    longest = model.frame[spec.time].max()
    cuts = sorted(cut for cut in reading.as_list(call["cuts"]) if cut < longest)
    fit = fit_piecewise_exponential(model.frame, spec, cuts=cuts)
    assert isinstance(fit, PiecewiseExponentialFit), fit
    contrast = np.eye(len(fit.terms))
    contrast[1 : len(cuts) + 1, 0] = -1
    return {
        "terms": [
            "(Intercept)",
            *(f"factor(iv){number}" for number in range(2, len(cuts) + 2)),
            *model.names,
        ],
        "coef": (contrast @ fit.coefficients).tolist(),
        "se": np.sqrt(np.diag(contrast @ fit.covariance @ contrast.T)).tolist(),
        "deviance": fit.deviance,
        "events_by_interval": fit.intervals["n_event"].to_list(),
        "exposure_by_interval": fit.intervals["person_days"].to_list(),
    }


def handle_spline(case: dict, frame: pl.DataFrame) -> dict:
    """Fit every scale with every number of knots."""
    call = case["call"]
    model, spec = read_parametric(call, frame)
    counts = reading.as_list(call.get("internal_knots", [0, 1, 2, 3]))
    scales = reading.as_list(call.get("scale") or ["hazard", "odds", "normal"])
    return {
        f"{scale}_k{count}": describe_spline(model, spec, call, (scale, count))
        for scale in scales
        for count in counts
    }


def describe_spline(model: object, spec: ParametricSpec, call: dict, options: tuple[str, int]) -> dict:
    fit = fit_royston_parmar(model.frame, spec, scale=options[0], n_knots=options[1])
    assert isinstance(fit, RoystonParmarFit), fit
    n_spline = len(fit.terms) - len(model.names)
    described = {
        "knots_log_time": list(fit.knots),
        "terms": [*fit.terms[:n_spline], *model.names],
        "est": fit.table["coefficient"].to_list(),
        "se": fit.table["std_error"].to_list(),
        "cov": fit.covariance.tolist(),
        "loglik": fit.log_likelihood,
        "aic": fit.aic,
    }
    if call.get("newdata") and call.get("times"):
        profiles, times = model.profiles(call["newdata"]), reading.as_list(call["times"])
        survival = predict_parametric_survival(fit, profiles, times=times).table["survival"].to_numpy()
        hazard = predict_parametric_hazard(fit, profiles, times=times).table["hazard"].to_numpy()
        labels = [
            ",".join(f"{name}={value}" for name, value in row.items())
            for row in pl.DataFrame(call["newdata"], strict=False).iter_rows(named=True)
        ]
        shape = (profiles.height, len(times))
        described["survival"] = dict(zip(labels, survival.reshape(shape).tolist(), strict=True))
        described["hazard"] = dict(zip(labels, hazard.reshape(shape).tolist(), strict=True))
    return described


HANDLERS = {
    "aft": handle_aft,
    "piecewise_exponential": handle_piecewise,
    "royston_parmar": handle_spline,
}
