"""Reference cases of Cox models whose call is no formula: hand-worked data, changing effects, splines."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

from analytics.survival.cox_baseline import predict_linear
from analytics.survival.cox_design import CoxSpec, Spline
from analytics.survival.cox_time_split import split_follow_up

if TYPE_CHECKING:
    from collections.abc import Callable
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


needs_cox = _sibling("needs_cox")
r_formula = _sibling("r_formula")
fitted, describe_fit = needs_cox.fitted, needs_cox.describe_fit

# The book's closed forms of the two coefficients: text that a case repeats, not a number to compute.
CLOSED_FORMS = {
    "test1_breslow": "log((3+sqrt(33))/2)",
    "test1_efron": "log(2*sqrt(23/3)*cos(acos((45/23)*sqrt(3/23))/3))",
}


def handle_hand_worked(case: dict, _: pl.DataFrame) -> dict:
    """Fit each of the small data sets with both tie rules."""
    computed = {}
    for name in case["call"]["data_files"]:
        data = pl.read_csv(Path(case["data_root"]) / name)
        label = Path(name).stem.removeprefix("book_")
        for ties in ("breslow", "efron"):
            key = f"{label}_{ties}"
            computed[key] = {**describe_hand_worked(data, ties), "exact_beta": CLOSED_FORMS.get(key)}
    return computed


def describe_hand_worked(data: pl.DataFrame, ties: str) -> dict:
    start_stop = "start" in data.columns
    spec = CoxSpec(
        time="stop" if start_stop else "time",
        event="event" if start_stop else "status",
        terms=("x",),
        entry="start" if start_stop else None,
        weights="wt" if "wt" in data.columns else None,
        ties=ties,
        robust=False,
    )
    fit = fitted(spec, data)
    described = needs_cox.describe_residuals(fit, data)
    return {
        "coef": fit.coefficients[0],
        "var": fit.covariance[0][0],
        "loglik_at_zero": fit.log_likelihood_null,
        "loglik": fit.log_likelihood,
        "martingale": described["martingale"],
        "score": described["score"],
        "schoenfeld": described["schoenfeld"],
        "score_test": fit.tests["score"].statistic,
        "exact_beta_value": fit.coefficients[0],
    }


def handle_changing_coefficient(case: dict, frame: pl.DataFrame) -> dict:
    """Fit a coefficient that differs between periods, and one that follows a function of time."""
    call = case["call"]
    covariate, function, data = re.fullmatch(r"([\w.]+)\*(.*) on (.*)", call["tt"]).groups()
    whole = pl.read_csv(Path(case["data_root"]) / data, null_values=["", "NA"], infer_schema_length=None)
    asked = {"time": "time", "event": "status" if "status" in frame.columns else "event", **call}
    others = asked.get("covariates") or [name for name in ("trt", "prior") if name in whole.columns]
    pieces = [name for name in frame.columns if re.fullmatch(r"[A-Za-z.]+\d+", name)]
    pieces = sorted(name for name in pieces if set(frame[name]) - {0} and name not in whole.columns)
    step = asked.get("formula") or (
        f"Surv(tstart,{asked['time']},{asked['event']})~{'+'.join([*others, *pieces])}"
    )
    model, spec = r_formula.read_model({"formula": step}, frame)
    computed = {"step_function": describe_fit(fitted(spec, model.frame), model.frame, model.names)}
    happened = r_formula.event_indicator(whole[asked["event"]])
    whole = whole.with_columns(happened.alias("happened"))
    cuts = whole.filter("happened")[asked["time"]].to_list()
    split = split_follow_up(whole, time=asked["time"], event="happened", cuts=cuts).rename({"stop_days": "t"})
    clock = r_formula.column_expression(function)
    split = split.with_columns((pl.col(covariate) * clock).alias("changing"))
    fixed = [name for name in others if name != covariate]
    smooth = {"formula": f"Surv(start_days,t,has_event)~{'+'.join([*fixed, covariate])}+changing"}
    model, spec = r_formula.read_model(smooth, split)
    names = [*model.names[:-1], f"tt({covariate})"]
    described = describe_fit(fitted(spec, model.frame), model.frame, names)
    computed["tt_log"] = {**described, "n": whole.height}
    return computed


class SplineAnswer(dict):
    """Quantities of a spline; log hazard ratios at the values that a key names: `log_hr_age_45_60_vs_60`."""

    def __init__(self, known: dict, log_hazard: Callable[[str, list[float]], np.ndarray]) -> None:
        super().__init__(known)
        self.log_hazard = log_hazard

    def __missing__(self, key: str) -> list[float]:
        """Read the values from the key."""
        named = re.fullmatch(r"log_hr_(.*?)((?:_-?[\d.]+)+)_vs_(-?[\d.]+)", key)
        if named is None:
            raise KeyError(key)
        column, values, reference = named.groups()
        wanted = [float(value) for value in values.strip("_").split("_")]
        at = self.log_hazard(column, [*wanted, float(reference)])
        return (at[:-1] - at[-1]).tolist()


def handle_spline(case: dict, frame: pl.DataFrame) -> dict:
    """Compare a restricted cubic spline with a straight line, in quantities that no basis changes."""
    call = case["call"]
    knots = tuple(sorted([*needs_cox.reading_list(call["knots"]), *needs_cox.reading_list(call["boundary"])]))
    named = re.search(
        r"~\s*(?:splines::)?ns\(([\w.]+).*?\)((?:\+[^ )]+)?)", case["r_code"].replace(" + ", "+")
    )
    column, rest = named.groups() if named else ("age", "+female")
    event = call.get("event") or ("event" if "event" in frame.columns else "status")
    formula = call.get("formula") or f"Surv({call.get('time') or 'time'},{event})~{column}{rest}"
    model, spec = r_formula.read_model({**call, "formula": formula}, frame)
    linear = fitted(spec, model.frame)
    terms = tuple(Spline(column, knots) if term == column else term for term in spec.terms)
    bent = fitted(replace(spec, terms=terms), model.frame)
    ratio = 2 * (bent.log_likelihood - linear.log_likelihood)

    def log_hazard(name: str, values: list[float]) -> np.ndarray:
        first = model.frame.head(1).drop(name)
        return predict_linear(bent, pl.DataFrame({name: values}).join(first, how="cross"))

    known = {
        "loglik_linear": linear.log_likelihood,
        "loglik_spline": bent.log_likelihood,
        "lr_nonlinearity": ratio,
        "df": len(knots) - 2,
        "p": float(stats.chi2.sf(ratio, len(knots) - 2)),
    }
    return SplineAnswer(known, log_hazard)


HANDLERS = {
    "cox_hand_worked": handle_hand_worked,
    "cox_spline": handle_spline,
    "cox_tvc": handle_changing_coefficient,
}
