"""Reference cases of E-values: ratios with limits, of rare and of common outcomes."""

from __future__ import annotations

import polars as pl

from analytics.claims.evalue import estimate_e_value, risk_ratio_scale

MEASURES = {"OR": "odds_ratio", "HR": "hazard_ratio"}


def handle_e_values(case: dict, frame: pl.DataFrame) -> dict:
    del case
    return {"rows": [describe(row) for row in frame.iter_rows(named=True)]}


def describe(row: dict) -> dict:
    """Bring a ratio to the scale of risks where its outcome is common, and give its E-values."""
    kind, _, outcome = row["measure"].partition("_")
    numbers = [row["est"], row["lo"], row["hi"]]
    if outcome == "common":
        numbers = [risk_ratio_scale(number, measure=MEASURES[kind]) for number in numbers]
    found = estimate_e_value(*numbers)
    return {"rr_scale": numbers, "evalue_point": found.point, "evalue_ci": found.limit}


HANDLERS = {"evalue": handle_e_values}
