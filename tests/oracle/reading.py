"""Reads the data of a case into the columns that estimators take."""

from __future__ import annotations

import importlib.util
import math
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

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


r_formula = _sibling("r_formula")


@dataclass(frozen=True)
class Outcomes:
    """Rows with the columns that estimators read, and how the groups are called."""

    frame: pl.DataFrame
    group: str | None
    has_entry: bool
    weight: str | None
    cluster: str | None

    def labels(self) -> list[str]:
        """Return the group labels as the estimators name them; one stands for everybody."""
        if self.group is None:
            return ["all"]
        return self.frame["group"].unique().sort().cast(pl.String).to_list()

    def name(self, label: str) -> str:
        """Return a group as the reference names it."""
        return label if self.group is None else f"{self.group}={label}"

    def rows(self, label: str) -> pl.DataFrame:
        """Return the rows of one group."""
        return (
            self.frame if self.group is None else self.frame.filter(pl.col("group").cast(pl.String) == label)
        )


def read_outcomes(call: dict, frame: pl.DataFrame, also: tuple[str, ...] = ()) -> Outcomes:
    """Carry out `Surv(time, event)` or `Surv(entry, time, event)` and leave rows with an absent value out."""
    inside = re.fullmatch(r"\s*Surv\((.*)\)\s*", call["surv"]).group(1)
    parts = [r_formula.column_expression(text) for text in r_formula.split_outside(inside, ",")]
    columns = {"time_days": parts[-2], "status": parts[-1]}
    optional = {"group": call.get("group"), "weight": call.get("weights"), "cluster": call.get("id")}
    columns |= {name: pl.col(source) for name, source in optional.items() if source}
    columns |= {f"also_{name}": pl.col(name) for name in also}
    if len(parts) == 3:
        columns["entry_days"] = parts[0]
    ready = tie_rounded(frame.select(**columns).drop_nulls())
    cause = r_formula.event_indicator(ready["status"]).cast(pl.Int8)
    return Outcomes(
        frame=ready.with_columns(cause=cause),
        group=call.get("group"),
        has_entry=len(parts) == 3,
        weight="weight" if call.get("weights") else None,
        cluster="cluster" if call.get("id") else None,
    )


def read_states(call: dict, frame: pl.DataFrame) -> Outcomes:
    columns = {
        "time_days": r_formula.column_expression(call["time"]),
        "cause": pl.col(call["state"]).cast(pl.Int64),
    }
    optional = {"group": call.get("group"), "weight": call.get("weights"), "cluster": call.get("id")}
    columns |= {name: pl.col(source) for name, source in optional.items() if source}
    if call.get("entry"):
        columns["entry_days"] = r_formula.column_expression(call["entry"])
    return Outcomes(
        frame=tie_rounded(frame.select(**columns).drop_nulls()),
        group=call.get("group"),
        has_entry=bool(call.get("entry")),
        weight="weight" if call.get("weights") else None,
        cluster="cluster" if call.get("id") else None,
    )


def tie_rounded(frame: pl.DataFrame) -> pl.DataFrame:
    """Follow the reference: computed times that differ by rounding only are tied."""
    names = [name for name in ("entry_days", "time_days") if name in frame.columns]
    if not frame.height or not any(frame.schema[name].is_float() for name in names):
        return frame
    known = np.unique(np.concatenate([frame[name].to_numpy() for name in names]))
    gap = np.diff(known, prepend=-np.inf)
    first = known[(gap > 1.5e-8) & (gap / np.abs(known).mean() > 1.5e-8)]
    return frame.with_columns(
        pl.Series(name, first[np.searchsorted(first, frame[name].to_numpy(), side="right") - 1])
        for name in names
    )


def is_robust(outcomes: Outcomes, call: dict) -> bool:
    """Follow the reference: robust on request, with fractional weights, and with repeated units."""
    frame = outcomes.frame
    fractional = outcomes.weight is not None and bool((frame["weight"] != frame["weight"].round()).any())
    repeated = outcomes.cluster is not None and frame["cluster"].n_unique() < frame.height
    return bool(call.get("robust")) or fractional or repeated


def every_day(times: pl.Series) -> list[int]:
    """Return whole days up to twice the longest follow-up: a case may show any of them."""
    return list(range(2 * math.ceil(times.max()) + 1))


def as_list(value: object) -> list:
    return value if isinstance(value, list) else [value]
