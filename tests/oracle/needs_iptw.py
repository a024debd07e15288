"""Reference cases of weighted outcomes by treatment, with robust variance."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.curve_reading import read_curve_at, read_incidence_at
from analytics.survival.results import CumulativeIncidence, EventCurve
from analytics.survival.weighted_curves import (
    RowColumns,
    estimate_weighted_cumulative_incidence,
    estimate_weighted_event_curve,
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


compare = _sibling("compare")
reading = _sibling("reading")
r_formula = _sibling("r_formula")
needs_cox = _sibling("needs_cox")


def handle_iptw(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    surv = f"Surv({call['time']},{call['event']})"
    options = {"group": call["arm"], "weights": call["weights"], "id": call.get("cluster")}
    outcomes = reading.read_outcomes({"surv": surv, **options}, frame)
    times = reading.as_in_the_file(call["times"], outcomes.frame)
    curves = {label: fit_curve(outcomes, label) for label in outcomes.labels()}
    answer = {
        "km_robust": describe_curves(outcomes, curves, times),
        "km_greenwood_weighted_se": [
            value for curve in curves.values() for value in greenwood_of_weights(curve, times)
        ],
    }
    for name, ties in (("cox_robust", "efron"), ("cox_robust_breslow", "breslow")):
        answer[name] = describe_cox(call, frame, formula=f"{surv} ~ factor({call['arm']})", ties=ties)
    if call.get("state"):
        answer["aj_robust"] = describe_states(call, options, frame)
    return answer


def columns_of(outcomes: reading.Outcomes) -> RowColumns:
    return RowColumns(weight=outcomes.weight, cluster=outcomes.cluster)


def fit_curve(outcomes: reading.Outcomes, label: str) -> EventCurve:
    curve = estimate_weighted_event_curve(
        outcomes.rows(label), columns=columns_of(outcomes), group=label, interval="log-log"
    )
    assert isinstance(curve, EventCurve), curve
    return curve


def describe_curves(outcomes: reading.Outcomes, curves: dict[str, EventCurve], times: list[float]) -> dict:
    read = pl.concat(
        read_curve_at(curve, times).with_columns(group=pl.lit(outcomes.name(label)))
        for label, curve in curves.items()
    )
    limits = {
        limit: [
            compare.OneOf((value, None)) if survival == 1 else value
            for value, survival in zip(read[limit], read["survival"], strict=True)
        ]
        for limit in ("lower", "upper")
    }
    return {
        "group": read["group"].to_list(),
        "time": read["time_days"].to_list(),
        "n_risk_weighted": read["weighted_n_risk"].to_list(),
        "surv": read["survival"].to_list(),
        "se_robust": [
            # At 0 the jackknife has no spread, which the reference prints; it is no statement of certainty.
            compare.OneOf((value, 0.0)) if survival == 0 else value
            for value, survival in zip(read["std_error"], read["survival"], strict=True)
        ],
        **limits,
    }


def greenwood_of_weights(curve: EventCurve, times: list[float]) -> list[object]:
    """Take sums of weights for patients, which is not valid; the reference shows it as a warning."""
    n, d = (curve.table[f"weighted_n_{name}"].to_numpy() for name in ("risk", "event"))
    survival = curve.table["survival"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where((d > 0) & (survival > 0), d / (n * (n - d)), 0.0)
    errors = [0.0, *(survival * np.sqrt(np.cumsum(terms)))]
    # Once the curve is at 0 there is none, but for rounding.
    errors = [
        compare.OneOf((None, float(error))) if value == 0 else float(error)
        for error, value in zip(errors, [1.0, *survival], strict=True)
    ]
    return [errors[at] for at in np.searchsorted(curve.table["time_days"].to_numpy(), times, side="right")]


def describe_cox(call: dict, frame: pl.DataFrame, *, formula: str, ties: str) -> dict:
    model, spec = r_formula.read_model(
        {
            "formula": formula,
            "weights": call["weights"],
            "cluster": call.get("cluster"),
            "ties": ties,
            "robust": True,
        },
        frame,
    )
    return needs_cox.describe_fit(needs_cox.fitted(spec, model.frame), model.frame, model.names)


def describe_states(call: dict, options: dict, frame: pl.DataFrame) -> dict:
    outcomes = reading.read_states({"time": call["time"], "state": call["state"], **options}, frame)
    causes = reading.as_list(call["states"])
    times = reading.as_in_the_file(call["times"], outcomes.frame)
    answer: dict[str, list] = {"group": [], "time": [], "pstate": [], "se": []}
    for label in outcomes.labels():
        fit = estimate_weighted_cumulative_incidence(
            outcomes.rows(label), columns=columns_of(outcomes), group=label, causes=causes
        )
        assert isinstance(fit, CumulativeIncidence), fit
        read = [read_incidence_at(fit, times, cause=cause) for cause in ("event_free", *causes)]
        answer["group"] += [outcomes.name(label)] * len(times)
        answer["time"] += times
        answer["pstate"] += np.transpose([part["incidence"].to_list() for part in read]).tolist()
        answer["se"] += np.transpose([part["std_error"].to_list() for part in read]).tolist()
    return answer | {"states": ["(s0)", *causes]}


HANDLERS = {"iptw_survival": handle_iptw}
