"""Baseline tables and standardised differences on six rows."""

from __future__ import annotations

import math

import polars as pl
import pytest

from analytics.baseline import BASELINE_SCHEMA, DIFFERENCE_SCHEMA, describe_baseline
from analytics.errors import SpecificationError

FRAME = pl.DataFrame(
    {
        "arm": ["a", "a", "a", "a", "b", "b", None],
        "age": [60, 70, 80, None, 65, 75, 99],
        "diabetes": [True, False, False, None, True, True, True],
        "vessel": ["LAD", "LAD", "RCA", None, "RCA", "RCA", "LM"],
    }
)


def row(variable: str, group: str, level: str | None = None) -> dict[str, object]:
    table = describe_baseline(FRAME, ["age", "diabetes", "vessel"], by="arm").table
    matches = table.filter(
        (pl.col("variable") == variable)
        & (pl.col("group") == group)
        & pl.col("level").eq_missing(pl.lit(level))
    )
    return matches.row(0, named=True)


def difference(variable: str, level: str | None = None) -> float | None:
    table = describe_baseline(FRAME, ["age", "diabetes", "vessel"], by="arm").differences
    matches = table.filter((pl.col("variable") == variable) & pl.col("level").eq_missing(pl.lit(level)))
    return matches.item(0, "difference")


def test_number_is_described_over_known_values() -> None:
    # 60, 70, 80: mean 70, sd 10, type 7 quartiles 65 and 75.
    found = row("age", "a")
    assert (found["n"], found["n_known"], found["mean"], found["sd"]) == (4, 3, 70.0, 10.0)
    assert (found["median"], found["lower_quartile"], found["upper_quartile"]) == (70.0, 65.0, 75.0)


def test_quartiles_interpolate_as_type_seven() -> None:
    # 65 and 75: quartiles at 65 + 0.25 * 10 and 65 + 0.75 * 10.
    found = row("age", "b")
    assert (found["lower_quartile"], found["upper_quartile"]) == (67.5, 72.5)


def test_claim_is_a_share_of_known_values() -> None:
    found = row("diabetes", "a", "true")
    assert (found["n"], found["n_known"], found["n_level"]) == (4, 3, 1)
    assert found["share"] == pytest.approx(1 / 3)


def test_levels_of_a_text_are_described_one_by_one() -> None:
    assert row("vessel", "a", "LAD")["n_level"] == 2
    assert row("vessel", "b", "LAD")["n_level"] == 0


def test_difference_of_means_divides_by_the_root_of_the_mean_variance() -> None:
    # Means 70 and 70: no difference; shares 1/3 and 1: (1 - 1/3) / sqrt((2/9 + 0) / 2) = 2.
    assert difference("age") == 0.0
    assert difference("diabetes", "true") == pytest.approx(2.0)


def test_difference_of_a_level_uses_the_variance_of_a_share() -> None:
    # RCA: 1/3 against 1, as above.
    assert difference("vessel", "RCA") == pytest.approx((1 - 1 / 3) / math.sqrt((2 / 9) / 2))


def test_difference_without_variance_is_no_number() -> None:
    frame = pl.DataFrame({"arm": ["a", "a", "b", "b"], "stent": [True, True, False, False]})
    assert describe_baseline(frame, ["stent"], by="arm").differences.item(0, "difference") is None


def test_group_without_values_has_no_difference() -> None:
    frame = pl.DataFrame({"arm": ["a", "a", "b"], "age": [60.0, 61.0, None]})
    found = describe_baseline(frame, ["age"], by="arm")
    assert found.differences.item(0, "difference") is None
    assert found.table.filter(pl.col("group") == "b").item(0, "n_known") == 0


def test_reference_is_the_first_group_named() -> None:
    found = describe_baseline(FRAME, ["diabetes"], by="arm", groups=["b", "a"])
    assert found.groups == ("b", "a")
    assert found.differences.select("group", "reference").row(0) == ("a", "b")
    assert found.differences.item(0, "difference") == pytest.approx(-2.0)


def test_no_rows_give_empty_tables() -> None:
    found = describe_baseline(FRAME.head(0), ["age"], by="arm")
    assert (found.table.schema, found.differences.schema) == (BASELINE_SCHEMA, DIFFERENCE_SCHEMA)
    assert found.table.height == found.differences.height == 0


def test_unknown_column_is_a_users_error() -> None:
    with pytest.raises(SpecificationError, match="no column height"):
        describe_baseline(FRAME, ["height"], by="arm")
