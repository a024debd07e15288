"""What belongs together in a procedure goes together."""

from __future__ import annotations

import polars as pl
import pytest

from synthetic.registry import Registry, generate_registry
from synthetic.scenario import load_scenario


@pytest.fixture(scope="module")
def registry() -> Registry:
    return generate_registry(load_scenario("default"), procedures=12_000, seed=53)


@pytest.fixture(scope="module")
def procedures(registry: Registry) -> pl.DataFrame:
    by_visit = registry.tables["lesions"].group_by("procedure_id")
    lesions = by_visit.agg(pl.len().alias("lesions"), pl.col("cto").any().alias("occluded"))
    return registry.tables["procedures"].join(lesions, on="procedure_id")


def mean(rows: pl.DataFrame, column: str) -> float:
    value = rows[column].cast(pl.Float64).mean()
    assert isinstance(value, float)
    return value


def test_more_lesions_and_occlusions_take_more_contrast_and_radiation(procedures: pl.DataFrame) -> None:
    for column, least in (("contrast_ml", 25), ("radiation_air_kerma_mgy", 100)):
        simple = mean(procedures.filter(lesions=1, occluded=False), column)
        assert mean(procedures.filter(lesions=2, occluded=False), column) > simple + least
        assert mean(procedures.filter(lesions=1, occluded=True), column) > simple + least
    both = procedures.select(pl.corr("contrast_ml", "radiation_air_kerma_mgy")).item()
    assert both > 0.3


def test_shock_is_found_in_stemi_only_and_oftener_in_those_who_die(procedures: pl.DataFrame) -> None:
    assert procedures.filter(cardiogenic_shock=True)["presentation"].is_in(["stemi", "unknown"]).all()
    stemi = procedures.filter(presentation="stemi")
    dead, alive = (mean(stemi.filter(discharge_status=s), "cardiogenic_shock") for s in ("dead", "alive"))
    assert dead > 3 * alive > 0.09


def test_kidneys_and_blood_agree_with_age_and_one_another(procedures: pl.DataFrame) -> None:
    free = procedures.filter(dialysis=False)
    assert -0.5 < free.select(pl.corr("age_years", "egfr_ml_min_173m2")).item() < -0.2
    diseased, healthy = free.filter(ckd=True), free.filter(ckd=False)
    assert mean(diseased, "age_years") > mean(healthy, "age_years") + 2
    assert diseased["egfr_ml_min_173m2"].drop_nulls().max() < 60
    assert mean(diseased, "hemoglobin_g_l") < mean(healthy, "hemoglobin_g_l") - 5
    assert mean(procedures.filter(dialysis=True), "hemoglobin_g_l") < mean(diseased, "hemoglobin_g_l") - 5


def test_pump_function_is_lower_in_heart_failure_infarction_and_shock(procedures: pl.DataFrame) -> None:
    for column, least in (("heart_failure", 6), ("prior_mi", 2), ("cardiogenic_shock", 1)):
        weak, strong = (procedures.filter(pl.col(column) == value) for value in (True, False))
        assert mean(weak, "lvef_pct") < mean(strong, "lvef_pct") - least
    stable = mean(procedures.filter(presentation="stable_angina"), "lvef_pct")
    assert mean(procedures.filter(presentation="stemi"), "lvef_pct") < stable - 2


def test_women_are_older_than_men(registry: Registry) -> None:
    first = registry.tables["procedures"].sort("procedure_date").unique("patient_id", keep="first")
    people = first.join(registry.tables["patients"].select("patient_id", "sex"), on="patient_id")
    women, men = (mean(people.filter(sex=sex), "age_years") for sex in ("female", "male"))
    assert 2.5 < women - men < 5


def test_markers_rise_with_the_infarction_a_patient_came_with(procedures: pl.DataFrame) -> None:
    peak = {
        reason: procedures.filter(presentation=reason)["ckmb_post_xuln"].median()
        for reason in ("stable_angina", "nstemi", "stemi")
    }
    assert peak["stable_angina"] < 1
    assert 2 < peak["nstemi"] < 5
    assert peak["stemi"] > 8


def test_periprocedural_infarctions_raise_markers_of_stable_patients(registry: Registry) -> None:
    rows = registry.tables["complications"].filter(complication_type="periprocedural_mi")
    stable = registry.tables["procedures"].filter(presentation="stable_angina")
    infarcted = stable.join(rows, on="procedure_id", how="semi")
    assert infarcted["troponin_post_xuln"].drop_nulls().min() >= 35
    assert infarcted["ckmb_post_xuln"].drop_nulls().min() > 3
    told = stable.filter(complications_recorded="all").join(rows, on="procedure_id", how="anti")
    assert told["ckmb_post_xuln"].drop_nulls().max() <= 3


def test_restenosis_needs_an_earlier_stent_and_occlusions_spare_the_left_main(registry: Registry) -> None:
    lesions = registry.tables["lesions"]
    owners = lesions.filter(in_stent_restenosis=True).join(registry.tables["procedures"], on="procedure_id")
    assert owners["prior_pci"].all()
    assert not (lesions.filter(cto=True)["vessel"] == "LM").any()


def test_left_mains_are_wide_and_occlusions_long(registry: Registry) -> None:
    lesions = registry.tables["lesions"]
    left_main = mean(lesions.filter(vessel="LM"), "reference_diameter_mm")
    assert 3.6 < left_main < 4.2
    assert mean(lesions.filter(vessel="LAD"), "reference_diameter_mm") < 3.1
    assert mean(lesions.filter(cto=True), "lesion_length_mm") > 25


def test_stages_come_within_ninety_days_and_are_elective(registry: Registry) -> None:
    staged = registry.tables["events"].filter(planned_staged=True)
    index = registry.tables["procedures"].sort("procedure_date").unique("patient_id", keep="first")
    gap = staged.join(index, on="patient_id").select(
        (pl.col("event_date") - pl.col("procedure_date")).dt.total_days()
    )
    assert gap.to_series().is_between(1, 90).all()
    done = registry.tables["procedures"].join(
        staged, left_on=["patient_id", "procedure_date"], right_on=["patient_id", "event_date"], how="semi"
    )
    assert done["presentation"].is_in(["stable_angina", "unknown"]).all()


def test_some_repeat_procedures_are_done_for_unstable_angina(registry: Registry) -> None:
    first = (
        registry.tables["procedures"]
        .group_by("patient_id")
        .agg(pl.col("procedure_date").min().alias("first"))
    )
    later = (
        registry.tables["procedures"]
        .join(first, on="patient_id")
        .filter(
            pl.col("procedure_date") - pl.col("first") > pl.duration(days=90),
            pl.col("presentation") != "unknown",
        )
    )
    unstable = mean(later.with_columns(unstable=pl.col("presentation") == "unstable_angina"), "unstable")
    assert unstable == pytest.approx(0.3, abs=0.06)
