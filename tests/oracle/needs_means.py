"""Reference cases of restricted means without covariates: from a call to numbers."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.restricted_means import (
    RestrictedMean,
    compare_restricted_means,
    estimate_restricted_mean,
)

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


def handle_rmst(case: dict, frame: pl.DataFrame) -> dict | None:
    call = case["call"]
    if call.get("covariates"):
        return None  # the adjusted comparison is not supported yet
    surv = f"Surv({call['time']},{call['event']})"
    outcomes = reading.read_outcomes({"surv": surv, "group": call["arm"]}, frame)
    counts = count_events(outcomes.frame, strata=["group"])
    means = {
        label: estimate_restricted_mean(estimate_event_curve(counts, group=label), call["tau"])
        for label in outcomes.labels()
    }
    contrast = compare_restricted_means(means["1"], means["0"])
    return {
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


HANDLERS = {"rmst": handle_rmst}
