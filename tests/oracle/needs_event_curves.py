"""Reference cases of Kaplan-Meier curves: from a call to numbers."""

from __future__ import annotations

import importlib.util
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from analytics.survival.curve_reading import curve_quantiles, read_curve_at, restricted_mean
from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.landmark import restrict_to_landmark
from analytics.survival.weighted_curves import RowColumns, estimate_weighted_event_curve

if TYPE_CHECKING:
    from types import ModuleType

    from analytics.survival.results import EventCurve


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


ESTIMATORS = {
    (True, False): "kaplan-meier",
    (True, True): "kaplan-meier",
    (False, False): "nelson-aalen",
    (False, True): "fleming-harrington",
}


def handle_kaplan_meier(case: dict, frame: pl.DataFrame) -> dict:
    call, options = case["call"], reading.read_options(case)
    outcomes = reading.read_outcomes(call, frame)
    if options.start is not None:
        outcomes = replace(
            outcomes,
            frame=restrict_to_landmark(outcomes.frame, options.start, clock="keep", on_the_day="stay"),
        )
    robust = reading.is_robust(outcomes, call)
    answer: dict[str, object] = {}
    for interval in reading.as_list(call["conf_types"]):
        curves = {
            label: fit_curve(outcomes, label, interval, robust=robust, options=options)
            for label in outcomes.labels()
        }
        answer[interval] = describe_curves(
            outcomes, curves, reading.as_in_the_file(call["times"], outcomes.frame), robust=robust
        )
    if options.product_limit and options.tied_hazard:
        tied = replace(options, product_limit=False)
        curves = {
            label: fit_curve(outcomes, label, interval, robust=robust, options=tied) for label in curves
        }
    return answer | {
        "nelson_aalen": describe_hazard(outcomes, curves),
        "rmst": describe_restricted_means(outcomes, curves),
    }


def fit_curve(
    outcomes: reading.Outcomes,
    label: str,
    interval: str,
    *,
    robust: bool = False,
    options: reading.Options | None = None,
) -> EventCurve:
    rows = outcomes.rows(label)
    options = options or reading.Options(0.95, product_limit=True, tied_hazard=False, start=None)
    entry = "entry_days" if outcomes.has_entry else None
    shared = {"group": label, "interval": interval, "confidence": options.confidence}
    if robust:
        columns = RowColumns(entry=entry, weight=outcomes.weight, cluster=outcomes.cluster)
        return close_at_zero(estimate_weighted_event_curve(rows, columns=columns, **shared), interval)
    if outcomes.weight is not None:
        rows = (
            rows.filter(pl.col("weight") > 0)
            .select(pl.exclude("weight").repeat_by(pl.col("weight").cast(pl.Int64)))
            .explode(pl.all())
        )
    estimator = ESTIMATORS[options.product_limit, options.tied_hazard]
    curve = estimate_event_curve(count_events(rows, entry=entry), estimator=estimator, **shared)
    return curve if outcomes.weight is None else show_every_day(curve, outcomes.rows(label))


def close_at_zero(curve: EventCurve, interval: str) -> EventCurve:
    """Take the limits of a curve at 0 for 0 as well: there the jackknife of the reference has no spread."""
    if interval != "plain":
        return curve
    at_zero = pl.when(pl.col("survival") == 0).then(0.0)
    return replace(
        curve,
        table=curve.table.with_columns(
            at_zero.otherwise(pl.col(name)).alias(name) for name in ("lower", "upper")
        ),
    )


def show_every_day(curve: EventCurve, rows: pl.DataFrame) -> EventCurve:
    """Add the days on which only rows without weight end: the reference lists them too."""
    table = curve.table.with_columns(pl.col("time_days").cast(pl.Float64))
    ends = rows["time_days"].cast(pl.Float64).unique().sort()
    lacking = ends.filter(~ends.is_in(table["time_days"].implode()))
    if not lacking.len():
        return curve
    start = dict.fromkeys(("survival", "lower", "upper"), 1.0)
    start |= dict.fromkeys(("std_error", "cumulative_hazard", "std_error_hazard"), 0.0)
    added = (
        pl.DataFrame({"time_days": lacking})
        .join_asof(table.select("time_days", *start), on="time_days")
        .with_columns(pl.col(name).fill_null(value) for name, value in start.items())
        .with_columns(
            n_risk=pl.Series([weight_at_risk(rows, day) for day in lacking], dtype=pl.Int64),
            n_event=pl.lit(0, dtype=pl.Int64),
            n_censor=pl.lit(0, dtype=pl.Int64),
        )
    )
    return replace(curve, table=pl.concat([table, added], how="diagonal").sort("time_days"))


