"""What happens at the table is set in the scenario file, and faulty settings are refused."""

from __future__ import annotations

import polars as pl
import pytest

from schemas.errors import SchemaFileError
from synthetic.registry import generate_registry
from synthetic.scenario import Scenario, load_scenario, parse_scenario
from synthetic.truth_of_practice import describe_complications

SEED, SIZE = 8, 1_500


def own(text: str) -> Scenario:
    return parse_scenario(f'extends = "default"\n{text}', where="mine.toml")


def tables_of(text: str) -> dict[str, pl.DataFrame]:
    return generate_registry(own(text), procedures=SIZE, seed=SEED).tables


def test_kidney_injury_and_grades_follow_the_scenario() -> None:
    tables = tables_of(
        """
        [complications]
        acute_kidney_injury = 0.3
        acute_kidney_injury_ckd_multiplier = 0.0
        mild_dissection_mix = [0.0, 1.0, 0.0]
        severe_dissection_mix = [0.0, 0.0, 1.0]
        access_site_bleeding_mix = [1.0, 0.0]
        """
    )
    records = tables["complications"].join(
        tables["procedures"].select("procedure_id", "ckd"), on="procedure_id"
    )
    injured = records.filter(complication_type="acute_kidney_injury")
    assert injured["ckd"].drop_nulls().to_list().count(True) == 0
    assert len(injured) > 200
    assert set(records.filter(complication_type="dissection")["grade"]) == {"B", "F"}
    assert set(records.filter(complication_type="access_site_bleeding")["grade"]) == {"1"}


def test_calcium_and_runs_follow_the_scenario() -> None:
    imaging = tables_of(
        """
        [imaging]
        oct_share = 0.0
        second_modality = 0.0
        visible = [1.0, 1.0, 1.0, 1.0]
        depth_mix = [0.0, 1.0, 0.0]
        nodule = [1.0, 1.0, 1.0, 1.0]
        eruptive_if_nodule = 0.0
        after_modification = 0.0
        fracture_if_lithotripsy = 0.0
        fracture_otherwise = 0.0
        """
    )["imaging"]
    assert set(imaging["stage"]) == {"baseline", "after_stent"}
    baseline = imaging.filter(stage="baseline")
    assert set(baseline["calcium_depth"]) == {"deep"}
    assert set(baseline["calcified_nodule"]) == {"non_eruptive"}
    assert not imaging["calcium_fracture"].any()


def test_a_device_without_settings_is_named() -> None:
    with pytest.raises(SchemaFileError, match="must name intravascular_lithotripsy, cutting_balloon"):
        own("[devices.pressure_atm]\nburr = [13.0, 1.0]")


def test_devices_follow_the_scenario() -> None:
    devices = tables_of(
        """
        [treatment]
        scoring_if_cutting = 1.0
        second_burr = 0.0
        drug_coated_balloon = 1.0
        drug_coated_balloon_if_in_stent = 1.0
        [treatment.balloon_before]
        intravascular_lithotripsy = 0.0
        [devices]
        large_artery_mm = 0.0
        larger_burr_if_large = 1.0
        widest_burr_if_wide = 0.0
        burr_speed_krpm = [160.0, 0.0]
        [devices.pressure_atm]
        nc_balloon = [20.0, 0.0]
        """
    )["device_uses"]
    burrs = devices.filter(device_class="rotational_atherectomy")
    assert set(burrs["diameter_mm"]) == {1.5}
    assert set(burrs["rotation_speed_krpm"]) == {160.0}
    assert set(devices.filter(device_class="nc_balloon")["max_pressure_atm"].drop_nulls()) == {20.0}
    first = devices.filter(role="modification").join(burrs, on="lesion_id", how="anti")
    assert "cutting_balloon" not in set(first["device_class"])
    assert "scoring_balloon" in set(first["device_class"])
    lithotripsy = first.filter(device_class="intravascular_lithotripsy")
    assert len(lithotripsy) > 20
    assert set(lithotripsy["sequence_no"]) == {1}


def test_visits_and_what_they_take_follow_the_scenario() -> None:
    procedures = tables_of(
        """
        [burden]
        contrast_ml = { usual = 100.0, device = 0.0, further_lesion = 50.0, occlusion = 0.0, sd = 0.0 }
        [visit]
        unstable_if_repeat = 0.0
        radial = 1.0
        radial_if_device = 0.0
        radial_if_shock = 0.0
        dapt = 0.0
        discharge_each_night = [1.0, 1.0, 1.0, 1.0, 1.0]
        nights = [0, 0, 0, 0, 0]
        """
    )["procedures"]
    assert set(procedures["contrast_ml"].drop_nulls()) == {100.0, 150.0, 200.0}
    assert set(procedures["dapt_at_discharge"].drop_nulls()) == {False}
    assert procedures["procedure_date"].equals(procedures["discharge_date"], null_equal=True)
    radial = procedures.filter(pl.col("access_site") == "radial")
    assert 0.6 < len(radial) / SIZE < 0.95
    assert not radial["cardiogenic_shock"].any()


