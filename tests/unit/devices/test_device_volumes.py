"""Volumes and running case numbers on hand-made procedures."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from analytics.devices.case_numbers import CaseBands, CaseRange, number_cases, read_case_bands
from analytics.devices.learning import LearningCurve, estimate_learning
from analytics.devices.volumes import UnitVolumes, count_by_period, estimate_unit_volumes, quarter_of
from analytics.errors import SpecificationError
from analytics.proportions.results import CountTest
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from pathlib import Path

RA = "rotational_atherectomy"
IVL = "intravascular_lithotripsy"
BANDS = CaseBands((1, 3, 5), 365)


def procedures() -> pl.DataFrame:
    """Seven procedures at six sites in two years, one undated."""
    return pl.DataFrame(
        {
            "procedure_id": ["p1", "p2", "p3", "p4", "p5", "p6", "p7"],
            "site_id": ["a", "b", "c", "d", "e", "f", "a"],
            "year": [2023, 2023, 2023, 2024, 2024, 2024, None],
        }
    )


def uses() -> pl.DataFrame:
    """Burrs in p1 (two of them) to p5 and p7, a lithotripsy balloon in p6."""
    return pl.DataFrame(
        {
            "procedure_id": ["p1", "p1", "p2", "p3", "p4", "p5", "p7", "p6"],
            "device_class": [RA, RA, RA, RA, RA, RA, RA, IVL],
        }
    )


def test_a_procedure_counts_once_however_many_burrs_and_zeros_are_shown() -> None:
    counts = count_by_period(procedures(), uses(), period="year", devices=(RA, IVL))
    assert counts.rows() == [(2023, RA, 3, 3), (2023, IVL, 0, 3), (2024, RA, 2, 3), (2024, IVL, 1, 3)]


def test_quarter_is_named() -> None:
    frame = pl.DataFrame({"day": [date(2024, 3, 31), date(2024, 4, 1), None]}, schema={"day": pl.Date})
    assert frame.select(quarter_of("day")).to_series().to_list() == ["2024-Q1", "2024-Q2", None]


def test_sites_without_a_device_are_counted_and_none_is_named() -> None:
    ra, ivl = estimate_unit_volumes(procedures(), uses(), unit="site_id", devices=(RA, IVL))
    assert isinstance(ra, UnitVolumes)
    assert (ra.n_procedures, ra.n_all, ra.n_unknown) == (6, 7, 0)
    assert (ra.without.n_events, ra.without.n_total) == (1, 6)
    assert (ra.lowest, ra.median, ra.highest) == (1, 1.0, 2)
    assert isinstance(ivl, UnitVolumes)
    assert (ivl.lowest, ivl.median, ivl.highest) == (None, None, None)


def test_procedures_without_operator_are_told_apart() -> None:
    rows = procedures().with_columns(operator_id=pl.Series([None, "x", "x", "x", "x", "x", "x"]))
    (found,) = estimate_unit_volumes(rows, uses(), unit="operator_id", devices=(RA,))
    assert isinstance(found, UnitVolumes)
    assert (found.n_procedures, found.n_unknown) == (5, 1)


def test_no_operator_at_all_is_refused() -> None:
    rows = procedures().with_columns(operator_id=pl.lit(None, dtype=pl.String))
    (found,) = estimate_unit_volumes(rows, uses(), unit="operator_id", devices=(RA,))
    assert isinstance(found, NotEstimable)


def days(*numbers: int | None) -> list[date | None]:
    return [None if n is None else date(2020, 1, 1) + timedelta(days=n) for n in numbers]


def test_cases_are_numbered_by_date_within_an_operator() -> None:
    rows = pl.DataFrame(
        {
            "procedure_id": ["p1", "p2", "p3", "p4", "p5"],
            "operator_id": ["x", "x", "y", "x", None],
            "procedure_date": days(400, 0, 10, 401, 5),
        }
    )
    cases = pl.DataFrame({"procedure_id": ["p4", "p1", "p3", "p5"]})
    found = number_cases(rows, cases, unit="operator_id", lead_days=365)
    assert found.select("procedure_id", "case_number", "is_starter").rows() == [
        ("p1", 1, True),
        ("p4", 2, True),
        ("p3", 1, False),
    ]


def learned(n_owners: int = 5, last: int = 6) -> pl.DataFrame:
    """Each of some operators has cases 1 to `last`; the first two fail in most, the later ones work."""
    rows = [
        {"owner": f"o{owner}", "case_number": case, "worked": case > 2 or owner == 0, "is_starter": owner > 0}
        for owner in range(n_owners)
        for case in range(1, last + 1)
    ]
    return pl.DataFrame(rows)


def test_bands_are_counted_and_the_trend_is_tested() -> None:
    curve = estimate_learning(learned(), "worked", unit="operator_id", bands=BANDS, label="device")
    assert isinstance(curve, LearningCurve)
    assert [(band.label, band.share.n_events, band.share.n_total) for band in curve.bands] == [
        ("1\u20132", 2, 10),
        ("3\u20134", 10, 10),
        ("5 or more", 10, 10),
    ]
    assert isinstance(curve.trend, CountTest)
    assert curve.trend.p_value < 0.001
    assert "association" in curve.caution


def test_a_band_nobody_reached_is_left_out_and_the_one_before_stays_closed() -> None:
    curve = estimate_learning(learned(last=4), "worked", unit="operator_id", bands=BANDS, label="device")
    assert isinstance(curve, LearningCurve)
    assert [band.label for band in curve.bands] == ["1\u20132", "3\u20134"]


def test_a_band_of_two_operators_is_joined_to_the_one_before() -> None:
    rows = learned().filter((pl.col("case_number") < 5) | pl.col("owner").is_in(["o1", "o2"]))
    curve = estimate_learning(rows, "worked", unit="operator_id", bands=BANDS, label="device")
    assert isinstance(curve, LearningCurve)
    assert [(band.label, band.share.n_total) for band in curve.bands] == [("1\u20132", 10), ("3 or more", 14)]


def test_unknown_outcomes_are_left_out_and_counted() -> None:
    rows = learned().with_columns(
        worked=pl.when(pl.col("case_number") == 1).then(None).otherwise(pl.col("worked"))
    )
    curve = estimate_learning(rows, "worked", unit="operator_id", bands=BANDS, label="device")
    assert isinstance(curve, LearningCurve)
    assert curve.n_unknown == 5
    assert curve.bands[0].share.n_total == 5


def test_doubling_ratio_of_a_balanced_table_is_the_odds_ratio_by_hand() -> None:
    # Cases 1 and 2 only: one doubling apart, so the ratio is that of the 2 x 2 table, (8*7)/(12*3) reversed.
    rows = pl.DataFrame(
        [
            {
                "owner": f"o{i}",
                "case_number": case,
                "worked": (i < 8 if case == 1 else i < 14),
                "is_starter": True,
            }
            for i in range(20)
            for case in (1, 2)
        ]
    )
    curve = estimate_learning(rows, "worked", unit="operator_id", bands=CaseBands((1, 2), 0), label="device")
    assert isinstance(curve, LearningCurve)
    assert not isinstance(curve.doubling, NotEstimable)
    assert curve.doubling.ratio == pytest.approx((14 / 6) / (8 / 12), rel=1e-9)
    assert curve.doubling.n_owners == 20


def test_few_operators_and_no_outcome_are_refused() -> None:
    few = estimate_learning(learned(4), "worked", unit="operator_id", bands=BANDS, label="device")
    assert isinstance(few, NotEstimable)
    unknown = learned().with_columns(worked=pl.lit(None, dtype=pl.Boolean))
    none = estimate_learning(unknown, "worked", unit="operator_id", bands=BANDS, label="device")
    assert isinstance(none, NotEstimable)
    starters = estimate_learning(
        learned(5), "worked", unit="operator_id", bands=BANDS, label="device", starters=True
    )
    assert isinstance(starters, NotEstimable)


def test_everybody_succeeding_is_no_trend() -> None:
    rows = learned().with_columns(worked=pl.lit(value=True))
    curve = estimate_learning(rows, "worked", unit="operator_id", bands=BANDS, label="device")
    assert isinstance(curve, LearningCurve)
    assert isinstance(curve.trend, NotEstimable)
    assert isinstance(curve.doubling, NotEstimable)


def test_bands_are_data_and_must_ascend_from_the_first_case(tmp_path: Path) -> None:
    assert read_case_bands().starts == (1, 11, 31, 101)
    assert CaseRange(1, 10).label == "1\u201310"
    assert CaseRange(101, None).label == "101 or more"
    path = tmp_path / "bands.toml"
    path.write_text('[[learning]]\nkey = "k"\nstarts = [2, 5]\nlead_days = 1\n', encoding="utf-8")
    with pytest.raises(SpecificationError, match="ascend from case 1"):
        read_case_bands(path)


def test_a_planted_decline_is_found_again() -> None:
    # Log odds of the outcome fall by 0.4 for each doubling of the case number; 60 operators with 32 cases.
    rng = np.random.default_rng(20)
    case = np.tile(np.arange(1, 33), 60)
    risk = 1 / (1 + np.exp(0.2 + 0.4 * np.log2(case)))
    rows = pl.DataFrame(
        {
            "owner": [f"o{i // 32}" for i in range(case.size)],
            "case_number": case,
            "worked": rng.random(case.size) < risk,
            "is_starter": [True] * case.size,
        }
    )
    curve = estimate_learning(rows, "worked", unit="operator_id", bands=BANDS, label="device")
    assert isinstance(curve, LearningCurve)
    assert not isinstance(curve.doubling, NotEstimable)
    assert curve.doubling.lower < np.exp(-0.4) < curve.doubling.upper < 1
    assert [band.share.n_total for band in curve.bands] == [120, 120, 1680]
