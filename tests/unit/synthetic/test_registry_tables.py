"""A whole registry: keys, order in time, devices, files."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from schemas.registry import TABLES
from synthetic.registry import Registry, generate_registry
from synthetic.scenario import load_scenario
from synthetic.writer import tables_as_text, write_registry


@pytest.fixture(scope="module")
def registry() -> Registry:
    return generate_registry(load_scenario("default"), procedures=2500, seed=11)


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_one_seed_writes_the_same_bytes_twice(tmp_path: Path) -> None:
    scenario = load_scenario("default")
    for run in ("first", "second"):
        write_registry(generate_registry(scenario, procedures=300, seed=5), tmp_path / run)
    assert digests(tmp_path / "first") == digests(tmp_path / "second")
    assert set(digests(tmp_path / "first")) == {
        *(f"{name}.csv" for name in TABLES),
        "truth.json",
        "scenario.json",
    }


def test_another_seed_gives_another_registry() -> None:
    scenario = load_scenario("default")
    first = generate_registry(scenario, procedures=300, seed=5)
    other = generate_registry(scenario, procedures=300, seed=6)
    assert not first.tables["procedures"].equals(other.tables["procedures"])


@pytest.mark.parametrize("procedures", [1, 2, 37, 1000])
def test_number_of_procedures_is_exactly_the_one_asked_for(procedures: int) -> None:
    registry = generate_registry(load_scenario("default"), procedures=procedures, seed=3)
    assert len(registry.tables["procedures"]) == procedures
    assert registry.truth["sizes"]["procedures"] == procedures


def test_no_procedures_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        generate_registry(load_scenario("default"), procedures=0, seed=3)


def test_tables_have_the_canonical_columns_and_types(registry: Registry) -> None:
    for name, table in TABLES.items():
        assert dict(registry.tables[name].schema) == table.dtypes


def test_primary_keys_are_unique_and_filled(registry: Registry) -> None:
    for name, table in TABLES.items():
        keys = registry.tables[name][table.primary_key]
        assert keys.null_count() == 0
        assert keys.n_unique() == len(keys)


def test_every_foreign_key_has_its_parent(registry: Registry) -> None:
    for name, table in TABLES.items():
        for reference in table.references:
            children = registry.tables[name][reference.column].drop_nulls()
            parents = registry.tables[reference.table][reference.target]
            assert children.is_in(parents.implode()).all()


def with_first_procedure(registry: Registry, table: str) -> pl.DataFrame:
    first = registry.tables["procedures"].group_by("patient_id").agg(pl.col("procedure_date").min())
    return registry.tables[table].join(first, on="patient_id", how="left", maintain_order="left")


def test_events_lie_between_procedure_and_cutoff(registry: Registry) -> None:
    sites = registry.tables["sites"].select("site_id", "data_cutoff_date")
    events = with_first_procedure(registry, "events").join(
        registry.tables["patients"].select("patient_id", "site_id").join(sites, on="site_id"), on="patient_id"
    )
    assert (events["event_date"] >= events["procedure_date"]).all()
    assert events.filter(pl.col("event_date") > pl.col("data_cutoff_date")).is_empty()


def test_nothing_happens_after_death(registry: Registry) -> None:
    deaths = registry.tables["events"].filter(event_type="death").select("patient_id", death="event_date")
    assert deaths["patient_id"].n_unique() == len(deaths) > 20
    for table, column in (
        ("events", "event_date"),
        ("follow_up", "contact_date"),
        ("procedures", "procedure_date"),
    ):
        rows = registry.tables[table].join(deaths, on="patient_id")
        assert rows.filter(pl.col(column) > pl.col("death")).is_empty()


def test_deaths_in_hospital_agree_with_discharge(registry: Registry) -> None:
    deaths = registry.tables["events"].filter(event_type="death").select("patient_id", death="event_date")
    stays = registry.tables["procedures"].join(deaths, on="patient_id", how="left")
    in_stay = stays["death"] <= stays["discharge_date"]
    assert ((stays["discharge_status"] == "dead") == in_stay.fill_null(value=False)).all()


def test_passive_site_knows_nothing_after_discharge(registry: Registry) -> None:
    procedures = registry.tables["procedures"].filter(site_id="S10")
    events = registry.tables["events"].join(
        procedures.select("patient_id", "discharge_date"), on="patient_id"
    )
    assert len(procedures) > 0
    assert events.filter(pl.col("event_date") > pl.col("discharge_date")).is_empty()


def test_mixed_sites_run_two_clocks(registry: Registry) -> None:
    patients = registry.tables["patients"].filter(pl.col("site_id").is_in(["S05", "S13", "S20"]))
    contacts = registry.tables["follow_up"].join(patients, on="patient_id", how="semi")
    linkage = contacts.filter(contact_method="linkage")
    assert linkage["patient_id"].n_unique() == len(patients)
    assert not linkage["nonfatal_events_assessed"].any()
    assert (
        contacts.filter(contact_method="telephone", vital_status="alive")["nonfatal_events_assessed"].mean()
        > 0.85
    )


def test_lost_contacts_assess_nothing(registry: Registry) -> None:
    lost = registry.tables["follow_up"].filter(vital_status="lost")
    assert len(lost) > 0
    assert not lost["nonfatal_events_assessed"].any()


def test_no_lithotripsy_before_2019_and_no_atherectomy_where_there_is_none(registry: Registry) -> None:
    devices = (
        registry.tables["device_uses"]
        .join(registry.tables["lesions"].select("lesion_id", "procedure_id"), on="lesion_id")
        .join(
            registry.tables["procedures"].select("procedure_id", "procedure_date", "site_id"),
            on="procedure_id",
        )
    )
    lithotripsy = devices.filter(device_class="intravascular_lithotripsy")
    assert lithotripsy["procedure_date"].dt.year().min() >= 2019
    without = [site.site_id for site in load_scenario("default").sites if not site.atherectomy]
    ablating = ["rotational_atherectomy", "orbital_atherectomy", "elca"]
    used = devices.filter(pl.col("device_class").is_in(ablating))
    assert len(used) > 20
    assert used.filter(pl.col("site_id").is_in(without)).is_empty()


def test_settings_stay_in_marketed_sizes(registry: Registry) -> None:
    devices = registry.tables["device_uses"]
    burrs = devices.filter(device_class="rotational_atherectomy")["diameter_mm"].unique()
    assert set(burrs.to_list()) <= {1.25, 1.5, 1.75, 2.0}
    pulses = devices["ivl_pulses"].drop_nulls()
    assert (pulses % 10 == 0).all()
    assert pulses.is_between(10, 120).all()
    assert devices.filter(pl.col("ivl_pulses").is_not_null())["device_class"].unique().to_list() == [
        "intravascular_lithotripsy"
    ]


def test_entrapment_needs_a_burr_or_crown() -> None:
    scenario = load_scenario("default")
    wide = generate_registry(scenario, procedures=20_000, seed=2)
    expected = wide.truth["expected"]["complication_rate_by_strategy"]["device_entrapment"]
    assert expected["plain_balloon"] == expected["nc_balloon"] == expected["intravascular_lithotripsy"] == 0.0
    entrapped = wide.tables["complications"].filter(complication_type="device_entrapment")
    assert len(entrapped) > 0
    assert set(entrapped["attributed_device_class"]) <= {"rotational_atherectomy", "orbital_atherectomy"}


def test_procedures_that_record_nothing_have_no_complication_rows(registry: Registry) -> None:
    silent = registry.tables["procedures"].filter(complications_recorded="none")
    assert len(silent) > 0
    assert registry.tables["complications"].join(silent, on="procedure_id", how="semi").is_empty()


def test_repeat_procedures_are_the_events_that_led_to_them(registry: Registry) -> None:
    events = registry.tables["events"].filter(pl.col("event_type") == "revasc_pci")
    later = registry.tables["procedures"].filter(pl.col("procedure_id").str.ends_with("-1").not_())
    assert len(later) > 50
    assert later.join(
        events, left_on=["patient_id", "procedure_date"], right_on=["patient_id", "event_date"], how="anti"
    ).is_empty()
    assert later["prior_pci"].all()


def test_text_uses_iso_dates_and_lower_case_truth_values(registry: Registry) -> None:
    text = tables_as_text(registry)
    assert text["procedures"]["procedure_date"].str.contains(r"^\d{4}-\d{2}-\d{2}$").all()
    assert set(text["lesions"]["cto"].unique().to_list()) == {"true", "false"}
    assert all(dtype == pl.String for table in text.values() for dtype in table.dtypes)


def test_truth_is_json_with_the_documented_parts(registry: Registry, tmp_path: Path) -> None:
    write_registry(registry, tmp_path)
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert truth == registry.truth
    assert truth["seed"] == 11
    assert truth["time"]["interval_first_days"] == [0, 2, 31, 181, 366]
    severe, none = (truth["hazards"]["mi"]["per_day"][grade] for grade in ("severe", "none"))
    assert [s / n for s, n in zip(severe, none, strict=True)] == pytest.approx([1.45] * 5)


def test_stays_are_shorter_than_ten_days(registry: Registry) -> None:
    stays = registry.tables["procedures"]
    assert (stays["discharge_date"] - stays["procedure_date"]).max() < timedelta(days=10)
