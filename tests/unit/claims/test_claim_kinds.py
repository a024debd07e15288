"""Each statistic on rows whose answer can be had by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import polars as pl
import pytest

from analytics.claims.kinds import KINDS
from analytics.claims.results import Findings
from analytics.errors import SpecificationError

Maker = Callable[..., object]
"""Makes rows or components; see conftest."""


NOTHING: dict[str, object] = {"outcome": "", "exposure": "", "exposed": (), "comparator": ()}


def run(part: object, frames: object) -> Findings:
    return KINDS[part.kind](part, frames)


def test_an_odds_ratio_of_two_groups_is_the_cross_product(rows: Maker, groups: Maker, part: Maker) -> None:
    # (40 / 160) / (10 / 390) = 9.75
    found = run(part(kind="odds_ratio"), rows(procedures=groups(200, 40, 400, 10)))
    assert found.crude.value == pytest.approx(9.75, rel=1e-6)
    assert [group.n_events for group in found.groups] == [40, 10]


def test_a_numeric_exposure_counts_in_steps(rows: Maker, part: Maker) -> None:
    # Odds 1 : 3 at 20 mm, 1 : 1 at 30 mm: a ratio of 3 for 10 mm, the square root of it for 5 mm.
    frame = pl.DataFrame(
        {
            "patient_id": [str(i) for i in range(160)],
            "lesion_length_mm": [20.0] * 80 + [30.0] * 80,
            "any_immediate": [i < 20 for i in range(80)] + [i < 40 for i in range(80)],
        }
    )
    asked = part(kind="odds_ratio", rows="lesions", exposure="lesion_length_mm", exposed=(), comparator=())
    per_ten = run(part(**{**vars(asked), "per": 10.0}), rows(lesions=frame)).crude
    per_five = run(part(**{**vars(asked), "per": 5.0}), rows(lesions=frame)).crude
    assert per_ten.value == pytest.approx(3.0, rel=1e-6)
    assert per_five.value == pytest.approx(math.sqrt(3.0), rel=1e-6)


def test_a_product_is_the_ratio_of_two_odds_ratios(rows: Maker, part: Maker) -> None:
    # Severe: (20 / 80) / (40 / 60) = 0.375. Mild: (10 / 90) / (10 / 90) = 1. Their ratio: 0.375.
    blocks = [("nc", "severe", 20), ("plain", "severe", 40), ("nc", "mild", 10), ("plain", "mild", 10)]
    made = [
        {"strategy": device, "severity_group": grade, "any_immediate": i < events}
        for device, grade, events in blocks
        for i in range(100)
    ]
    frame = pl.DataFrame(made).with_row_index("patient_id").cast({"patient_id": pl.String})
    asked = part(
        kind="product_of_odds", exposure="strategy", exposed=("nc",), comparator=("plain",),
        modifier="severity_group", modified_by=("severe",),
    )  # fmt: skip
    assert run(asked, rows(procedures=frame)).crude.value == pytest.approx(0.375, rel=1e-5)


def test_few_laser_cases_are_described_and_not_tested(rows: Maker, groups: Maker, part: Maker) -> None:
    found = run(part(kind="firth_odds_ratio"), rows(procedures=groups(20, 5, 29, 2)))
    assert found.crude.reason == "Only 49 procedures: fewer than 50 are described, not tested."
    assert [group.n_events for group in found.groups] == [5, 2]


def test_an_empty_cell_has_an_odds_ratio_by_firths_penalty(rows: Maker, groups: Maker, part: Maker) -> None:
    # Half an event in every cell: (0.5 / 30.5) / (5.5 / 25.5) = 0.0760
    found = run(part(kind="firth_odds_ratio"), rows(procedures=groups(30, 0, 30, 5))).crude
    assert found.value == pytest.approx((0.5 / 30.5) / (5.5 / 25.5), rel=1e-6)


def test_two_means_differ_by_what_they_differ(rows: Maker, part: Maker) -> None:
    frame = pl.DataFrame(
        {
            "patient_id": [str(i) for i in range(40)],
            "severity_group": ["severe"] * 20 + ["none_mild"] * 20,
            "msa_mm2": [5.0, 7.0] * 10 + [7.0, 9.0] * 10,
        }
    )
    found = run(part(kind="mean_difference", outcome="msa_mm2"), rows(procedures=frame))
    assert [group.value for group in found.groups] == [6.0, 8.0]
    assert found.crude.value == pytest.approx(-2.0)
    assert "Severe: 6.0 (5.0 to 7.0)" in found.remarks[0]


def test_paired_readings_are_compared_in_the_same_lesions(rows: Maker, part: Maker) -> None:
    # 12 seen by IVUS alone, 2 by OCT alone, 20 by both, 6 by none: 22 / 40 - 32 / 40 = -0.25.
    pairs = [(True, False)] * 12 + [(False, True)] * 2 + [(True, True)] * 20 + [(False, False)] * 6
    frame = pl.DataFrame(pairs, schema=["ivus", "oct"], orient="row")
    asked = part(kind="paired_difference", rows="image_pairs", first="ivus", second="oct", **NOTHING)
    found = run(asked, rows(image_pairs=frame))
    assert found.crude.value == pytest.approx(-0.25)
    assert found.crude.upper < 0
    # Binomial(14, 1/2): 2 P(X <= 1) + P(X = 2) = (2 * 15 + 91) / 16384
    assert found.crude.p_value == pytest.approx(121 / 16384)


def test_agreement_of_arcs_gives_mean_and_limits(rows: Maker, part: Maker) -> None:
    frame = pl.DataFrame({"ivus": [200.0] * 20, "oct": [180.0, 200.0] * 10})
    asked = part(kind="paired_mean_difference", rows="image_pairs", first="ivus", second="oct", **NOTHING)
    found = run(asked, rows(image_pairs=frame))
    assert found.crude.value == pytest.approx(-10.0)
    # Standard deviation of ten -20 and ten 0: sqrt(20 * 100 / 19) = 10.26
    assert found.remarks == ("Limits of agreement: -30.1 to 10.1 (Bland and Altman).",)


def test_no_lesion_seen_by_both_is_said_so(rows: Maker, part: Maker) -> None:
    frame = pl.DataFrame(schema={"ivus": pl.Boolean, "oct": pl.Boolean})
    asked = part(kind="paired_difference", rows="image_pairs", first="ivus", second="oct", **NOTHING)
    found = run(asked, rows(image_pairs=frame))
    assert found.crude.reason == "Fewer than 10 lesions that IVUS and OCT both saw before treatment."


def test_the_area_is_the_share_of_pairs_in_order(rows: Maker, part: Maker) -> None:
    # With the outcome 2, 4; without 1, 2: of the four pairs three in order and one tied: 0.875.
    scores = [2.0, 4.0] * 10 + [1.0, 2.0] * 10
    frame = pl.DataFrame(
        {"patient_id": [str(i) for i in range(40)], "score": scores, "poor": [True] * 20 + [False] * 20}
    )
    found = run(
        part(kind="discrimination", rows="lesions", exposure="score", outcome="poor"), rows(lesions=frame)
    )
    assert found.crude.value == pytest.approx(0.875)


def test_a_share_without_an_event_has_an_upper_limit(rows: Maker, groups: Maker, part: Maker) -> None:
    asked = part(kind="share", exposure="", exposed=(), comparator=(), is_structural=True)
    found = run(asked, rows(procedures=groups(100, 0, 0, 0)))
    assert found.crude.value == 0
    # The hundredth root of 0.025, taken from one.
    assert found.crude.upper == pytest.approx(0.0362167, abs=1e-6)
    assert "no comparison" in found.remarks[0]


def test_only_grades_have_an_order(rows: Maker, groups: Maker, part: Maker) -> None:
    with pytest.raises(SpecificationError, match="has no order"):
        run(part(kind="ordered_odds_ratio"), rows(procedures=groups(20, 1, 20, 1)))


def survivors() -> pl.DataFrame:
    """Forty severe and forty mild, one event each ten days; the severe have twice as many."""
    made = [
        (f"{grade}{i}", grade, "S1", 10 * (i + 1), int(i % every == 0), True)
        for grade, every in (("severe", 2), ("none_mild", 4))
        for i in range(40)
    ]
    names = ["patient_id", "severity_group", "site_id", "time_days", "cause", "time_is_exact"]
    return pl.DataFrame(made, schema=names, orient="row")


def test_hazards_of_grades_come_with_risks_and_trend(rows: Maker, part: Maker) -> None:
    asked = part(kind="hazard_ratio", outcome="", endpoint="mace_d", until_day=365, risk_days=(100, 300))
    found = run(asked, rows(procedures=survivors()))
    assert [group.what for group in found.groups] == ["risk by day 100"] * 2 + ["risk by day 300"] * 2
    # Severe: events on days 10, 30, 50, 70, 90 of 40 at risk: 1 - 39/40 * 37/38 * 35/36 * 33/34 * 31/32
    product = (39 / 40) * (37 / 38) * (35 / 36) * (33 / 34) * (31 / 32)
    assert found.groups[0].value == pytest.approx(1 - product)
    assert 1 < found.crude.value < 4
    assert found.remarks[0].startswith("Log-rank trend")
    assert found.remarks[2].startswith("Mean event-free days to day 300: ")


def test_a_landmark_leaves_out_who_had_the_event_before(rows: Maker, part: Maker) -> None:
    asked = part(
        kind="hazard_ratio", outcome="", endpoint="mace_d", after_day=100, until_day=365, risk_days=(300,)
    )
    found = run(asked, rows(procedures=survivors()))
    assert [group.n for group in found.groups] == [30, 30]


def test_days_known_by_a_visit_only_are_refused(rows: Maker, part: Maker) -> None:
    frame = survivors().with_columns(time_is_exact=pl.lit(value=False))
    asked = part(kind="hazard_ratio", outcome="", endpoint="mace_d", risk_days=(300,))
    found = run(asked, rows(procedures=frame))
    assert found.crude.code == "event_times_unknown"
