"""A generated registry beside published figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from analytics.cli import main
from analytics.errors import CalibrationError
from analytics.generation import Comparison, compare_with_published
from synthetic.calibration import Check, CheckResult, check_registry, load_checks, render_checks
from synthetic.calibration_quantities import QUANTITIES
from synthetic.registry import Registry, generate_registry
from synthetic.scenario import load_scenario


@pytest.fixture(scope="module")
def registry() -> Registry:
    return generate_registry(load_scenario("default"), procedures=12_000, seed=41, truth_sample=10_000)


def test_every_figure_of_the_default_scenario_lies_within_its_range(registry: Registry) -> None:
    failed = [result.check.quantity for result in check_registry(registry) if not result.agrees]
    assert failed == []


def test_every_check_has_a_quantity_and_a_source_to_open() -> None:
    checks = load_checks()
    assert {check.quantity for check in checks} == set(QUANTITIES)
    assert all(re.search(r"doi 10\.\d{4,}/|PMID \d+", check.source) for check in checks)
    assert all(check.low < check.high and check.why for check in checks)


def test_another_registry_fails_where_it_differs() -> None:
    rare = generate_registry(load_scenario("rare"), procedures=6_000, seed=41, truth_sample=2_000)
    failed = {result.check.quantity for result in check_registry(rare) if not result.agrees}
    assert {"mace_severe", "mace_rotational", "slow_flow_rotational"} <= failed
    assert "male" not in failed


def test_a_registry_without_the_rows_does_not_agree() -> None:
    check = Check("male", "Men", "60 %", "doi 10.1000/1", 0.5, 0.7, "why")
    assert not CheckResult(check, None).agrees
    assert CheckResult(check, 0.7).agrees
    text = render_checks((CheckResult(check, None), CheckResult(check, 0.6)))
    assert text.splitlines()[0].startswith(
        "FAIL Men: no row (accepted 0.5 to 0.7: why). Published: 60 %; doi"
    )
    assert text.endswith("1 of 2 figures lie within their range.")


def test_disagreement_is_an_error_that_names_the_figure() -> None:
    comparison = compare_with_published(scenario="rare", procedures=3_000, seed=1)
    assert isinstance(comparison, Comparison)
    with pytest.raises(CalibrationError, match="outside the accepted range") as caught:
        comparison.demand_agreement()
    assert caught.value.exit_code == 16


def test_the_command_prints_every_figure_and_succeeds(tmp_path: Path) -> None:
    arguments = ["generate", "--procedures", "6000", "--seed", "3", "--out", str(tmp_path), "--check"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0
    assert f"{len(QUANTITIES)} of {len(QUANTITIES)} figures lie within their range." in result.output
