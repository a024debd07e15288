"""What is read off event counts: order of groups, hazards, conditional survival, time lost, cautions."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from analytics.estimation.answer_blocks import answer_blocks
from analytics.estimation.cautions import effective_size
from analytics.estimation.outcome_data import OutcomeData
from analytics.estimation.results import Results
from analytics.estimation.running import estimate
from analytics.estimation.specification import parse_specification
from analytics.report.document import Bullets, Paragraph, Table
from analytics.survival.conditional_survival import ConditionalSurvival
from analytics.survival.refusals import Caution
from analytics.survival.results import NotEstimable

# Ten patients: events on days 10, 20, 20; a competing death on day 30; the rest followed to day 100.
ROWS = pl.DataFrame(
    {"time_days": [10, 20, 20, 30, *[100] * 6], "cause": [1, 1, 1, 2, *[0] * 6]},
    schema_overrides={"cause": pl.Int8},
)


def _spec(estimator: str, *, groups: dict[str, Any] | None = None, **head: Any) -> Any:  # noqa: ANN401 - keys of the head
    analysis = {"name": "t", "estimator": estimator, "horizons_days": [50], **head}
    return parse_specification({"analysis": analysis, "groups": groups or {}}, where="t")


def _part(results: Results, key: str) -> Any:  # noqa: ANN401 - results of any kind
    return next(part.found for part in results.parts if part.key == key)


def test_grades_come_in_clinical_order_and_unknown_ones_are_counted_out() -> None:
    grades = ["severe", "mild", "unknown", "none", "moderate", "mild", "unknown", "severe", "none", "mild"]
    rows = ROWS.with_columns(
        severity=pl.Series(grades), cause=pl.when(pl.col("cause") == 2).then(0).otherwise("cause")
    )
    results = estimate(rows, _spec("kaplan_meier", groups={"by": "severity"}), causes=("mace",))
    assert [curve.group for curve in results.curves] == ["none", "mild", "moderate", "severe"]
    assert results.notes[0] == "2 rows of unknown severity are left out"
    assert results.n_rows == 8


def test_strategies_come_in_their_fixed_order() -> None:
    rows = ROWS.with_columns(strategy_intended=pl.Series(["nc_balloon", "rotational_atherectomy"] * 5))
    results = estimate(rows, _spec("aalen_johansen", groups={"by": "strategy_intended"}), causes=("a", "b"))
    assert [curve.group for curve in results.curves] == ["rotational_atherectomy", "nc_balloon"]


def test_the_cumulative_hazard_adds_events_over_at_risk() -> None:
    (found,) = _part(estimate(ROWS, _spec("nelson_aalen"), causes=("mi", "death")), "cumulative_hazards")
    row = found.at_days.row(0, named=True)
    hazard, error = 1 / 10 + 2 / 9, (1 / 100 + 2 / 81) ** 0.5
    assert row["cumulative_hazard"] == pytest.approx(hazard, rel=1e-12)
    assert row["std_error"] == pytest.approx(error, rel=1e-12)
    assert row["upper"] == pytest.approx(hazard * np.exp(1.959963984540054 * error / hazard), rel=1e-12)
    assert not row["is_beyond_follow_up"]


def test_conditional_survival_leaves_out_what_came_before() -> None:
    rows = ROWS.with_columns(cause=pl.when(pl.col("cause") == 2).then(1).otherwise("cause"))
    (found,) = _part(
        estimate(rows, _spec("conditional_survival", from_day=15), causes=("mace",)), "conditional_survival"
    )
    assert isinstance(found, ConditionalSurvival)
    assert (found.n_at_start, found.table["survival"][0]) == (9, pytest.approx(6 / 9))


def test_days_lost_are_the_area_under_each_incidence() -> None:
    results = estimate(ROWS, _spec("restricted_time_lost"), causes=("mi", "death"))
    (found,) = _part(results, "time_lost")
    # Incidence of mi is 1/10 from day 10 and 3/10 from day 20; of death 1/10 from day 30.
    assert found.table["lost_days"].to_list() == pytest.approx([0.1 * 10 + 0.3 * 30, 0.1 * 20])


def test_a_band_is_wider_than_the_interval_at_every_day() -> None:
    rng = np.random.default_rng(1)
    rows = pl.DataFrame(
        {"time_days": rng.integers(1, 100, 200), "cause": rng.integers(0, 2, 200)},
        schema_overrides={"cause": pl.Int8},
    )
    results = estimate(rows, _spec("kaplan_meier", band="equal-precision"), causes=("mace",))
    (band,), (curve,) = _part(results, "bands"), results.curves
    assert not isinstance(curve, NotEstimable)
    joined = band.table.join(curve.table, on="time_days", suffix="_pointwise")
    assert joined.height > 50
    assert (joined["upper"] >= joined["upper_pointwise"]).all()


def test_short_follow_up_is_said_with_its_code() -> None:
    rows = pl.DataFrame(
        {"time_days": [10, *[100] * 9], "cause": [1, *[0] * 9]}, schema_overrides={"cause": pl.Int8}
    )
    notes = estimate(rows, _spec("kaplan_meier", horizons_days=[50, 300]), causes=("mace",)).notes
    (note,) = (one for one in notes if isinstance(one, Caution))
    assert note.code == "short_follow_up"
    assert "fewer than half could have been followed to 300 days" in note
    assert not estimate(rows, _spec("kaplan_meier"), causes=("mace",)).notes


def test_potential_follow_up_is_not_told_where_follow_up_is_ended_on_purpose() -> None:
    whole = estimate(ROWS, _spec("aalen_johansen"), causes=("mi", "death"))
    assert _part(whole, "follow_up")[0].median_days == 100
    assert not estimate(ROWS, _spec("aalen_johansen", until_days=50), causes=("mi", "death")).parts


def test_the_effective_size_of_weights_is_that_of_kish() -> None:
    assert effective_size(pl.Series([1.0] * 7)) == pytest.approx(7)
    assert effective_size(pl.Series([3.0, 1.0])) == pytest.approx(16 / 10)
    assert effective_size(pl.Series([0.0])) == 0


def test_a_group_that_rests_on_few_weights_is_refused_and_a_milder_case_is_said() -> None:
    rows = pl.DataFrame(
        {"time_days": [10] * 30 + [100] * 30, "cause": [1] * 30 + [0] * 30, "w": [100.0] + [1.0] * 59},
        schema_overrides={"cause": pl.Int8},
    )
    (curve,) = estimate(rows, _spec("kaplan_meier", weights="w"), causes=("mace",)).curves
    assert isinstance(curve, NotEstimable)
    assert curve.code == "effective_size_too_small"
    milder = rows.with_columns(w=pl.Series([8.0, 8.0, 8.0, *[1.0] * 57]))
    notes = estimate(milder, _spec("kaplan_meier", weights="w"), causes=("mace",)).notes
    assert [note.code for note in notes if isinstance(note, Caution)] == ["small_effective_size"]


@pytest.mark.parametrize(
    ("estimator", "sentence", "caption"),
    [
        ("gray", "Gray", "one incidence"),
        ("aalen_johansen", "test of the rates (competing events censored", "one common hazard"),
    ],
)
def test_a_test_under_competing_risks_says_what_it_compares(
    estimator: str, sentence: str, caption: str
) -> None:
    rows = ROWS.with_columns(arm=pl.Series(["a", "b"] * 5))
    spec = _spec(estimator, groups={"by": "arm"})
    results = estimate(rows, spec, causes=("mi", "death"))
    data = OutcomeData(rows, ("mi", "death"), "MI", "Any infarction.", "t")
    blocks = answer_blocks(spec, data, results)
    assert any(sentence in block.text for block in blocks if isinstance(block, Paragraph))
    assert any(caption in block.caption for block in blocks if isinstance(block, Table))


def test_the_level_of_the_intervals_is_the_one_asked_for() -> None:
    spec = _spec("aalen_johansen", confidence=0.9)
    results = estimate(ROWS, spec, causes=("mi", "death"))
    blocks = answer_blocks(spec, OutcomeData(ROWS, ("mi", "death"), "MI", "x.", "t"), results)
    assert any("Risk (90 % interval)" in block.header for block in blocks if isinstance(block, Table))
    assert not any("95 %" in item for block in blocks if isinstance(block, Bullets) for item in block.items)
