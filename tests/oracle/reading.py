"""Reads the data of a case into the columns that estimators take."""

from __future__ import annotations

import importlib.util
import itertools
import math
import re
import sys
from dataclasses import dataclass, replace
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
r_values = _sibling("r_values")


@dataclass(frozen=True)
class Options:
    """What a call of the reference asks for beside its columns, in its own arguments, code or notes."""

    confidence: float
    product_limit: bool
    tied_hazard: bool
    start: float | None


@dataclass(frozen=True)
class Outcomes:
    """Rows with the columns that estimators read, and how the reference calls the groups."""

    frame: pl.DataFrame
    names: dict[str, str]
    has_entry: bool
    weight: str | None
    cluster: str | None

    def labels(self) -> list[str]:
        """Return the group labels in the order of the reference; one stands for everybody."""
        return list(self.names) or ["all"]

    def name(self, label: str) -> str:
        """Return a group as the reference names it; a single group has no name there."""
        return self.names[label] if len(self.names) > 1 else "all"

    def rows(self, label: str) -> pl.DataFrame:
        """Return the rows of one group."""
        if not self.names:
            return self.frame
        return self.frame.filter(pl.col("group").cast(pl.String) == label)


def read_options(case: dict) -> Options:
    """Find the options of a curve: the call may name them, or the code or notes beside it."""
    text = f"{case.get('r_code')} {case.get('notes')}"
    named = {key.replace("_", ".").lower(): value for key, value in case["call"].items()}

    def found(*keys: str) -> float | None:
        for key in keys:
            if named.get(key) is not None:
                return float(named[key])
            stated = re.search(rf"\b{re.escape(key)}\s*=\s*([0-9.]*[0-9])", text)
            if stated:
                return float(stated[1])
        return None

    return Options(
        confidence=found("conf.int", "conf.level", "confidence", "level") or 0.95,
        product_limit=found("stype") != 2,
        tied_hazard=found("ctype") == 2,
        start=found("start.time"),
    )


def read_outcomes(call: dict, frame: pl.DataFrame, also: tuple[str, ...] = ()) -> Outcomes:
    """Carry out `Surv(time, event)` or `Surv(entry, time, event)` and leave rows with an absent value out."""
    inside = re.fullmatch(r"\s*Surv\((.*)\)\s*", call["surv"]).group(1)
    parts = [r_formula.column_expression(text) for text in r_formula.split_outside(inside, ",")]
    columns = {"time_days": parts[-2], "status": parts[-1]}
    columns |= {f"also_{name}": pl.col(name) for name in also}
    if len(parts) == 3:
        columns["entry_days"] = parts[0]
    outcomes = _read(call, frame, columns)
    cause = r_formula.event_indicator(outcomes.frame["status"]).cast(pl.Int8)
    return replace(outcomes, frame=outcomes.frame.with_columns(cause=cause))


def read_states(call: dict, frame: pl.DataFrame) -> Outcomes:
    """Carry out a time and a state, with its entry where there is one."""
    columns = {
        "time_days": r_formula.column_expression(call["time"]),
        "cause": pl.col(call["state"]).cast(pl.Int64),
    }
    if call.get("entry"):
        columns["entry_days"] = r_formula.column_expression(call["entry"])
    return _read(call, frame, columns)


def _read(call: dict, frame: pl.DataFrame, columns: dict[str, pl.Expr]) -> Outcomes:
    """Add groups, weights and units; rows with an absent value are left out."""
    grouping = group_labels(call.get("group"), frame)
    columns = dict(columns)
    if grouping is not None:
        columns["group"] = pl.lit(grouping[0])
    if call.get("weights"):
        columns["weight"] = pl.col(call["weights"])
    if call.get("id"):
        # A unit that the file does not hold is the row.
        known = call["id"] in frame.columns
        columns["cluster"] = pl.col(call["id"]) if known else pl.int_range(frame.height)
    ready = tie_rounded(frame.select(**columns).drop_nulls())
    present = set() if grouping is None else set(ready["group"].cast(pl.String))
    return Outcomes(
        frame=ready,
        names={} if grouping is None else {k: v for k, v in grouping[1].items() if k in present},
        has_entry="entry_days" in columns,
        weight="weight" if call.get("weights") else None,
        cluster="cluster" if call.get("id") else None,
    )


def group_labels(text: str | None, frame: pl.DataFrame) -> tuple[pl.Series, dict[str, str]] | None:
    """Return the group of every row in the order of the reference, and the name of every group."""
    terms = r_formula.split_outside(str(text or "1"), "+")
    if terms == ["1"]:
        return None
    labels, levels, names = zip(*(term_labels(term, frame) for term in terms), strict=True)
    # From the second term on the reference pads names to one width.
    widths = [0] + [max(map(len, part.values())) for part in names[1:]]
    known = {
        ", ".join(chosen): ", ".join(
            part[level].ljust(width) for part, level, width in zip(names, chosen, widths, strict=True)
        )
        for chosen in itertools.product(*levels)
    }
    joined = pl.DataFrame(list(labels)).select(pl.concat_str(pl.all(), separator=", ")).to_series()
    return joined.cast(pl.Enum(list(known))), known


def term_labels(term: str, frame: pl.DataFrame) -> tuple[pl.Series, list[str], dict[str, str]]:
    """Return one term as text, its levels in order, and their names."""
    inside = re.fullmatch(r"(?:as\.)?(?:factor|character|strata)\((.*)\)", term)
    expression = r_formula.column_expression(inside[1] if inside else term)
    values = frame.select(expression).to_series()
    levels = values.drop_nulls().unique()
    ordered = levels.sort().to_list() if levels.dtype.is_numeric() else r_values.r_sorted(levels.to_list())
    shown = {value: r_values.r_text(value) for value in ordered}
    spaced = re.sub(r"\s*(==|!=|>=|<=|<|>|[-/|&])\s*", r" \1 ", term)
    labels = pl.Series(f"{term}", [shown.get(value) for value in values], dtype=pl.String)
    return labels, list(shown.values()), {level: f"{spaced}={level}" for level in shown.values()}


def as_in_the_file(times: object, frame: pl.DataFrame) -> list[float]:
    """Follow the reference: a time asked for that differs by rounding from one in the file is that time."""
    known = np.unique(frame["time_days"].cast(pl.Float64).to_numpy())
    found = []
    for time in as_list(times):
        nearest = known[np.abs(known - time).argmin()] if known.size else np.inf
        found.append(float(nearest) if abs(nearest - time) <= 1.5e-8 * max(abs(time), 1.0) else time)
    return found


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
    """Follow the reference: robust on request, with fractional weights, with repeated events."""
    frame = outcomes.frame
    fractional = outcomes.weight is not None and bool((frame["weight"] != frame["weight"].round()).any())
    repeated = outcomes.cluster is not None and frame.filter(cause=1)["cluster"].is_duplicated().any()
    return bool(call.get("robust")) or fractional or repeated


def every_day(times: pl.Series) -> list[int]:
    """Return whole days up to twice the longest follow-up: a case may show any of them."""
    return list(range(2 * math.ceil(times.max()) + 1))


def as_list(value: object) -> list:
    return value if isinstance(value, list) else [value]
