"""Reference cases of restricted means: from a call to numbers."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.restricted_mean_models import fit_restricted_mean
from analytics.survival.restricted_mean_rows import RestrictedMeanSpec
from analytics.survival.restricted_means import (
    RestrictedMean,
    compare_restricted_means,
    estimate_restricted_mean,
)
from analytics.survival.results_restricted import RestrictedMeanFit

if TYPE_CHECKING:
    from types import ModuleType


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


reading = _sibling("reading")


def handle_rmst(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    surv = f"Surv({call['time']},{call['event']})"
    outcomes = reading.read_outcomes({"surv": surv, "group": call["arm"]}, frame)
    counts = count_events(outcomes.frame, strata=["group"])
    (horizon,) = reading.as_in_the_file(call["tau"], outcomes.frame)
    means = {
        label: estimate_restricted_mean(estimate_event_curve(counts, group=label), horizon)
        for label in outcomes.labels()
    }
    contrast = compare_restricted_means(means["1"], means["0"])
    adjusted = describe_adjusted(call, frame) if call.get("covariates") else {}
    return adjusted | {
        "tau": call["tau"],
        "arm1": describe_mean(means["1"]),
        "arm0": describe_mean(means["0"]),
        "unadjusted": {
            "rows": ["RMST (arm=1)-(arm=0)", "RMST (arm=1)/(arm=0)", "RMTL (arm=1)/(arm=0)"],
            "cols": ["Est.", "lower .95", "upper .95", "p"],
            "values": [list(row[1:]) for row in contrast.table.rows()],
        },
        "survfit_rmean": {
            "rows": [outcomes.name(label) for label in means],
            "cols": ["rmean", "se(rmean)"],
            "values": [[mean.mean_days, mean.std_error] for mean in means.values()],
        },
    }


def describe_mean(mean: RestrictedMean) -> dict:
    horizon = mean.horizon_days
    return {
        "rmst": [mean.mean_days, mean.std_error, mean.lower, mean.upper],
        "rmtl": [mean.lost_days, mean.std_error, horizon - mean.upper, horizon - mean.lower],
        "rmst_var": mean.std_error**2,
    }


def describe_adjusted(call: dict, frame: pl.DataFrame) -> dict:
    """Describe the adjusted comparisons as the reference prints them."""
    covariates = tuple(reading.as_list(call["covariates"]))
    surv = f"Surv({call['time']},{call['event']})"
    outcomes = reading.read_outcomes({"surv": surv, "group": call["arm"]}, frame, also=covariates)
    (horizon,) = reading.as_in_the_file(call["tau"], outcomes.frame)
    data = outcomes.frame.rename({f"also_{name}": name for name in covariates})
    wald, ratio = ["coef", "se(coef)", "z", "p"], ["exp(coef)"]
    layouts = {
        "adjusted_diff": ("difference", wald),
        "adjusted_ratio": ("ratio", wald + ratio),
        "adjusted_lost_ratio": ("ratio_of_lost_days", wald + ratio),
    }
    answer = {}
    for name, (contrast, columns) in layouts.items():
        spec = RestrictedMeanSpec("group", "0", covariates, contrast=contrast)
        fit = fit_restricted_mean(data, spec, horizon_days=horizon)
        assert isinstance(fit, RestrictedMeanFit), fit
        chosen = ["coefficient", "std_error", "statistic", "p_value"]
        chosen += [*(["estimate"] if contrast != "difference" else []), "lower", "upper"]
        answer[name] = {
            "rows": ["intercept", "arm", *covariates],
            "cols": [*columns, "lower .95", "upper .95"],
            "values": [list(row) for row in fit.table.select(chosen).rows()],
        }
    return answer


HANDLERS = {"rmst": handle_rmst}
