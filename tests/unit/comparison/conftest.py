"""Rows whose standardised risks can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from analytics.comparison.results import StandardisedComparison
from analytics.comparison.standardisation import standardise

CELLS = pl.DataFrame(
    {
        "severe": [False, False, True, True],
        "device": ["burr", "balloon", "burr", "balloon"],
        "n": [20, 40, 30, 10],
        "events": [4, 4, 15, 4],
    }
)
"""Crude 19/50 and 8/50. Within strata 0.2 and 0.1, 0.5 and 0.4; strata of 60 and 40."""


@pytest.fixture
def patients() -> pl.DataFrame:
    """Return one row per patient of the cells."""
    marks = pl.int_ranges(0, pl.col("n")).list.eval(pl.element())
    rows = CELLS.with_columns(rank=marks).explode("rank")
    return rows.select("severe", "device", outcome=pl.col("rank") < pl.col("events"))


@pytest.fixture
def births() -> pl.DataFrame:
    """Sixty-three triples of rows, drawn up so that R can be asked."""
    k = np.arange(189)
    group = np.array(["one", "two", "three"])[(k * k + k // 7) % 3]
    age, dose = 14 + (k * 37) % 32, 80 + (k * 61) % 171
    is_event = ((k * 53) % 100) < 10 + 12 * (group == "two") + 20 * (group == "three") + age // 2
    return pl.DataFrame({"group": group, "age": age, "dose": dose, "y": is_event, "patient": k // 3})


@pytest.fixture
def compare() -> Callable[..., StandardisedComparison]:
    """Return a function that standardises rows by calcification, with other choices where given."""

    def run(rows: pl.DataFrame, **choices: object) -> StandardisedComparison:
        given = {
            "outcome": "outcome",
            "exposure": "device",
            "levels": ("burr", "balloon"),
            "covariates": ("severe",),
        }
        found = standardise(rows, **{**given, **choices})
        assert isinstance(found, StandardisedComparison)
        return found

    return run
