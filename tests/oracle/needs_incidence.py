"""Reference cases of cumulative incidence: from a call to numbers."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from analytics.survival.cumulative_incidence import EVENT_FREE, estimate_cumulative_incidence
from analytics.survival.curve_reading import read_incidence_at
from analytics.survival.event_counts import count_events
from analytics.survival.weighted_curves import RowColumns, estimate_weighted_cumulative_incidence

if TYPE_CHECKING:
    from types import ModuleType

    from analytics.survival.results import CumulativeIncidence


INTERVALS = ("log", "log-log", "plain")


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


def handle_aalen_johansen(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    outcomes = reading.read_states(call, frame)
    call = call | {"times": reading.as_in_the_file(call["times"], outcomes.frame)}
    fits = {
        interval: {label: fit_incidence(outcomes, label, call, interval) for label in outcomes.labels()}
        for interval in INTERVALS
    }
    answer: dict[str, object] = {
        f"survfit_{interval}": {
            outcomes.name(label): describe_incidence(fit, call["times"]) for label, fit in by_label.items()
        }
        for interval, by_label in fits.items()
    }
    answer["curve"] = {
        outcomes.name(label): describe_states(fit, fit.table["time_days"].unique().sort().to_list())
        for label, fit in fits["log"].items()
    }
    if outcomes.weight is None and not outcomes.has_entry:
        answer["cmprsk_cuminc"] = describe_aalen_variance(outcomes, call)
        answer["etm_greenwood"] = describe_greenwood(outcomes, call)
    return answer


def fit_incidence(outcomes: reading.Outcomes, label: str, call: dict, interval: str) -> CumulativeIncidence:
    rows, causes = outcomes.rows(label), call["states"]
    entry = "entry_days" if outcomes.has_entry else None
    if outcomes.weight is None and outcomes.cluster is None and entry is None:
        return estimate_cumulative_incidence(
            count_events(rows), group=label, causes=causes, interval=interval
        )
    # With delayed entry the reference prints the jackknife, which then differs from Greenwood's type.
    return estimate_weighted_cumulative_incidence(
        rows,
        columns=RowColumns(entry=entry, weight=outcomes.weight, cluster=outcomes.cluster),
        group=label,
        causes=causes,
        interval=interval,
    )


def describe_states(fit: CumulativeIncidence, times: list[float]) -> dict:
    read = [read_incidence_at(fit, times, cause=cause) for cause in (EVENT_FREE, *fit.causes)]
    return {
        "time": times,
        "states": ["(s0)", *fit.causes],
        "pstate": by_row([table["incidence"].to_list() for table in read]),
        "se": by_row([table["std_error"].to_list() for table in read]),
    }


def describe_incidence(fit: CumulativeIncidence, times: list[float]) -> dict:
    read = [read_incidence_at(fit, times, cause=cause) for cause in (EVENT_FREE, *fit.causes)]
    number = "weighted_n_risk" if "weighted_n_risk" in read[0].columns else "n_risk"
    first = fit.table["time_days"].min()
    described = describe_states(fit, times)
    described["n_risk"] = [
        # Versions of the reference count weights, or patients.
        compare.OneOf(tuple([value, *[0] * len(fit.causes)] for value in values))
        for values in read[0].select(list(dict.fromkeys((number, "n_risk")))).rows()
    ]
    for limit in ("lower", "upper"):
        rows = by_row([or_none_at_the_ends(table[limit], table["incidence"]) for table in read])
        # Before the first day of the data the reference fills the limits of every state with 0.
        described[limit] = [
            compare.OneOf((row, [0] * len(row))) if time < first else row
            for time, row in zip(times, rows, strict=True)
        ]
    return described


def or_none_at_the_ends(limits: pl.Series, shares: pl.Series) -> list[object]:
    """Take nothing for a limit at a share of 0 or 1: scales of logarithms end there."""
    return [
        compare.OneOf((limit, None)) if share in (0.0, 1.0) else limit
        for limit, share in zip(limits, shares, strict=True)
    ]


def by_row(columns: list[list[float]]) -> list[list[float]]:
    return [list(row) for row in zip(*columns, strict=True)]


def describe_aalen_variance(outcomes: reading.Outcomes, call: dict) -> dict:
    rows, estimates, variances = [], [], []
    fits = {
        label: estimate_cumulative_incidence(
            count_events(outcomes.rows(label)), group=label, causes=call["states"], variance="aalen"
        )
        for label in outcomes.labels()
    }
    seen = set(outcomes.frame["cause"])
    for code, cause in enumerate(call["states"], start=1):
        if code not in seen:
            continue  # this reference does not list a cause that nobody had
        for label, fit in fits.items():
            read = read_incidence_at(fit, call["times"], cause=cause)
            last = fit.table["time_days"].max()
            # Past the last day of a group the reference prints nothing.
            beyond = [time > last for time in call["times"]]
            rows.append(f"{label} {code}")
            estimates.append(or_nothing(read["incidence"].to_list(), beyond))
            variances.append(or_nothing((read["std_error"] ** 2).to_list(), beyond))
    return {"rows": rows, "times": call["times"], "est": estimates, "var_aalen": variances}


def or_nothing(values: list[float], beyond: list[bool]) -> list[object]:
    return [
        compare.OneOf((value, None)) if late else value for value, late in zip(values, beyond, strict=True)
    ]


def describe_greenwood(outcomes: reading.Outcomes, call: dict) -> dict:
    described = {}
    for label in outcomes.labels():
        # This reference cannot hold an interval of no length and leaves day 0 out.
        rows = outcomes.rows(label).filter(pl.col("time_days") > 0)
        fit = estimate_cumulative_incidence(count_events(rows), group=label, causes=call["states"])
        read = [read_incidence_at(fit, call["times"], cause=cause) for cause in call["states"]]
        described[label] = [
            {
                "cause": code,
                "est": table["incidence"].to_list(),
                "var": (table["std_error"] ** 2).to_list(),
            }
            for code, table in enumerate(read, start=1)
        ]
    return described


HANDLERS = {"aalen_johansen": handle_aalen_johansen}
