"""Large registries are drawn and written in parts; nothing may show where one ends."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from analytics.errors import InputFileError
from analytics.generation import generate_files
from synthetic import registry as registry_module
from synthetic.registry import Registry, generate_registry
from synthetic.scenario import load_scenario, parse_scenario
from synthetic.streams import open_streams
from synthetic.truth import Share

PARENTS = {
    "patients": ("sites", "site_id"),
    "procedures": ("patients", "patient_id"),
    "lesions": ("procedures", "procedure_id"),
    "imaging": ("lesions", "lesion_id"),
    "device_uses": ("lesions", "lesion_id"),
    "complications": ("procedures", "procedure_id"),
    "follow_up": ("patients", "patient_id"),
    "events": ("patients", "patient_id"),
}
KEYS = {"patients": "patient_id", "procedures": "procedure_id", "lesions": "lesion_id", "events": "event_id"}


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw 500 procedures at a time."""
    monkeypatch.setattr(registry_module, "BLOCK_PROCEDURES", 500)


@pytest.fixture
def blocked(small_blocks: None) -> Registry:  # noqa: ARG001 - draws in small blocks
    """Return a registry of three blocks, the last one small."""
    return generate_registry(load_scenario("default"), procedures=1_100, seed=9)


def test_blocks_make_up_the_number_asked_for(blocked: Registry) -> None:
    assert blocked.tables["procedures"].height == 1_100
    assert blocked.tables["sites"].height == 20
    assert blocked.truth["sizes"]["procedures"] == 1_100
    assert blocked.truth["sizes"]["patients"] == blocked.tables["patients"].height


@pytest.mark.parametrize("table", list(KEYS))
def test_no_key_is_used_by_two_blocks(blocked: Registry, table: str) -> None:
    keys = blocked.tables[table][KEYS[table]]
    assert keys.n_unique() == len(keys)


@pytest.mark.parametrize("table", list(PARENTS))
def test_every_row_has_its_parent(blocked: Registry, table: str) -> None:
    parent, key = PARENTS[table]
    assert blocked.tables[table].join(blocked.tables[parent], on=key, how="anti").height == 0


def test_the_first_block_is_the_registry_of_its_size(blocked: Registry) -> None:
    alone = generate_registry(load_scenario("default"), procedures=500, seed=9)
    assert blocked.tables["lesions"].head(alone.tables["lesions"].height).equals(alone.tables["lesions"])


def test_blocks_share_the_hospitals_and_nothing_else() -> None:
    first, second = open_streams(3), open_streams(3, 1)
    assert np.array_equal(first["sites"].random(4), second["sites"].random(4))
    assert not np.array_equal(first["patients"].random(4), second["patients"].random(4))


def test_means_of_blocks_are_added_as_sums() -> None:
    assert Share(1.0 + 5.0, 4.0 + 8.0).value() == 0.5
    assert Share(0.0, 0.0).value() is None


@pytest.mark.usefixtures("small_blocks")
def test_parquet_holds_what_the_registry_holds(tmp_path: Path) -> None:
    written = generate_files(tmp_path, scenario="default", procedures=1_100, seed=9, kind="parquet")
    whole = generate_registry(load_scenario("default"), procedures=1_100, seed=9)
    for name, table in whole.tables.items():
        read = pl.read_parquet(tmp_path / f"{name}.parquet")
        assert read.with_columns(pl.col(pl.String).cast(pl.String)).equals(
            table.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
        )
        assert written["rows"][name] == table.height


@pytest.mark.usefixtures("small_blocks")
def test_csv_grows_under_one_header(tmp_path: Path) -> None:
    generate_files(tmp_path, scenario="default", procedures=1_100, seed=9)
    lines = (tmp_path / "procedures.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 1_100
    assert sum(line.startswith("procedure_id,") for line in lines) == 1
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert truth["marginal"]["sample_size"] == 50_000


@pytest.mark.usefixtures("small_blocks")
def test_faults_lie_where_the_list_says_although_more_blocks_follow(tmp_path: Path) -> None:
    generate_files(tmp_path, scenario="default", procedures=1_100, seed=9, faults=True)
    faults = pl.read_csv(tmp_path / "faults.csv").filter(pl.col("table") == "procedures")
    lines = (tmp_path / "procedures.csv").read_text(encoding="utf-8").splitlines()
    clean = generate_registry(load_scenario("default"), procedures=1_100, seed=9).tables["procedures"]
    assert faults.height > 5
    assert faults["line"].max() <= len(lines)
    assert len(lines) >= 1 + clean.height


def test_faults_need_text(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="--format"):
        generate_files(tmp_path, scenario="default", procedures=10, seed=1, faults=True, kind="parquet")


def test_a_scenario_of_ones_own_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('extends = "rare"\nname = "mine"\n', encoding="utf-8")
    assert generate_files(tmp_path / "out", scenario=str(path), procedures=30, seed=1)["scenario"] == "mine"


def test_the_national_scenario_has_hospitals_enough() -> None:
    sites = load_scenario("national").sites
    assert len({site.site_id for site in sites}) == 500
    copies = parse_scenario('extends = "default"\nsite_copies = 2', where="mine.toml")
    assert [site.site_id for site in copies.sites][::20] == ["S01-01", "S01-02"]
