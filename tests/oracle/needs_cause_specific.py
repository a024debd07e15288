"""Reference cases of cause-specific Cox models: from a case's call to the numbers of its `expected` block."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.cause_specific import EVENT, CauseSpecificSpec, fit_cause_specific
from analytics.survival.cause_specific_risk import predict_absolute_risk
from analytics.survival.fine_gray_design import mark_cause
from analytics.survival.results_competing import CauseSpecificFit

if TYPE_CHECKING:
    from types import ModuleType


def _sibling(name: str) -> ModuleType:
    """Load a module beside this one, however this one was loaded."""
    known = sys.modules.get(name)
    if known is not None and Path(str(known.__file__)).parent == Path(__file__).parent:
        return known
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


needs_cox = _sibling("needs_cox")
r_formula = _sibling("r_formula")


def fitted(frame: pl.DataFrame, spec: CauseSpecificSpec) -> CauseSpecificFit:
    fit = fit_cause_specific(frame, spec)
    assert isinstance(fit, CauseSpecificFit), fit
    return fit


def handle_cause_specific(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    covariates = needs_cox.reading_list(call["covariates"])
    states = needs_cox.reading_list(call["states"])
    response = ",".join(filter(None, (call.get("entry"), call["time"], call["state"])))
    model, read = r_formula.read_model({**call, "formula": f"Surv({response})~{'+'.join(covariates)}"}, frame)
    frame = model.frame.drop_nulls(list({*read.columns, call["state"]}))
    spec = CauseSpecificSpec(
        time=read.time,
        cause=call["state"],
        causes=tuple(states),
        terms=read.terms,
        entry=read.entry,
        strata=read.strata,
        weights=read.weights,
        cluster=read.cluster,
        robust=read.robust,
        ties=read.ties,
        stop_at=needs_cox.stop_rule(case),
    )
    fit = fitted(frame, spec)
    computed: dict = {}
    for code, (label, one) in enumerate(zip(fit.causes, fit.models, strict=True), start=1):
        marked = mark_cause(frame, cause=spec.cause, code=code, name=EVENT)
        computed[label] = needs_cox.describe_fit(one, marked, model.names)
    if call.get("newdata"):
        profiles = model.profiles(call["newdata"])
        computed |= describe_risks(fit, frame, profiles, call["times"])
        # R's multi-state models have Breslow ties unless asked otherwise.
        states = fitted(frame, replace(spec, ties=call.get("ties") or "breslow"))
        computed["multistate_coxph_pstate"] = describe_states(states, frame, profiles, call["times"])
    return computed


def describe_risks(
    fit: CauseSpecificFit, frame: pl.DataFrame, profiles: pl.DataFrame, times: list[float]
) -> dict:
    table = predict_absolute_risk(fit, frame, profiles, times=times, variance="tied-once").table
    columns = {"rows_are_patients": "incidence", "se": "std_error", "lower": "lower", "upper": "upper"}
    described = {}
    for code, label in enumerate(fit.causes, start=1):
        own = table.filter(pl.col("cause") == label)
        matrices = {
            key: own[column].to_numpy().reshape(profiles.height, -1).tolist()
            for key, column in columns.items()
        }
        described[f"absolute_risk_cause{code}"] = {"times": times, **matrices}
    return described


def describe_states(
    fit: CauseSpecificFit, frame: pl.DataFrame, profiles: pl.DataFrame, times: list[float]
) -> dict:
    table = predict_absolute_risk(fit, frame, profiles, times=times, estimator="exponential").table
    states = ["event_free", *fit.causes]
    values = [table.filter(pl.col("cause") == state)["incidence"].to_list() for state in states]
    return {
        "dim": [len(times), profiles.height, len(states)],
        "states": ["(s0)", *fit.causes],
        "values": np.concatenate(values).tolist(),
    }


HANDLERS = {"cause_specific_cox": handle_cause_specific}
