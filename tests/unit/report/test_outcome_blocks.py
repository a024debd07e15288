"""Counts become blocks: by group, by stretch of follow-up, and with calcification and device in one model."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from analytics.outcome_blocks import WINDOWS, build_block, endpoint_of, fit_hazards, overall_risk
from analytics.survival.results import (
    CoxFit,
    CumulativeIncidence,
    EventCurve,
    GroupTest,
    HorizonRisk,
    NotEstimable,
)


def counts() -> pl.DataFrame:
    # Per grade: 4 events on day 10, 2 on day 100, and 14 still event-free on day 400.
    rows = [
        (grade, day, cause, n)
        for grade in ("mild", "severe")
        for day, cause, n in ((10, 1, 4), (100, 1, 2), (400, 0, 14))
    ]
    tiny = [("moderate", 50, 0, 3), ("unknown", 50, 0, 90)]
    return pl.DataFrame(
        [*rows, *tiny], schema=["severity", "time_days", "cause", "n"], orient="row"
    ).with_columns(n_inexact=pl.lit(0))


def risk_on(block_risks: tuple[HorizonRisk | NotEstimable, ...], group: str, day: int) -> HorizonRisk:
    found = [
        one
        for one in block_risks
        if isinstance(one, HorizonRisk) and (one.group, one.horizon_days) == (group, day)
    ]
    return found[0]


def test_groups_without_grade_are_left_out_and_small_ones_are_refused() -> None:
    block = build_block(counts(), endpoint=endpoint_of("mace_d"), by="severity", window=WINDOWS["all"])
    assert [(one.group, type(one)) for one in block.curves] == [
        ("mild", EventCurve),
        ("moderate", NotEstimable),
        ("severe", EventCurve),
    ]


def test_risks_equal_plain_proportions_where_nobody_left_early() -> None:
    block = build_block(counts(), endpoint=endpoint_of("mace_d"), by="severity", window=WINDOWS["all"])
    assert risk_on(block.risks, "mild", 30).risk == pytest.approx(4 / 20)
    assert risk_on(block.risks, "mild", 365).risk == pytest.approx(6 / 20)


def test_late_stretch_counts_those_who_reached_day_31_only() -> None:
    block = build_block(counts(), endpoint=endpoint_of("mace_d"), by="severity", window=WINDOWS["late"])
    late = risk_on(block.risks, "severe", 365)
    assert (late.risk, late.basis.n) == (pytest.approx(2 / 16), 16)
    assert (block.first_day, block.horizon_days) == (30, 365)
    assert block.key == "mace_d_by_severity_day_31_to_365"


def test_only_groups_with_a_curve_are_compared() -> None:
    block = build_block(counts(), endpoint=endpoint_of("mace_d"), by="severity", window=WINDOWS["all"])
    assert isinstance(block.tests[0], GroupTest)
    assert block.tests[0].groups == ("mild", "severe")


def test_competing_death_gives_an_incidence_and_never_one_minus_kaplan_meier() -> None:
    block = build_block(counts(), endpoint=endpoint_of("mi"), by="severity", window=WINDOWS["all"])
    assert isinstance(block.curves[0], CumulativeIncidence)


def test_nobody_at_all_is_an_answer() -> None:
    empty = counts().clear()
    assert isinstance(overall_risk(empty, endpoint=endpoint_of("mace_d"), day=365), NotEstimable)
    block = build_block(empty, endpoint=endpoint_of("mace_d"), by="severity", window=WINDOWS["all"])
    assert (block.curves, isinstance(block.tests[0], NotEstimable)) == ((), True)


def patients() -> pl.DataFrame:
    rng = np.random.default_rng(7)
    n = 1200
    severity = rng.choice(["none", "mild", "moderate", "severe"], n)
    strategy = rng.choice(["nc_balloon", "rotational_atherectomy", "elca"], n, p=[0.6, 0.39, 0.01])
    rate = 0.0004 * np.where(severity == "severe", 2.5, 1.0)
    time = rng.exponential(1 / rate)
    return pl.DataFrame(
        {
            "patient_id": [f"p{i}" for i in range(n)],
            "severity": severity,
            "strategy": strategy,
            "age_years": rng.integers(50, 90, n),
            "time_days": np.minimum(time, 1095).astype(np.int64),
            "cause": (time <= 1095).astype(np.int8),
        }
    )


def test_model_compares_with_the_least_calcium_and_the_commonest_device() -> None:
    block = fit_hazards(patients(), endpoint=endpoint_of("mace_d"))
    assert isinstance(block.fit, CoxFit)
    assert "Compared with calcification: none; device strategy: non-compliant balloon." in block.subtitle
    row = block.fit.table.row(by_predicate=pl.col("term") == "severity=severe", named=True)
    assert row["lower"] < 2.5 < row["upper"]
    assert block.labels["severity=severe"] == "Severe calcification"


def test_products_take_only_devices_with_events_in_every_grade() -> None:
    block = fit_hazards(patients(), endpoint=endpoint_of("mace_d"), interaction=True)
    assert isinstance(block.fit, CoxFit)
    assert not any("elca" in term for term in block.fit.terms)
    assert "severity=severe x strategy=rotational_atherectomy" in block.fit.terms
    assert "fewer than five events" in block.subtitle
