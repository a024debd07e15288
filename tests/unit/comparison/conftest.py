"""Rows whose standardised risks can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

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
