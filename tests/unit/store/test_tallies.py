"""Rows counted in an array that grows with what the batches hold."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from analytics.store.tallies import tally_rows

KEYS = ["device", "severity", "guided", "time_days", "cause"]


def drawn(n: int, low: int, high: int) -> pl.DataFrame:
    draw = np.random.default_rng(n)
    return pl.DataFrame(
        {
            "device": draw.choice(["ivl", "nc", "orbital"], n),
            "severity": draw.integers(-128, -125, n).astype(np.int8),
            "guided": draw.random(n) < 0.3,
            "time_days": draw.integers(low, high, n).astype(np.int16),
            "cause": draw.integers(0, 3, n).astype(np.uint8),
        }
    )


def test_batches_of_other_ranges_add_up() -> None:
    batches = [drawn(50, 20, 40), drawn(0, 0, 1), drawn(300, 5, 25), drawn(40, 0, 60), drawn(10, 30, 31)]
    whole = pl.concat(batches)
    expected = whole.group_by(KEYS).agg(n=pl.len().cast(pl.Int64)).sort(KEYS)
    counted = tally_rows(batches, KEYS)
    assert counted is not None
    assert counted.schema == expected.schema
    assert counted.sort(KEYS).equals(expected)


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("severity", [1, None], dtype=pl.Int8),
        pl.Series("severity", [1.0, 2.5]),
        pl.Series("severity", [0, 10**9]),
    ],
)
def test_what_has_no_place_in_an_array_is_left_to_others(column: pl.Series) -> None:
    batch = pl.DataFrame({"time_days": [1, 2], "severity": column})
    assert tally_rows([batch], ["time_days", "severity"]) is None


def test_no_rows_give_no_counts() -> None:
    assert tally_rows([], ["time_days"]) is None
    assert tally_rows([drawn(0, 0, 1)], KEYS) is None