def test_patients_lesions_and_events_follow_the_scenario() -> None:
    tables = tables_of(
        """
        [population]
        body_mass_index = [30.0, 0.0]
        egfr_if_dialysis = [15.0, 0.0]
        egfr_if_ckd = [40.0, 0.0]
        [anatomy]
        angulation_mix = [0.0, 0.0, 1.0]
        tortuosity_mix = [0.0, 1.0, 0.0]
        [outcomes]
        vascular_if_cardiac_death = 1.0
        target_vessel_if_late_mi = 0.0
        driven_if_revascularised = 0.0
        """
    )
    procedures = tables["procedures"]
    assert set(procedures["bmi_kg_m2"].drop_nulls()) == {30.0}
    # The rate is unknown on dialysis.
    assert set(procedures.filter(pl.col("ckd"))["egfr_ml_min_173m2"].drop_nulls()) == {40.0}
    assert set(tables["lesions"]["angulation"].cast(pl.String)) == {"gt90", "unknown"}
    assert set(tables["lesions"]["tortuosity"].cast(pl.String)) == {"moderate", "unknown"}
    events = tables["events"]
    assert "cardiac" not in set(events["death_cause"].cast(pl.String))
    late = events.filter(pl.col("mi_type").cast(pl.String) == "spontaneous")
    assert set(late["target_relation"].cast(pl.String)) == {"non_target_vessel"}


def test_blood_values_follow_the_scenario() -> None:
    procedures = tables_of(
        """
        [laboratory]
        ldl = [3.0, 0.0]
        phosphate = [1.0, 0.0]
        phosphate_mean_if_dialysis = 2.0
        haemoglobin = [140.0, 0.0]
        haemoglobin_less_per_year = 0.0
        haemoglobin_less_in_women = 0.0
        haemoglobin_less_if_ckd = 10.0
        haemoglobin_less_if_dialysis = 20.0
        """
    )["procedures"]
    assert set(procedures["ldl_mmol_l"].drop_nulls()) == {3.0}
    assert set(procedures["phosphate_mmol_l"].drop_nulls()) == {1.0, 2.0}
    assert set(procedures["hemoglobin_g_l"].drop_nulls()) == {140.0, 130.0, 120.0}
    assert set(procedures.filter("dialysis")["hemoglobin_g_l"].drop_nulls()) == {120.0}


def test_the_truth_tells_complications_that_no_device_changes() -> None:
    found = describe_complications(load_scenario("default"))
    assert found["access_site_bleeding"] == {"probability": 0.012}
    assert found["acute_kidney_injury"] == {"probability": 0.02, "ckd_factor": 3.0, "dialysis_factor": 0.0}


@pytest.mark.parametrize(
    ("table", "line", "what"),
    [
        ("complications", "access_site_bleeding = 1.2", "from 0 to 1"),
        ("complications", "acute_kidney_injury_ckd_multiplier = 60.0", "above 1"),
        ("complications", "perforation_mix = [0.5, 0.5]", "needs 3 values"),
        ("complications", "mild_dissection_mix = [0.5, 0.5, 0.5]", "sum to 1"),
        ("complications", "access_site_bleeding_mix = [1.5, -0.5]", "0 or more"),
        ("treatment", "second_burr = 2.0", "from 0 to 1"),
        ("treatment.balloon_before", "elca = 1.1", "from 0 to 1"),
        ("devices", "wide_artery_mm = 2.0", "below large_artery_mm"),
        ("devices", "widest_burr_if_wide = 0.9", "above larger_burr_if_large"),
        ("devices", "burr_speed_krpm = [170.0]", "needs 2 values"),
        ("devices.pressure_atm", "stent = [13.0, -1.0]", "0 or more"),
        ("burden.contrast_ml", "sd = -1.0", "0 or more"),
        ("visit", "radial = 1.5", "from 0 to 1"),
        ("visit", "nights = [1]", "needs 5 values"),
        ("visit", "discharge_each_night = [0.0, 0.5, 0.5, 0.5, 0.5]", "above 0"),
        ("population", "egfr_if_ckd = [46.0]", "needs 2 values"),
        ("anatomy", "angulation_mix = [0.5, 0.5, 0.5]", "sum to 1"),
        ("outcomes", "driven_if_revascularised = -0.5", "from 0 to 1"),
        ("laboratory", "log_ckmb = [1.0]", "needs 2 values"),
        ("imaging", "after_stent = -0.1", "from 0 to 1"),
        ("imaging", "depth_mix = [0.5, 0.5]", "needs 3 values"),
        ("imaging", "thickness_sd_mm = -0.1", "0 or more"),
    ],
)
def test_a_faulty_setting_is_refused_by_place_and_fact(table: str, line: str, what: str) -> None:
    with pytest.raises(SchemaFileError) as caught:
        own(f"[{table}]\n{line}")
    assert caught.value.where == f"mine.toml.{table}.{line.split(' =', maxsplit=1)[0]}"
    assert what in caught.value.what
