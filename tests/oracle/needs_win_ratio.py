"""Reference cases of the win ratio: from a call to numbers."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from analytics.survival.results_win_ratio import WinRatio
from analytics.survival.win_ratio import MeasuredOutcome, PairGroups, TimedOutcome, estimate_win_ratio
from analytics.survival.win_ratio_recurrent import estimate_recurrent_win_ratio

RULES = {"Gehan": "gehan", "Peron": "peron"}
"""How R and we name what becomes of pairs that censoring leaves open."""


def handle_win_ratio(case: dict, frame: pl.DataFrame) -> dict | None:
    """Answer for a hierarchy of outcomes by the rules that the case names, or for recurrent events."""
    call = case["call"]
    if "priority" in call:
        rules = [name for name in RULES if name in case["r_code"] or name == "Gehan"]
        return {name: describe_hierarchy(call, frame, RULES[name]) for name in rules}
    return describe_recurrent(call, frame)


def describe_hierarchy(call: dict, frame: pl.DataFrame, scoring: str) -> dict:
    arms = frame[call["arm"]].cast(pl.String).unique().sort().to_list()
    treated = str(call["treated"])
    reference = next(arm for arm in arms if arm != treated)
    texts = call["priority"] if isinstance(call["priority"], list) else [call["priority"]]
    found = estimate_win_ratio(
        frame,
        [read_outcome(text) for text in texts],
        PairGroups(call["arm"], treated, reference, tuple(as_list(call.get("strata")))),
        scoring=scoring,
        # BuyseTest's default for the influence of the curves, iid.surv = "exp".
        curve_influence="exponential",
    )
    assert isinstance(found, WinRatio)
    table = found.table
    return {
        "n_pairs": table["n_pairs"][0],
        "count_favorable": table["n_win"].to_list(),
        "count_unfavorable": table["n_loss"].to_list(),
        "count_neutral": table["n_neutral"].to_list(),
        "count_uninf": table["n_uninformative"].to_list(),
        "win_ratio": {
            "estimate": table["win_ratio"].to_list(),
            "se": (table["win_ratio"] * table["win_ratio_std_error"]).to_list(),
            **limits(table, "win_ratio", null=1),
        },
        "net_benefit": {
            "estimate": table["net_benefit"].to_list(),
            "se": table["net_benefit_std_error"].to_list(),
            **limits(table, "net_benefit", null=0),
        },
    }


def limits(table: pl.DataFrame, name: str, *, null: int) -> dict:
    return {
        "lower.ci": table[f"{name}_lower"].to_list(),
        "upper.ci": table[f"{name}_upper"].to_list(),
        "null": [null] * table.height,
        "p.value": table[f"{name}_p_value"].to_list(),
    }


def read_outcome(text: str) -> TimedOutcome | MeasuredOutcome:
    """Read `time/status, threshold 30` or `karno, threshold 10, higher better`."""
    name, *rest = (part.strip() for part in text.split(","))
    options = ", ".join(rest)
    found = re.search(r"threshold\s+([0-9.]+)", options)
    threshold = float(found.group(1)) if found else 0.0
    if "/" in name:
        time, event = (part.strip() for part in name.split("/"))
        return TimedOutcome(name, time, event, threshold)
    return MeasuredOutcome(name, name, threshold, higher_is_better="lower better" not in options)


def describe_recurrent(call: dict, frame: pl.DataFrame) -> dict:
    codes = {
        "censor": r"(\d+)\s*(?:=\s*)?censor",
        "death": r"(\d+)\s*(?:=\s*)?(?:death|dead|died)",
        "event": r"(\d+)\s*(?:=\s*)?recurrent",
    }
    status = call["status"]
    words = {name: re.search(pattern, status) for name, pattern in codes.items()}
    code = {
        name: int(found.group(1)) if found else number for number, (name, found) in enumerate(words.items())
    }
    column = status if status in frame.columns else "status"
    rows = frame.with_columns(
        time_days=pl.col(call["time"]),
        cause=pl.col(column).replace_strict({code["censor"]: 0, code["death"]: 1, code["event"]: 2}),
    )
    arms = frame[call["trt"]].cast(pl.String).unique().sort().to_list()
    groups, unit = PairGroups(call["trt"], arms[-1], arms[0]), call["id"]
    last = estimate_recurrent_win_ratio(rows, groups, unit=unit)
    first = estimate_recurrent_win_ratio(rows, groups, unit=unit, tie_break="first")
    assert isinstance(last, WinRatio)
    assert isinstance(first, WinRatio)
    answer = describe_step(last, 2, "last_event_assisted") | describe_step(last, 1, "naive")
    answer |= describe_step(first, 2, "first_event_assisted")
    plain = describe_step(last, 2, "")
    answer |= {"se": plain["se_"], "pval": plain["pval_"], "theta": plain["theta_"]}
    for stratum in as_list(call.get("strata")):
        own = estimate_recurrent_win_ratio(rows, replace(groups, strata=(stratum,)), unit=unit)
        named = describe_step(own, 2, "")
        answer[f"stratified_{stratum}"] = {name.rstrip("_"): value for name, value in named.items()}
    return answer


def describe_step(found: WinRatio, step: int, name: str) -> dict:
    row = found.table.row(step, named=True)
    log_ratio = pl.Series([row["win_ratio"]]).log()[0]
    return {
        f"log_wr_{name}": log_ratio,
        f"se_{name}": row["win_ratio_std_error"],
        f"pval_{name}": row["win_ratio_p_value"],
        f"theta_{name}": [row["win_share"], row["loss_share"]],
    }


def as_list(value: object) -> list:
    return [] if value is None else value if isinstance(value, list) else [value]


HANDLERS = {"win_ratio": handle_win_ratio}
