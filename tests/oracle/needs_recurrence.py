"""Reference cases of recurrent events: from a call to numbers."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.mean_cumulative_count import RecurrentColumns, estimate_mean_cumulative_count
from analytics.survival.results_recurrence import MeanCumulativeCount

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


# Columns that a call may name, by what they are in the data made of it.
OPTIONAL = {"weight": "weights", "cluster": "cluster"}


def handle_mean_cumulative_count(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    times = reading.as_list(call["times"])
    counts = {name: count_rows(rows) for name, rows in read_groups(call, frame).items()}
    return {
        "survfit_cumhaz": {name: read_at(count.table, times) for name, count in counts.items()},
        "reda_lawless_nadeau": describe_every_day(call, counts),
    }


def read_groups(call: dict, frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Carry out `Surv(start, stop, event) ~ group` by patient."""
    grouping = reading.group_labels(call.get("group"), frame)
    ready = frame.select(
        patient_id=pl.col(call["id"]),
        entry_days=r_formula.column_expression(call["start"]),
        time_days=r_formula.column_expression(call["stop"]),
        event=r_formula.event_indicator(frame[call["event"]]),
        **({"group": pl.lit(grouping[0])} if grouping else {}),
        **{name: pl.col(call[key]) for name, key in OPTIONAL.items() if call.get(key)},
    ).drop_nulls()
    ready = reading.tie_rounded(ready.filter(pl.col("entry_days") < pl.col("time_days")))
    if not grouping or ready["group"].n_unique() < 2:
        return {"all": ready}
    parts = {
        name: ready.filter(pl.col("group").cast(pl.String) == label) for label, name in grouping[1].items()
    }
    return {name: part for name, part in parts.items() if part.height}


def count_rows(rows: pl.DataFrame) -> MeanCumulativeCount:
    own = {name: name for name in OPTIONAL if name in rows.columns}
    columns = RecurrentColumns(start="entry_days", **own)
    count = estimate_mean_cumulative_count(rows, columns=columns, group="asked for", interval="plain")
    assert isinstance(count, MeanCumulativeCount), count
    return count


def read_at(table: pl.DataFrame, times: list[float]) -> dict:
    asked = reading.as_in_the_file(times, table)
    at = np.searchsorted(table["time_days"].to_numpy(), asked, side="right")
    columns = {
        name: np.concatenate([[0.0], table[source].to_numpy()])[at].tolist()
        for name, source in (("mcf", "mean_count"), ("se_robust_ij", "std_error"))
    }
    return {"times": times, **columns}


def describe_every_day(call: dict, counts: dict[str, MeanCumulativeCount]) -> dict:
    """Lay out every day with its risk set and rate, as a second reference prints them."""
    tables = [
        count.table.with_columns(group=pl.lit(name.split("=", 1)[-1])) for name, count in counts.items()
    ]
    table = pl.concat(tables)
    names = ["time", "numRisk", "instRate", "MCF", "se", "lower", "upper"]
    rate = (table["n_event"] / table["n_risk"]).to_list()
    sources = ("time_days", "n_risk", "", "mean_count", "std_error", "lower", "upper")
    columns = {
        name: table[source].to_list() if source else rate for name, source in zip(names, sources, strict=True)
    }
    if not call.get("group"):
        return {"cols": names, "table": compare.RowsByKey(("time",), columns)}
    columns[call["group"]] = table["group"].to_list()
    return {
        "cols": [*names, call["group"]],
        "table": compare.RowsByKey(("time", call["group"]), columns),
    }


HANDLERS = {"mean_cumulative_count": handle_mean_cumulative_count}
