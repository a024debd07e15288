"""Counts become blocks: by group, by stretch of follow-up, and with calcification and device in one model."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from analytics.outcomes.blocks import WINDOWS, build_block, endpoint_of, overall_risk, status_risk
from analytics.outcomes.hazards import fit_hazards
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


def by_visit(grade: str = "mild") -> pl.DataFrame:
    # 20 patients: 3 deaths known by a visit on day 183 only, and 17 alive on it.
    return pl.DataFrame(
        [(grade, 183, 1, 3, 3), (grade, 183, 0, 17, 0)],
        schema=["severity", "time_days", "cause", "n", "n_inexact"],
        orient="row",
    )


DEATH = endpoint_of("all_cause_death")


def test_status_at_a_visit_gives_the_share_by_it_instead_of_a_curve() -> None:
    block = build_block(by_visit(), endpoint=DEATH, by="severity", window=WINDOWS["all"])
    (curve,), (share,) = block.curves, block.risks
    assert isinstance(curve, NotEstimable)
    assert isinstance(share, HorizonRisk)
    # Wilson's interval for 3 of 20.
    assert (share.horizon_days, share.n_event, share.basis.n, share.n_risk) == (183, 3, 20, 20)
    assert (share.lower, share.upper) == (
        pytest.approx(0.0523690, abs=1e-6),
        pytest.approx(0.3604185, abs=1e-6),
    )
    assert "by that visit" in block.note


@pytest.mark.parametrize("window", ["early", "late"])
def test_stretch_is_refused_where_the_visit_lies_beyond_it_or_after_a_landmark(window: str) -> None:
    block = build_block(by_visit(), endpoint=DEATH, by="severity", window=WINDOWS[window])
    assert [type(one) for one in (*block.curves, *block.risks)] == [NotEstimable, NotEstimable]


def test_everybody_stands_together_where_no_grade_is_known() -> None:
    block = build_block(by_visit("unknown"), endpoint=DEATH, by="severity", window=WINDOWS["all"])
    assert [(one.group, one.horizon_days) for one in block.risks if isinstance(one, HorizonRisk)] == [
        ("all", 183)
    ]
    assert "all stand together" in block.note


def test_patients_left_out_for_want_of_a_grade_are_counted() -> None:
    block = build_block(counts(), endpoint=endpoint_of("mace_d"), by="severity", window=WINDOWS["all"])
    assert block.note == "90 procedures of unknown calcification severity are left out."


def test_status_risk_stands_in_only_where_no_curve_exists() -> None:
    share = status_risk(by_visit().drop("severity"))
    assert share is not None
    assert (share.n_event, share.basis.n, share.horizon_days) == (3, 20, 183)
    assert status_risk(counts().drop("severity")) is None
    assert status_risk(by_visit().drop("severity").clear()) is None


def test_one_unknown_status_before_the_visit_leaves_no_share() -> None:
    lost = pl.DataFrame(
        [("mild", 90, 0, 1, 0)], schema=["severity", "time_days", "cause", "n", "n_inexact"], orient="row"
    )
    block = build_block(pl.concat([by_visit(), lost]), endpoint=DEATH, by="severity", window=WINDOWS["all"])
    assert [one.code for one in block.risks if isinstance(one, NotEstimable)] == ["event_times_unknown"]


def test_model_of_days_known_by_a_visit_is_refused() -> None:
    rows = pl.DataFrame(
        {
            "patient_id": [f"p{i}" for i in range(40)],
            "time_days": [183] * 40,
            "cause": [1] * 10 + [0] * 30,
            "time_is_exact": [False] * 10 + [True] * 30,
            "severity": ["mild", "severe"] * 20,
            "strategy": ["nc_balloon"] * 40,
            "age_years": [70] * 40,
        }
    )
    refused = fit_hazards(rows, endpoint=DEATH).fit
    unknown = fit_hazards(rows.with_columns(severity=pl.lit("unknown")), endpoint=DEATH).fit
    assert isinstance(refused, NotEstimable)
    assert isinstance(unknown, NotEstimable)
    assert (refused.code, unknown.code) == ("event_times_unknown", "no_patients")
