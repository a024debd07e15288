"""Reference cases of shared frailty (survival's coxph, coxme) beside clustered and stratified fits."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.survival.cox_rows import collect_rows
from analytics.survival.frailty import fit_frailty_cox
from analytics.survival.frailty_likelihood import FrailtyKernel
from analytics.survival.results_frailty import FrailtyFit

if TYPE_CHECKING:
    from types import ModuleType

    import polars as pl

    from analytics.survival.cox_design import CoxSpec

GRID = (0.5, 0.8, 1.0, 1.25, 2.0)
# R leaves the covariances between the frailties out where there are more clusters than this.
MAX_DENSE = 5


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
needs_cox = _sibling("needs_cox")
reading = _sibling("reading")
r_formula = _sibling("r_formula")


def fitted(frame: pl.DataFrame, spec: CoxSpec, estimator: str, hessian: str) -> FrailtyFit:
    fit = fit_frailty_cox(frame, spec, estimator=estimator, hessian=hessian)
    assert isinstance(fit, FrailtyFit), fit
    return fit


def gamma(frame: pl.DataFrame, spec: CoxSpec, names: list[str], hessian: str) -> dict:
    fit = fitted(frame, spec, "gamma", hessian)
    kernel = FrailtyKernel(collect_rows(frame, fit.spec), spec.ties, "gamma", hessian)
    thetas = [fit.theta * factor for factor in GRID]
    if fit.is_at_boundary:
        at_zero = compare.NotCompared("theta is 0: R's search ends somewhere above, where it may not go on")
        return {
            "theta": at_zero,
            "c_loglik": fit.log_likelihood,
            "coef": dict(zip(names, fit.coefficients.tolist(), strict=True)),
            "se_given_theta": fit.table["std_error"].to_list(),
            "frail_log": at_zero,
            "groups": fit.clusters["cluster"].to_list(),
            "profile": at_zero,
            "loglik_no_frailty": fit.log_likelihood_without,
        }
    return {
        "theta": fit.theta,
        "c_loglik": fit.log_likelihood,
        "coef": dict(zip(names, fit.coefficients.tolist(), strict=True)),
        "se_given_theta": fit.table["std_error"].to_list(),
        "frail_log": fit.clusters["log_frailty"].to_list(),
        "groups": fit.clusters["cluster"].to_list(),
        "profile": {"theta": thetas, "c_loglik": [kernel.maximise(theta).marginal for theta in thetas]},
        "loglik_no_frailty": fit.log_likelihood_without,
    }


def reml(frame: pl.DataFrame, spec: CoxSpec, names: list[str], hessian: str) -> dict:
    fit = fitted(frame, spec, "gaussian_reml", hessian)
    kernel = FrailtyKernel(collect_rows(frame, fit.spec), spec.ties, "gaussian_reml", hessian)
    theta = max(fit.theta, 1e-8)
    state = kernel.maximise(theta)
    log_frailty = state.coefficients[len(names) :]
    at_zero = compare.NotCompared("theta is 0: R's search ends somewhere above")
    null = needs_cox.fitted(replace(spec, cluster=None), frame).log_likelihood_null
    return {
        "coef": dict(zip(names, fit.coefficients.tolist(), strict=True)),
        "theta": at_zero if fit.is_at_boundary else fit.theta,
        "loglik": [null, state.penalised + float(log_frailty @ log_frailty) / (2 * theta)],
    }


def laplace(frame: pl.DataFrame, spec: CoxSpec, names: list[str]) -> dict:
    fit = fitted(frame, spec, "gaussian_laplace", "full")
    null = needs_cox.fitted(replace(spec, cluster=None), frame).log_likelihood_null
    early = compare.NotCompared("coxme stops its search of the variance within 1e-3 of the maximum")
    return {
        "coef": dict(zip(names, fit.coefficients.tolist(), strict=True)),
        "se": fit.table["std_error"].to_list(),
        "variance": early,
        "loglik_null_integrated_fitted": [null, fit.log_likelihood, early],
        "ranef": {"level": fit.clusters["cluster"].to_list(), "value": early},
    }


def handle_frailty(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    covariates = " + ".join(reading.as_list(call["covariates"]))
    formula = {"formula": f"{call['surv']} ~ {covariates}", "cluster": call["cluster"]}
    model, spec = r_formula.read_model(formula, frame)
    data = model.frame
    hessian = "diagonal" if data[call["cluster"]].n_unique() > MAX_DENSE else "full"
    stratified = replace(spec, cluster=None, robust=False, strata=(call["cluster"],))
    return {
        "gamma_profile_mle": gamma(data, spec, model.names, hessian),
        "coxph_frailty_default": compare.NotCompared("the case says that it is not to be required"),
        "gaussian_reml_ppl": reml(data, spec, model.names, hessian),
        "coxme_ml_laplace": laplace(data, spec, model.names),
        "marginal_cluster_robust": needs_cox.describe_any(spec, data, model.names),
        "stratified_by_site": needs_cox.describe_any(stratified, data, model.names),
    }


HANDLERS = {"frailty_site": handle_frailty}
