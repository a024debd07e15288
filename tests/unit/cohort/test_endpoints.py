"""Endpoint files: the bundled ones, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analytics.cohort.endpoints import bundled_endpoints, read_endpoint, read_endpoint_file
from analytics.errors import SpecificationError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
name = "death_or_mi"
label = "Death or infarction"
clock = "assessed"
competing = []
composition = "Death from any cause or myocardial infarction."
source = "A study"

[[components]]
name = "death"
event_type = ["death"]

[[components]]
name = "mi"
event_type = ["mi"]
mi_type = ["spontaneous", "unknown"]
"""


def test_bundled_endpoints_are_all_there() -> None:
    assert sorted(bundled_endpoints()) == sorted(
        [
            "mace_cad",
            "mace_d",
            "mace_l",
            "euro4c_mace",
            "matrix_mace",
            "tlf",
            "tvf",
            "poce",
            "macce",
            "all_cause_death",
            "cardiac_death",
            "mi",
            "tvr",
            "tlr",
            "any_revascularisation",
            "stroke",
            "stent_thrombosis",
        ]
    )


def test_only_death_endpoints_run_on_the_vital_clock() -> None:
    vital = [name for name, endpoint in bundled_endpoints().items() if endpoint.clock == "vital"]
    assert vital == ["all_cause_death", "cardiac_death"]


@pytest.mark.parametrize("name", ["mace_d", "mace_l", "matrix_mace", "poce", "macce", "all_cause_death"])
def test_death_competes_with_nothing_that_counts_every_death(name: str) -> None:
    assert bundled_endpoints()[name].competing == ()


def test_every_endpoint_says_what_it_is_made_of() -> None:
    for endpoint in bundled_endpoints().values():
        assert endpoint.composition.endswith(".")
        assert endpoint.source


def test_good_text_is_read_with_its_conditions() -> None:
    endpoint = read_endpoint(GOOD, where="study.toml")
    assert [part.name for part in endpoint.components] == ["death", "mi"]
    assert endpoint.components[1].conditions == {"mi_type": ("spontaneous", "unknown")}
    assert endpoint.window_days is None
    assert not endpoint.includes_periprocedural_mi


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('source = "A study"', 'sauce = "A study"', "source is missing"),
        ('source = "A study"', 'source = "A study"\nsauce = "x"', "unknown key sauce"),
        ('mi_type = ["spontaneous", "unknown"]', 'mi_typ = ["spontaneous"]', "unknown key mi_typ"),
        ('mi_type = ["spontaneous", "unknown"]', 'mi_type = ["spontanous"]', "code for mi_type"),
        ('mi_type = ["spontaneous", "unknown"]', "mi_type = []", "code for mi_type"),
        ('mi_type = ["spontaneous", "unknown"]', 'mi_type = "spontaneous"', "no list"),
        ('event_type = ["mi"]', 'event_type = ["infarct"]', "code for event_type"),
        ('clock = "assessed"', 'clock = "vital"', "non-fatal component"),
        ('clock = "assessed"', 'clock = "wall"', "unknown clock"),
        ("competing = []", 'competing = ["death"]', "competing events do not fit"),
        ("competing = []", 'competing = ["stroke"]', "only death can compete"),
        ('event_type = ["death"]', 'event_type = ["death"]\ndeath_cause = ["cardiac"]', "do not fit"),
        ('name = "mi"', 'name = "death"', "one name"),
        ('name = "mi"', "name = 3", "no text"),
        ('label = "Death or infarction"', "label = 1", "label is no text"),
        ("competing = []", "competing = []\nwindow_days = -1", "negative"),
        ("competing = []", "competing = []\nwindow_days = true", "wrong kind"),
        ("competing = []", "competing = [", "not valid TOML"),
    ],
)
def test_faulty_endpoint_is_refused_with_its_fault(old: str, new: str, what: str) -> None:
    assert old in GOOD
    with pytest.raises(SpecificationError, match=what) as refusal:
        read_endpoint(GOOD.replace(old, new, 1), where="study.toml")
    assert refusal.value.where.startswith("endpoint study.toml")


def test_endpoint_without_components_is_refused() -> None:
    text = GOOD[: GOOD.index("[[components]]")] + "components = []\n"
    with pytest.raises(SpecificationError, match="no components"):
        read_endpoint(text, where="study.toml")


def test_endpoint_file_of_a_user_is_read(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert read_endpoint_file(path).name == "death_or_mi"


def test_missing_endpoint_file_is_a_users_error(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="cannot be read"):
        read_endpoint_file(tmp_path / "nowhere.toml")
