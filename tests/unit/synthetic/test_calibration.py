"""A generated registry beside published figures."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from analytics.cli import main
from analytics.errors import CalibrationError
from analytics.generation import Comparison, compare_with_published
from synthetic.calibration import (
    Check,
    CheckResult,
    Departure,
    check_registry,
    find_departure,
    load_calibration,
    load_checks,
)
from synthetic.calibration_measures import Measured, difference, mean, share, standardised
from synthetic.calibration_quantities import CHAPTERS, QUANTITIES
from synthetic.calibration_table import describe_departure, render_checks
from synthetic.registry import Registry, generate_registry
from synthetic.scenario import load_scenario

CHECK = Check("male", "Men", "%", "60", "doi 10.1000/1", 0.5, 0.7, "range of the series")


@pytest.fixture(scope="module")
def results() -> tuple[CheckResult, ...]:
    registry = generate_registry(load_scenario("default"), procedures=12_000, seed=41, truth_sample=10_000)
    return check_registry(registry)


@pytest.fixture(scope="module")
def rare() -> Registry:
    return generate_registry(load_scenario("rare"), procedures=6_000, seed=41, truth_sample=2_000)


def test_every_figure_of_the_default_scenario_lies_within_its_range(results: tuple[CheckResult, ...]) -> None:
    assert [result.check.quantity for result in results if not result.agrees] == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_small_registry_does_not_fail_by_chance(seed: int) -> None:
    registry = generate_registry(load_scenario("default"), procedures=1_500, seed=seed, truth_sample=5_000)
    assert [result.check.quantity for result in check_registry(registry) if result.fails] == []


def test_a_large_registry_of_many_hospitals_is_held_to_narrow_ranges_and_agrees() -> None:
    scenario = load_scenario("national")
    results = check_registry(generate_registry(scenario, procedures=40_000, seed=9, truth_sample=10_000))
    assert [result.check.quantity for result in results if not result.agrees] == []
    widths = {result.check.quantity: result.accepted[1] - result.accepted[0] for result in results}
    published = {result.check.quantity: result.check.high - result.check.low for result in results}
    assert widths["male"] < published["male"] + 0.03
    assert widths["rotational_share"] < published["rotational_share"] + 0.03


def test_every_check_has_a_quantity_a_chapter_and_a_source_or_says_that_none_was_seen() -> None:
    checks = load_checks()
    assert [check.quantity for check in checks] == list(QUANTITIES)
    sourced = [check for check in checks if re.search(r"doi 10\.\d{4,}/|PMID \d+", check.source)]
    assert len(sourced) >= 70
    assert all("no DOI or PMID seen" in check.source for check in checks if check not in sourced)
    assert all(check.low <= check.high and check.why and check.published for check in checks)
    assert all(check.high <= 1 for check in checks if check.unit == "%")
    assert {check.chapter for check in checks} == set(CHAPTERS)


def test_a_share_is_widened_by_three_errors_at_the_bound() -> None:
    # at 0.5 of 100 rows the error is 0.05; at 0.2 it is 0.04
    low, high = Measured(0.4, 100).widen(0.2, 0.5)
    assert low == pytest.approx(0.2 - 0.12)
    assert high == pytest.approx(0.5 + 0.15)
    assert CheckResult(CHECK, Measured(0.6, 9)).accepted == (0.0, 1.0)


def test_hospitals_that_differ_count_as_clusters() -> None:
    # two hospitals of two rows, all against none: residual sums 1 and -1, so 2 * 2 / 1 / 4^2 = 0.25 = 0.5^2
    rows = pl.DataFrame({"site_id": ["a", "a", "b", "b"], "yes": [True, True, False, False]})
    found = share(rows, pl.col("yes"))
    assert found == Measured(0.5, 4, None, 0.5)
    assert found.error_at(0.5) == 0.5


def test_a_mean_leaves_empty_cells_out() -> None:
    rows = pl.DataFrame({"site_id": ["a"] * 5 + ["b"] * 6, "value": [1.0] * 5 + [3.0] * 5 + [None]})
    found = mean(rows, "value")
    assert found is not None
    assert (found.value, found.rows) == (2.0, 10)
    assert found.spread == pytest.approx((10 / 9) ** 0.5)


def test_a_mean_of_few_rows_is_not_told() -> None:
    rows = pl.DataFrame({"site_id": ["a"] * 9, "value": [1.0] * 9})
    assert mean(rows, "value") is None


def test_imaged_lesions_are_weighted_to_the_mix_of_all() -> None:
    rows = pl.DataFrame({"grade": ["none", "severe", "severe", "unknown"], "seen": [False, True, True, True]})
    everybody = pl.DataFrame({"grade": ["none"] * 3 + ["severe"] + ["unknown"] * 6})
    found = standardised(rows, pl.col("seen"), by="grade", target=everybody)
    assert found is not None
    assert (found.value, found.rows) == (0.25, 3)
    assert standardised(rows.head(0), pl.col("seen"), by="grade", target=everybody) is None


def test_a_difference_adds_the_squares_of_the_errors() -> None:
    found = difference(Measured(5.0, 100, 30.0), Measured(2.0, 100, 40.0))
    assert found is not None
    assert found.value == 3.0
    assert found.error_at(3.0) == pytest.approx(5.0)
    assert difference(None, found) is None


def test_another_registry_fails_where_it_differs_and_is_told_that_it_is_meant_to(rare: Registry) -> None:
    failed = [result for result in check_registry(rare) if result.fails]
    names = {result.check.quantity for result in failed}
    assert {"mace_severe", "mace_rotational", "mace_lithotripsy", "dissection_plain"} <= names
    assert "male" not in names
    departure = find_departure("rare")
    assert departure is not None
    assert {result.check.chapter for result in failed} <= set(departure.chapters)
    assert f"{len(failed)} of {len(failed)} figures outside belong there" in describe_departure(
        departure, failed
    )


def test_departures_name_bundled_scenarios_and_chapters() -> None:
    for departure in load_calibration().departure:
        assert load_scenario(departure.scenario).name == departure.scenario
        assert set(departure.chapters) <= set(CHAPTERS)
        assert departure.why
    assert find_departure("default") is None
    assert find_departure("national") is None


def test_the_table_says_what_is_outside_and_why_and_what_nobody_can_tell() -> None:
    outside, inside = (CheckResult(CHECK, Measured(value, 10_000)) for value in (0.9, 0.6))
    text = render_checks((inside, outside, CheckResult(CHECK, None)), Departure("rare", ("Patients",), "few"))
    rows = [line for line in text.splitlines() if "Men, %" in line]
    assert rows[0].split() == [
        "ok",
        "Men,",
        "%",
        "60.0",
        "10,000",
        "60",
        *["48.5", "to", "71.4", "doi", "10.1000/1"],
    ]
    assert rows[1].split()[:6] == ["OUTSIDE", "Men,", "%", "90.0", "10,000", "60"]
    assert rows[2].split()[:5] == ["-", "Men,", "%", "no", "row"]
    assert "OUTSIDE Men: the published range is 50.0 to 70.0, range of the series." in text
    assert "1 of 1 figures outside belong there." in text
    assert text.endswith(
        "1 of 3 figures lie within their range. 1 cannot be told: the registry has no such row."
    )


def test_a_registry_without_the_rows_neither_agrees_nor_fails() -> None:
    result = CheckResult(CHECK, None)
    assert (result.agrees, result.fails, result.accepted) == (False, False, (0.5, 0.7))


def test_disagreement_is_an_error_that_names_the_figure_and_what_to_do() -> None:
    comparison = compare_with_published(scenario="rare", procedures=3_000, seed=1)
    assert isinstance(comparison, Comparison)
    with pytest.raises(CalibrationError, match="outside the accepted range") as caught:
        comparison.demand_agreement()
    assert caught.value.exit_code == 16
    assert "leaves the published picture on purpose, in Complications and Outcomes" in str(caught.value)
    assert "Use the scenario 'default'" in str(caught.value)


def test_the_command_prints_every_figure_and_succeeds(tmp_path: Path) -> None:
    arguments = ["generate", "--procedures", "6000", "--seed", "3", "--out", str(tmp_path), "--check"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0
    assert f"{len(QUANTITIES)} of {len(QUANTITIES)} figures lie within their range." in result.output
