"""Scenario files: what is read and what is refused."""

from __future__ import annotations

import dataclasses
from importlib import resources
from pathlib import Path

import pytest

from schemas.errors import SchemaFileError
from synthetic.scenario import load_scenario, parse_scenario, read_scenario, scenario_names

DEFAULT = resources.files("synthetic").joinpath("scenarios", "default.toml").read_text(encoding="utf-8")


def test_default_scenario_is_bundled_and_frozen() -> None:
    scenario = load_scenario("default")
    assert "default" in scenario_names()
    assert len(scenario.sites) == 20
    with pytest.raises(dataclasses.FrozenInstanceError):
        scenario.name = "other"


def test_default_scenario_gives_no_device_an_effect() -> None:
    assert set(load_scenario("default").outcomes.device_hr.values()) == {1.0}


def test_a_third_of_the_sites_do_no_atherectomy() -> None:
    sites = load_scenario("default").sites
    assert sum(not site.atherectomy for site in sites) == 7


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("male = 0.75", "male = 0.75\nmail = 0.1", "default.toml.population", "unknown key 'mail'"),
        ("male = 0.75", "", "default.toml.population", "key 'male' is missing"),
        ("male = 0.75", 'male = "most"', "default.toml.population.male", "holds str, not float"),
        ("male = 0.75", "male = true", "default.toml.population.male", "holds bool, not float"),
        ("[0.35, 0.35, 0.20, 0.10]", "[0.35, 0.35, 0.20, 0.20]", "default.toml.severity.mix", "sum to 1"),
        ("breaks_days = [2, 31, 181, 366]", "breaks_days = [31]", "outcomes.causes", "one rate per interval"),
        ("elca_ra = [0.0, 0.0, 0.0, 0.15]", "", "default.toml.treatment.weights", "must name"),
    ],
)
def test_faulty_scenario_names_place_and_fact(old: str, new: str, where: str, what: str) -> None:
    assert old in DEFAULT
    with pytest.raises(SchemaFileError) as caught:
        parse_scenario(DEFAULT.replace(old, new, 1), where="default.toml")
    assert where in caught.value.where
    assert what in caught.value.what
    assert caught.value.fix


def test_broken_toml_is_a_scenario_error() -> None:
    with pytest.raises(SchemaFileError, match="is not TOML"):
        parse_scenario("name = ", where="mine.toml")


def test_unknown_scenario_lists_the_known_ones() -> None:
    with pytest.raises(SchemaFileError, match="default"):
        load_scenario("optimistic")


def test_scenario_file_of_ones_own_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(DEFAULT.replace('name = "default"', 'name = "mine"'), encoding="utf-8")
    assert read_scenario(path).name == "mine"


def test_absent_scenario_file_is_a_scenario_error(tmp_path: Path) -> None:
    with pytest.raises(SchemaFileError, match="cannot be read"):
        read_scenario(tmp_path / "absent.toml")
