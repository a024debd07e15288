"""Reference cases of discrimination and calibration (survival, timeROC, riskRegression)."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from analytics.survival.calibration import estimate_calibration_slope, estimate_group_calibration
from analytics.survival.discrimination import estimate_auc, estimate_concordance_index
from analytics.survival.discrimination_brier import estimate_brier_score, integrate_scores
from analytics.survival.discrimination_data import Predictions, read_predictions

if TYPE_CHECKING:
    from types import ModuleType

    from analytics.survival.results_prediction import GroupCalibration

COUNTS = ("concordant", "discordant", "tied_score", "tied_time", "tied_both")
COUNT_NAMES = ["concordant", "discordant", "tied.x", "tied.y", "tied.xy"]


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


def concordance(data: Predictions, weights: str, horizon: float | None = None) -> dict:
    found = estimate_concordance_index(data, weights=weights, horizon=horizon)
    return {
        "ymax": horizon,
        "c": found.index,
        "se": found.std_error,
        "counts": [getattr(found, name) for name in COUNTS],
        "count_names": COUNT_NAMES,
    }


def roc(data: Predictions, times: list[float]) -> dict:
    found = [estimate_auc(data, horizon=time, by="marker", convention="strict") for time in times]
    return {"times": times, "auc": [one.auc for one in found], "se": [one.std_error for one in found]}


def score(data: Predictions, times: list[float]) -> dict:
    areas = [estimate_auc(data, horizon=time) for time in times]
    briers = [estimate_brier_score(data, horizon=time) for time in times]
    null, own = [one.null_score for one in briers], [one.score for one in briers]
    return {
        "AUC": {
            "model": ["model"] * len(times),
            "times": times,
            "AUC": [one.auc for one in areas],
            "se": [one.std_error for one in areas],
            "lower": [one.lower for one in areas],
            "upper": [one.upper for one in areas],
        },
        "Brier": {
            "model": ["Null model"] * len(times) + ["model"] * len(times),
            "times": [*times, *times],
            "Brier": null + own,
            "se": [one.null_std_error for one in briers] + [one.std_error for one in briers],
            "lower": [one.null_lower for one in briers] + [one.lower for one in briers],
            "upper": [one.null_upper for one in briers] + [one.upper for one in briers],
            "IBS": [*integrate_scores(times, null), *integrate_scores(times, own)],
            "IPA": [0.0] * len(times) + [one.ipa for one in briers],
        },
    }


def limits(table: pl.DataFrame, side: str) -> list[object]:
    """Let limits be 0 or absent where nobody had the event: R's versions differ there."""
    return [
        compare.OneOf((limit, None)) if observed == 0 else limit
        for limit, observed in table.select(side, "observed").iter_rows()
    ]


def by_groups(found: GroupCalibration) -> dict:
    table = found.table
    return {
        "group": table["group"].to_list(),
        "mean_pred": table["mean_predicted"].to_list(),
        "obs_km_risk": table["observed"].to_list(),
        "obs_lower": limits(table, "lower"),
        "obs_upper": limits(table, "upper"),
        "overall_obs": found.observed,
        "overall_pred": found.predicted,
        "OE_ratio": found.ratio,
    }


def handle_discrimination(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    times = [float(time) for time in reading.as_list(call["times"])]
    columns = reading.as_list(call.get("risk_columns") or [])
    frame = frame.with_columns(r_formula.event_indicator(frame[call["event"]]).alias(".event"))
    data = read_predictions(
        frame,
        time=call["time"],
        event=".event",
        marker=call["marker"],
        risks=dict(zip(times, columns, strict=True)) if columns else None,
    )
    slope = estimate_calibration_slope(data)
    answer = {
        "harrell": concordance(data, "harrell"),
        "harrell_ymax": concordance(data, "harrell", max(times)),
        "uno_survival": concordance(data, "uno"),
        "uno_survival_ymax": concordance(data, "uno", max(times)),
        "uno_survAUC": compare.NotCompared("survival's weights are the target where the packages differ"),
        "timeROC_marginal": roc(data, times),
        "calibration_slope": {"slope": slope.slope, "se": slope.std_error},
    }
    if columns:
        answer["score"] = score(data, times)
        answer["calibration_deciles"] = {
            f"t{time:g}": by_groups(estimate_group_calibration(data, horizon=time)) for time in times
        }
    return answer


HANDLERS = {"discrimination_calibration": handle_discrimination}
