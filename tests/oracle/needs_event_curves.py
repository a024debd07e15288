"""Reference cases of Kaplan-Meier curves and of follow-up: from a call to numbers."""

from __future__ import annotations

import importlib.util
import math
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from analytics.survival.curve_reading import curve_quantiles, read_curve_at, restricted_mean
from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.follow_up import estimate_follow_up
from analytics.survival.weighted_curves import RowColumns, estimate_weighted_event_curve

if TYPE_CHECKING:
    from types import ModuleType

    from analytics.survival.results import EventCurve


PROBABILITIES = [0.25, 0.5, 0.75]


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


def handle_kaplan_meier(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    outcomes = reading.read_outcomes(call, frame)
    text = f"{case.get('r_code')} {case.get('notes')} stype={call.get('stype')}"
    tie_corrected = re.search(r"stype\s*=\s*2", text) is not None
    answer: dict[str, object] = {}
    for interval in call["conf_types"]:
        curves = {
            label: fit_curve(outcomes, label, interval, call=call, tie_corrected=tie_corrected)
            for label in outcomes.labels()
        }
        answer[interval] = describe_curves(outcomes, curves, call["times"])
    return answer | {
        "nelson_aalen": describe_hazard(outcomes, curves),
        "rmst": describe_restricted_means(outcomes, curves),
    }


def fit_curve(
    outcomes: reading.Outcomes, label: str, interval: str, *, call: dict, tie_corrected: bool = False
) -> EventCurve:
    rows = outcomes.rows(label)
    if reading.is_robust(outcomes, call):
        columns = RowColumns(
            entry="entry_days" if outcomes.has_entry else None,
            weight=outcomes.weight,
            cluster=outcomes.cluster,
        )
        return estimate_weighted_event_curve(rows, columns=columns, group=label, interval=interval)
    if outcomes.weight is not None:
        rows = (
            rows.filter(pl.col("weight") > 0)
            .select(pl.exclude("weight").repeat_by(pl.col("weight").cast(pl.Int64)))
            .explode(pl.all())
        )
    counts = count_events(rows, entry="entry_days" if outcomes.has_entry else None)
    estimator = "fleming-harrington" if tie_corrected else "kaplan-meier"
    return estimate_event_curve(counts, group=label, interval=interval, estimator=estimator)


def describe_curves(outcomes: reading.Outcomes, curves: dict[str, EventCurve], times: list[float]) -> dict:
    quantiles = [curve_quantiles(curve, PROBABILITIES, crossing="nearest") for curve in curves.values()]
    return {
        "table": {outcomes.name(label): describe_table(curve.table) for label, curve in curves.items()},
        "at_times": {
            outcomes.name(label): describe_table(read_curve_at(curve, times))
            for label, curve in curves.items()
        },
        "quantiles": {
            "probs": PROBABILITIES,
            "est": [found["time_days"].to_list() for found in quantiles],
            "lower": [found["lower"].to_list() for found in quantiles],
            "upper": [found["upper"].to_list() for found in quantiles],
        },
    }


def describe_table(table: pl.DataFrame) -> dict:
    prefix = "weighted_" if "weighted_n_risk" in table.columns else ""
    described = {
        "time": table["time_days"].to_list(),
        "n_risk": table[f"{prefix}n_risk"].to_list(),
        "surv": table["survival"].to_list(),
        "se_surv": table["std_error"].to_list(),
    }
    for limit in ("lower", "upper"):
        described[limit] = [
            # While the curve is at 1, versions of the reference print 1 or nothing.
            compare.OneOf((value, None)) if survival == 1 else value
            for value, survival in zip(table[limit], table["survival"], strict=True)
        ]
    for count in ("n_event", "n_censor"):
        if f"{prefix}{count}" in table.columns:
            described[count] = table[f"{prefix}{count}"].to_list()
    return described


def describe_hazard(outcomes: reading.Outcomes, curves: dict[str, EventCurve]) -> dict:
    tables = [curve.table for curve in curves.values()]
    sizes = {outcomes.name(label): curve.table.height for label, curve in curves.items()}
    return {
        "time": [value for table in tables for value in table["time_days"]],
        "cumhaz": [value for table in tables for value in table["cumulative_hazard"]],
        "se_cumhaz": [value for table in tables for value in table["std_error_hazard"]],
        "strata": None if outcomes.group is None else sizes,
    }


def describe_restricted_means(outcomes: reading.Outcomes, curves: dict[str, EventCurve]) -> object:
    last = math.ceil(outcomes.frame["time_days"].max())
    name = (lambda _: "V1") if outcomes.group is None else outcomes.name

    class Horizons(dict):
        """Restricted means by horizon, each computed when it is asked for."""

        def get(self, horizon: float, default: object = None) -> object:
            if not 0 < horizon <= last:
                return default
            means = {name(label): list(restricted_mean(curve, horizon)) for label, curve in curves.items()}
            return {"tau": horizon, "table": means}

    return compare.ByOption("tau", Horizons())


def handle_median_followup(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    outcomes = reading.read_outcomes(
        {"surv": f"Surv({call['time']},{call['event']})", "group": call.get("group")}, frame
    )
    counts = count_events(outcomes.frame)
    found = estimate_follow_up(counts, group="all").quantiles
    events_first = estimate_follow_up(counts, group="all", ties="events_first").curve
    days = reading.every_day(outcomes.frame["time_days"])
    return {
        "quantiles": {
            "probs": found["probability"].to_list(),
            "est": found["time_days"].to_list(),
            "lower": found["lower"].to_list(),
            "upper": found["upper"].to_list(),
        },
        "prodlim_reverse": compare.RowsByKey(
            ("times",), {"times": days, "surv": read_curve_at(events_first, days)["survival"].to_list()}
        ),
    }


HANDLERS = {"kaplan_meier": handle_kaplan_meier, "median_followup": handle_median_followup}
