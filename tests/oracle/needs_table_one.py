"""Reference cases of baseline tables: from a call to numbers."""

from __future__ import annotations

import numpy as np
import polars as pl

from analytics.baseline import BaselineTable, describe_baseline
from analytics.baseline_tests import compare_baseline, compare_counts, compare_shares_in_order

MOST_LEVELS = 12
OUTCOMES = ("mace", "event", "dead", "death", "died")
STATISTICS = {
    "mean": "mean",
    "sd": "sd",
    "median": "median",
    "q25": "lower_quartile",
    "q75": "upper_quartile",
}
TESTS = {"anova_p": "anova", "welch_p": "welch", "kruskal_p": "kruskal_wallis"}


def handle_table_one(case: dict, frame: pl.DataFrame) -> dict:
    """Describe every column of numbers, every column of 0 and 1, and every grade, by group."""
    by = case["call"]["group"]
    levels = [str(level) for level in case["call"]["levels"]]
    rows = frame.with_columns(pl.col(by).cast(pl.String)).filter(pl.col(by).is_in(levels))
    numbers = [name for name in rows.columns if name != by and rows.schema[name].is_numeric()]
    binary = [name for name in numbers if set(rows[name].drop_nulls().unique()) <= {0, 1}]
    answer = {
        "continuous": describe_numbers(rows, [name for name in numbers if name not in binary], by, levels),
        "binary": {name: describe_binary(rows, name, by, levels) for name in binary},
    }
    # The true grade stands where there is one beside an observed one.
    graded = [name for name in numbers if rows[name].drop_nulls().n_unique() <= MOST_LEVELS]
    for name in sorted(set(graded) - set(binary), key=lambda name: name.endswith("_true")):
        stem = name.removesuffix("_true").removesuffix("_obs")
        answer[f"{stem}_by_{by}"] = describe_grades(frame, rows, name, case["call"])
    return answer


def describe_numbers(rows: pl.DataFrame, names: list[str], by: str, levels: list[str]) -> dict:
    found: BaselineTable = describe_baseline(rows, names, by=by, groups=levels)
    tests = compare_baseline(rows, names, by=by, groups=levels)
    return {
        name: {key: found.table.filter(variable=name)[column].to_list() for key, column in STATISTICS.items()}
        | {key: tests.filter(variable=name, test=test)["p_value"].item() for key, test in TESTS.items()}
        for name in names
    }


def describe_binary(rows: pl.DataFrame, name: str, by: str, levels: list[str]) -> dict:
    yes = rows.with_columns(pl.col(name) == 1)
    found = describe_baseline(yes, [name], by=by, groups=levels).table
    return {
        "n": found["n_level"].to_list(),
        "chisq_p": compare_baseline(yes, [name], by=by, groups=levels)["p_value"].item(),
    }


def describe_grades(frame: pl.DataFrame, rows: pl.DataFrame, name: str, call: dict) -> dict:
    """Cross groups with grades; the trend is that of the outcome over the grades, in everybody."""
    by, levels = call["group"], [str(level) for level in call["levels"]]
    found = describe_baseline(
        rows.with_columns(pl.col(name).cast(pl.String)), [name], by=by, groups=levels
    ).table
    ordered = sorted(rows[name].drop_nulls().unique())
    counts = [found.filter(level=str(grade))["n_level"].to_list() for grade in ordered]
    table = np.array(counts, dtype=np.float64).T
    statistic, _, p_value = compare_counts(table, yates=True)
    answer = {"table": table.tolist(), "chisq": statistic, "p": p_value}
    outcome = call.get("outcome") or next((name for name in OUTCOMES if name in frame.columns), None)
    if outcome in frame.columns:
        grades = frame.group_by(name).agg(event=pl.col(outcome).sum(), n=pl.len()).drop_nulls(name).sort(name)
        trend = compare_shares_in_order(grades["event"].to_list(), grades["n"].to_list())
        answer["cochran_armitage_severe"] = trend[1]
    return answer


HANDLERS = {"table_one": handle_table_one}