def weight_at_risk(rows: pl.DataFrame, day: float) -> float:
    """Add up the weights of those at risk just before a day."""
    entry = pl.col("entry_days") if "entry_days" in rows.columns else pl.lit(-math.inf)
    return rows.filter((entry < day) & (pl.col("time_days") >= day))["weight"].sum()


def describe_curves(
    outcomes: reading.Outcomes, curves: dict[str, EventCurve], times: list[float], *, robust: bool = False
) -> dict:
    def by_name(tables: dict[str, object]) -> dict[str, object]:
        return {outcomes.name(label): table for label, table in tables.items()}

    return {
        "table": by_name(
            {label: describe_steps(outcomes, label, curve, robust=robust) for label, curve in curves.items()}
        ),
        "at_times": by_name(
            {
                label: describe_table(read_curve_at(curve, times), robust=robust)
                for label, curve in curves.items()
            }
        ),
        "quantiles": compare.ByOption("probs", Quantiles(curves)),
    }


class Quantiles(dict):
    """Quantiles by the shares that are asked for."""

    def __init__(self, curves: dict[str, EventCurve]) -> None:
        super().__init__()
        self.curves = curves

    def get(self, shares: tuple[float, ...] | float | None, default: object = None) -> object:
        """Compute the quantiles at these shares, as rows by group."""
        if shares is None:
            return default
        asked = reading.as_list(list(shares) if isinstance(shares, tuple) else shares)
        found = [curve_quantiles(curve, asked, crossing="nearest") for curve in self.curves.values()]
        columns = {"est": "time_days", "lower": "lower", "upper": "upper"}
        values = {name: [part[column].to_list() for part in found] for name, column in columns.items()}
        return {"probs": asked} | {name: rows[0] if len(rows) == 1 else rows for name, rows in values.items()}


def describe_steps(
    outcomes: reading.Outcomes, label: str, curve: EventCurve, *, robust: bool
) -> dict | compare.OneOf:
    """Describe every day; a row that the next row of its unit continues is not censored."""
    described = describe_table(curve.table, robust=robust)
    if not (outcomes.has_entry and outcomes.cluster):
        return described
    goes_on = (pl.col("entry_days").shift(-1) <= pl.col("time_days")).fill_null(value=False).over("cluster")
    weight = pl.col("weight").sum() if outcomes.weight else pl.len()
    ordered = outcomes.frame.sort("cluster", "time_days").with_columns(goes_on=goes_on)
    rows = replace(outcomes, frame=ordered.filter("goes_on", cause=0)).rows(label)
    on_day = {float(day): amount for day, amount in rows.group_by("time_days").agg(amount=weight).rows()}
    left = [
        number - on_day.get(float(day), 0)
        for day, number in zip(described["time"], described["n_censor"], strict=True)
    ]
    described["n_censor"] = left
    something = [
        number > 1e-9 or events > 0 for number, events in zip(left, described["n_event"], strict=True)
    ]
    shorter = {
        name: [value for value, keep in zip(values, something, strict=True) if keep]
        for name, values in described.items()
    }
    if len(outcomes.names) > 1:
        reason = "the reference looks rows up in the whole file, by their place in the group"
        described["n_censor"] = shorter["n_censor"] = compare.NotCompared(reason)
    # Versions of the reference list the days on which rows only continue, or leave them out.
    return compare.OneOf((described, shorter))


def describe_table(table: pl.DataFrame, *, robust: bool = False) -> dict:
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
    if robust:
        # At 0 the jackknife has no spread, which the reference prints; it is no statement of certainty.
        for name in ("se_surv", "lower", "upper"):
            described[name] = [
                compare.OneOf((None, 0.0)) if survival == 0 else value
                for value, survival in zip(described[name], table["survival"], strict=True)
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
        "strata": sizes if len(curves) > 1 else None,
    }


def describe_restricted_means(outcomes: reading.Outcomes, curves: dict[str, EventCurve]) -> object:
    last = math.ceil(outcomes.frame["time_days"].max())
    name = outcomes.name if len(curves) > 1 else (lambda _: "V1")

    class Horizons(dict):
        """Restricted means by horizon, each computed when it is asked for."""

        def get(self, horizon: float, default: object = None) -> object:
            if not 0 < horizon <= last:
                return default
            means = {name(label): area_of(curve, horizon) for label, curve in curves.items()}
            return {"tau": horizon, "table": means}

    return compare.ByOption("tau", Horizons())


def area_of(curve: EventCurve, horizon: float) -> list[float]:
    """Return the area and its error; the reference takes sums of weights for patients in the latter."""
    table = curve.table
    if "weighted_n_risk" in table.columns:
        table = table.with_columns(n_risk="weighted_n_risk", n_event="weighted_n_event")
    return list(restricted_mean(replace(curve, table=table), horizon))


HANDLERS = {"kaplan_meier": handle_kaplan_meier}
