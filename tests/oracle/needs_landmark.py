"""Reference cases of landmark analyses: from a call to numbers."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from analytics.survival.curve_reading import read_curve_at
from analytics.survival.landmark import restrict_to_landmark
from analytics.survival.rank_sums import RankWeights

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
needs_event_curves = _sibling("needs_event_curves")
needs_groups = _sibling("needs_groups")
r_formula = _sibling("r_formula")
reading = _sibling("reading")


def handle_landmark(case: dict, frame: pl.DataFrame) -> dict:
    text = case.get("r_code") or ""
    return conditional_landmark(case, frame) if "coxph(" in text else prepared_landmark(case, frame)


def arguments_of(text: str, function: str) -> list[str]:
    """Return the arguments of a call inside R code."""
    start = text.index(f"{function}(") + len(function) + 1
    depth, end = 1, start
    while depth:
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        end += 1
    return r_formula.split_outside(text[start : end - 1], ",")


def conditional_landmark(case: dict, frame: pl.DataFrame) -> dict:
    """Describe a curve from those who reach the landmark, and a model of the time after it."""
    landmark = case["call"]["landmark"]
    response, group = arguments_of(case["r_code"], "survfit")[0].split("~")
    time, event = re.fullmatch(r"Surv\((.*),(.*)\)", response.strip()).groups()
    reached = restrict_to_landmark(frame, landmark, time=time, clock="keep", on_the_day="stay")
    later = restrict_to_landmark(frame, landmark, time=time)
    terms = arguments_of(case["r_code"], "coxph")[0].split("~")[1]
    return {
        "conditional_km": describe_long(reached, f"Surv({time},{event})", group.strip()),
        "landmark_cox": describe_cox(later, f"Surv({time},{event})~{terms}"),
        "n_at_landmark": later.height,
    }


def prepared_landmark(case: dict, frame: pl.DataFrame) -> dict:
    """Describe a file that already holds the exposure by the landmark (`tx30`) and its clock (`t0`)."""
    landmark = case["call"]["landmark"]
    clock = next(
        name
        for name, values in frame.to_dict().items()
        if values.dtype.is_numeric() and bool((values - landmark == frame["t0"]).all())
    )
    later = restrict_to_landmark(frame, landmark, time=clock)
    event = next(name for name in ("fustat", "event", "status", "death", "dead") if name in frame.columns)
    response, exposure = f"Surv({clock},{event})", f"tx{landmark}"
    covariates = [name for name in ("age", "surgery") if name in frame.columns]
    test = needs_groups.compare_groups(
        reading.read_outcomes({"surv": response, "group": exposure}, later), RankWeights()
    )
    return {
        "cox": describe_cox(later, f"{response}~{'+'.join([exposure, *covariates])}"),
        "logrank_chisq": test.statistic,
        "n": test.table["n"].to_list(),
        "obs": test.table["observed"].to_list(),
        "exp": test.table["expected"].to_list(),
        "km": describe_long(later, response, exposure),
    }


def describe_long(frame: pl.DataFrame, surv: str, group: str) -> object:
    """Curves of all groups below one another, on every whole day."""
    outcomes = reading.read_outcomes({"surv": surv, "group": group}, frame)
    days = reading.every_day(outcomes.frame["time_days"])
    columns: dict[str, list[object]] = {
        name: [] for name in ("group", "time", "n_risk", "surv", "lower", "upper")
    }
    for label in outcomes.labels():
        table = read_curve_at(needs_event_curves.fit_curve(outcomes, label, "log-log", call={}), days)
        described = needs_event_curves.describe_table(table)
        columns["group"] += [outcomes.name(label)] * len(days)
        for name in ("time", "n_risk", "surv", "lower", "upper"):
            columns[name] += described[name]
    return compare.RowsByKey(("group", "time"), columns)


def describe_cox(frame: pl.DataFrame, formula: str) -> dict:
    handle_cox = _sibling("needs_cox").HANDLERS["cox"]
    return handle_cox({"call": {"formula": formula}}, frame)["fit"]


HANDLERS = {"landmark": handle_landmark}
