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


EVENTS = ("fustat", "event", "status", "death", "dead", "died", "mace", "ev")

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
    """Describe a file that already holds the exposure by the landmark and its clock (`t0`)."""
    landmark = case["call"]["landmark"]
    clock = find_clock(case, frame, landmark)
    later = restrict_to_landmark(frame, landmark, time=clock)
    event = next(name for name in EVENTS if name in frame.columns)
    exposure = find_exposure(frame, landmark, known=(clock, event))
    response = f"Surv({clock},{event})"
    outcomes = reading.read_outcomes({"surv": response, "group": exposure}, later)
    test = needs_groups.compare_groups(outcomes, RankWeights())

    class Models(dict):
        """Models by their terms: a case names the covariates only beside the coefficients."""

        def get(self, terms: tuple[str, ...] | str | None, default: object = None) -> object:
            names = (terms,) if isinstance(terms, str) else terms or ()
            if not names or not all(is_term(name, later) for name in names):
                return default
            return describe_cox(later, f"{response}~{'+'.join(names)}")

    return {
        "cox": compare.ByOption("terms", Models()),
        "logrank_chisq": test.statistic,
        "n": test.table["n"].to_list(),
        "obs": test.table["observed"].to_list(),
        "exp": test.table["expected"].to_list(),
        "km": describe_long(later, response, exposure),
    }


def is_term(name: str, frame: pl.DataFrame) -> bool:
    """Tell whether a coefficient is that of a column of numbers, or of arithmetic of such columns."""
    try:
        return frame.select(r_formula.column_expression(name)).to_series().dtype.is_numeric()
    except (AssertionError, KeyError, IndexError, pl.exceptions.PolarsError):
        return False


def find_clock(case: dict, frame: pl.DataFrame, landmark: float) -> str:
    """Return the column of the whole time: `t0` counts from the landmark."""
    stated = re.search(r"subset ([A-Za-z._0-9]+) *>", case.get("r_code") or "")
    if stated and stated[1] in frame.columns:
        return stated[1]
    return next(
        name
        for name, values in frame.to_dict().items()
        if values.dtype.is_numeric() and bool(((values - landmark - frame["t0"]).abs() < 1e-9).all())
    )


def find_exposure(frame: pl.DataFrame, landmark: float, known: tuple[str, ...]) -> str:
    """Return the exposure: it has the landmark in its name, or is the last column of two values."""
    named = [name for name in frame.columns if name.endswith(f"{landmark:g}") and name not in known]
    grouped = [name for name in frame.columns if frame[name].n_unique() == 2 and name not in known]
    return (named or grouped[::-1])[0]


def describe_long(frame: pl.DataFrame, surv: str, group: str) -> object:
    """Curves of all groups below one another, on the days that are asked for."""
    outcomes = reading.read_outcomes({"surv": surv, "group": group}, frame)
    curves = {
        outcomes.name(label): needs_event_curves.fit_curve(outcomes, label, "log-log")
        for label in outcomes.labels()
    }
    grouped = len(curves) > 1

    def read(keys: list[tuple]) -> dict[str, list[object]]:
        columns: dict[str, list[object]] = {}
        for key in keys:
            curve = curves[key[0] if grouped else "all"]
            described = needs_event_curves.describe_table(
                read_curve_at(curve, reading.as_in_the_file(key[-1], outcomes.frame))
            )
            for name, values in {"group": [key[0]], **described}.items():
                columns.setdefault(name, []).extend(values)
        return columns if grouped else columns | {"group": None}

    return compare.RowsByKey(("group", "time") if grouped else ("time",), read)


def describe_cox(frame: pl.DataFrame, formula: str) -> dict:
    handle_cox = _sibling("needs_cox").HANDLERS["cox"]
    # The cases search up to the maximum, not to R's own earlier stop, and do not say so.
    return handle_cox({"call": {"formula": formula}, "r_code": "eps=1e-11"}, frame)["fit"]


HANDLERS = {"landmark": handle_landmark}
