"""The recovery study: its sums by hand, and a few replicates of two scenarios."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from synthetic.scenario import load_scenario
from synthetic.study.estimators import ESTIMATORS, Answer
from synthetic.study.running import average_truths, study_scenario
from synthetic.study.summary import Performance, summarise
from synthetic.study.tables import write_readme, write_table


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


@pytest.fixture(scope="module")
def studied() -> dict[str, Performance]:
    return study_scenario(load_scenario("core_lab"), replicates=12, procedures=3_000)


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
def test_sound_estimators_recover_the_truth(studied: dict[str, Performance], name: str) -> None:
    found = studied[name]
    assert abs(found.bias) < 4 * found.bias_error
    assert 0.5 < found.model_error / found.empirical_error < 2.2


def test_a_crude_comparison_of_devices_errs(studied: dict[str, Performance]) -> None:
    for name in ("crude_risk_difference", "crude_slow_flow"):
        assert studied[name].bias > 3 * studied[name].bias_error


def test_effects_that_change_over_time_have_no_single_truth() -> None:
    truths = average_truths(load_scenario("nonproportional"))
    assert math.isnan(truths["device_log_hr"])
    assert set(truths) == {estimator.target for estimator in ESTIMATORS.values()}


def test_the_page_marks_what_is_off(tmp_path: Path) -> None:
    sound = Performance(400, 0, 0.0, 0.01, 0.01, 0.2, 0.007, 0.2, 0.001, 0.95, 0.011)
    off = Performance(400, 3, 0.0, 0.50, 0.01, 0.2, 0.007, 0.2, 0.001, 0.40, 0.024)
    found = {"kaplan_meier_death": sound, "crude_cox_device": off}
    write_table(found, tmp_path, scenario="null", procedures=4_000)
    text = write_readme(tmp_path).read_text(encoding="utf-8")
    lines = {line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("| `")}
    assert "**" not in lines["`kaplan_meier_death`"]
    assert "**+0.5 (0.01)**" in lines["`crude_cox_device`"]
    assert "**40.0 (2.4)**" in lines["`crude_cox_device`"]
    assert "400 registries of 4,000 procedures." in text
