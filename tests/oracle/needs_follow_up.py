"""Reference cases of follow-up by the reverse Kaplan-Meier method: from a call to numbers."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.survival.curve_reading import read_curve_at
from analytics.survival.event_counts import count_events
from analytics.survival.follow_up import estimate_follow_up

if TYPE_CHECKING:
    from types import ModuleType

    import polars as pl


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
reading = _sibling("reading")


def handle_median_followup(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    surv = f"Surv({call['time']},{call['event']})"
    outcomes = reading.read_outcomes({"surv": surv, "group": call.get("group")}, frame)
    everybody = reading.read_outcomes({"surv": surv}, frame)
    level = reading.read_options(case).confidence
    events_first = estimate_follow_up(count_events(everybody.frame), group="all", ties="events_first").curve
    curves = {
        label: estimate_follow_up(count_events(outcomes.rows(label)), group=label, confidence=level).curve
        for label in outcomes.labels()
    }

    def read(keys: list[tuple]) -> dict[str, list[float]]:
        days = [day for (day,) in keys]
        asked = reading.as_in_the_file(days, everybody.frame)
        return {"times": days, "surv": read_curve_at(events_first, asked)["survival"].to_list()}

    return {
        "quantiles": compare.ByOption("probs", needs_event_curves.Quantiles(curves)),
        "prodlim_reverse": compare.RowsByKey(("times",), read),
    }


HANDLERS = {"median_followup": handle_median_followup}
