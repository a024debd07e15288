"""Reference cases of Firth-penalised Cox models (`coxphf`, Breslow ties)."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analytics.survival.cox_rows import collect_rows
from analytics.survival.firth import fit_firth_cox
from analytics.survival.firth_results import FirthFit

if TYPE_CHECKING:
    from types import ModuleType

    import polars as pl


def _sibling(name: str) -> ModuleType:
    """Load a module beside this one, however this one was loaded."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


r_formula = sys.modules.get("r_formula") or _sibling("r_formula")


def handle_firth(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    model, spec = r_formula.read_model(call, frame)
    # coxphf knows no other tie rule than Breslow's.
    spec = replace(spec, ties=call.get("ties") or "breslow", confidence=1 - float(call.get("alpha", 0.05)))
    fit = fit_firth_cox(model.frame, spec)
    assert isinstance(fit, FirthFit), fit
    table = fit.table
    design = collect_rows(model.frame, fit.spec).design
    # coxphf divides covariates by their standard deviation, of which the penalty keeps a constant.
    shift = -np.log(design.std(axis=0, ddof=1)).sum()
    return {
        "terms": model.names,
        "coef": table["coefficient"].to_list(),
        "se": table["std_error"].to_list(),
        "var": fit.covariance,
        "loglik": [value + shift for value in (fit.log_likelihood_null, fit.log_likelihood)],
        "hr": table["hazard_ratio"].to_list(),
        "pl_lower_hr": table["lower"].to_list(),
        "pl_upper_hr": table["upper"].to_list(),
        "p_plr": table["p_value"].to_list(),
        "n": fit.basis.n,
        "nevent": fit.basis.n_events,
    }


HANDLERS = {"firth_cox": handle_firth}
