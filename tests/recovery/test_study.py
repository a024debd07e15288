"""The recovery study: its sums by hand, and a few replicates of two scenarios."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from synthetic.scenario import load_scenario
from synthetic.study.analyses import ESTIMATORS, TESTS
from synthetic.study.answers import Answer
from synthetic.study.figures import device_figure
from synthetic.study.running import Study, average_truths, study_scenario
from synthetic.study.summary import Performance, RejectionRate, summarise, summarise_test
from synthetic.study.tables import write_pages, write_study


def test_performance_by_hand() -> None:
    answers = [Answer(1.0, 1.0, 0.5, 1.5), Answer(3.0, 1.0, 2.5, 3.5)]
    found = summarise(answers, 1.2, n_refused=1)
    assert (found.n, found.n_refused) == (2, 1)
    assert found.bias == pytest.approx(0.8)
    assert found.empirical_error == pytest.approx(math.sqrt(2))
    assert found.bias_error == pytest.approx(1.0)
    assert found.empirical_error_error == pytest.approx(1.0)
    assert (found.model_error, found.model_error_error) == (1.0, 0.0)
    assert found.coverage == 0.5
    assert found.coverage_error == pytest.approx(math.sqrt(0.125))


def test_an_uncertain_truth_makes_the_bias_uncertain() -> None:
    answers = [Answer(1.0, 1.0, 0.5, 1.5), Answer(3.0, 1.0, 2.5, 3.5)]
    found = summarise(answers, 1.2, n_refused=0, truth_error=0.75)
    assert found.truth_error == 0.75
    assert found.bias_error == pytest.approx(1.25)


def test_the_truth_is_as_uncertain_as_hospitals_make_it() -> None:
    one, other = (average_truths(load_scenario("drift"), seeds=(first, first + 1)) for first in (1, 2))
    assert one["death_365"].error > 0
    assert one["death_365"].value != other["death_365"].value
    assert one["arc_bias"].error == 0


@pytest.fixture(scope="module")
def studied() -> Study:
    return study_scenario(
        load_scenario("core_lab"), replicates=12, procedures=3_000, truth_seeds=range(1, 11)
    )


@pytest.mark.parametrize(
    "name",
    [
        "kaplan_meier_death",
        "aalen_johansen_tvr",
        "restricted_mean_mace",
        "adjusted_cox_device",
        "adjusted_cox_severity",
        "standardised_slow_flow",
    ],
)
def test_sound_estimators_recover_the_truth(studied: Study, name: str) -> None:
    found = studied.estimators[name]
    assert abs(found.bias) < 4 * found.bias_error
    assert 0.5 < found.model_error / found.empirical_error < 2.2


def test_a_crude_comparison_of_devices_errs(studied: Study) -> None:
    for name in ("crude_risk_difference", "crude_slow_flow"):
        assert studied.estimators[name].bias > 3 * studied.estimators[name].bias_error


def test_effects_that_change_over_time_have_no_single_truth() -> None:
    truths = average_truths(load_scenario("nonproportional"), seeds=(1, 2))
    assert math.isnan(truths["device_log_hr"].value)
    targets = {estimator.target for estimator in ESTIMATORS.values()}
    assert set(truths) == targets | {test.null for test in TESTS.values()}


def test_rejections_by_hand() -> None:
    found = summarise_test([0.01, 0.2, 0.049, 0.05], null_holds=True, n_refused=2)
    assert (found.n, found.n_refused, found.rejected, found.rejected_error) == (4, 2, 0.5, 0.25)


def test_the_pages_mark_what_is_off(tmp_path: Path) -> None:
    sound = Performance(400, 0, 0.0, 0.0, 0.01, 0.01, 0.2, 0.007, 0.2, 0.001, 0.95, 0.011)
    off = Performance(400, 3, 0.5, 0.1, 0.50, 0.01, 0.2, 0.007, math.nan, math.nan, 0.40, 0.024)
    sized = RejectionRate(400, 0, null_holds=True, rejected=0.06, rejected_error=0.012)
    seldom = replace(off, n=3, n_refused=397)
    estimators = {"kaplan_meier_death": sound, "crude_cox_device": off, "cox_age": seldom}
    study = Study(estimators, {"some_test": sized})
    write_study(study, tmp_path, scenario="null", procedures=4_000)
    summary = write_pages(tmp_path).read_text(encoding="utf-8")
    text = (tmp_path / "null.md").read_text(encoding="utf-8")
    lines = {line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("| `")}
    assert "**" not in lines["`kaplan_meier_death`"]
    assert "**+0.5 (0.01)** | 0.2 (0.007) | - | **40.0 (2.4)**" in lines["`crude_cox_device`"]
    assert "| true | 6.0 (1.2) | 0 |" in lines["`some_test`"]
    assert "400 registries of 4,000 procedures." in text
    assert (tmp_path / "crude-and-adjusted.png").read_bytes().startswith(b"\x89PNG")
    assert "(crude-and-adjusted.png)" in summary
    assert "| `crude_cox_device` | **40** |" in summary
    assert "| `cox_age` | - |" in summary
    assert "`cox_age`" in lines
    assert "| `crude_cox_device` | **+2.50** |" in summary


def test_the_figure_shows_ratios_and_the_truth() -> None:
    row = {"analysis": "crude_cox_device", "truth": 0.0, "bias": math.log(2), "empirical_error": 0.1}
    row |= {"n": 300, "n_refused": 200}
    other = row | {"analysis": "kaplan_meier_death"}
    seldom = row | {"analysis": "adjusted_cox_device", "n": 3, "n_refused": 497}
    values = device_figure({"null": pl.DataFrame([row, other, seldom])})["data"]["values"]
    assert len(values) == 1
    assert values[0]["ratio"] == pytest.approx(2.0)
    assert values[0]["truth"] == 1.0
    assert values[0]["lower"] == pytest.approx(2 * math.exp(-0.196))
