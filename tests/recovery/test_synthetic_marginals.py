"""The registry shows what its scenario says, within Monte-Carlo error."""

from __future__ import annotations

import math
import statistics

import polars as pl
import pytest

from synthetic.registry import Registry, generate_registry
from synthetic.scenario import load_scenario

PROCEDURES = 20_000


@pytest.fixture(scope="module")
def registry() -> Registry:
    return generate_registry(load_scenario("default"), procedures=PROCEDURES, seed=101)


@pytest.fixture(scope="module")
def device_mixes() -> list[dict[str, dict[str, float]]]:
    """Return the expected mix of devices by grade at the hospitals of five seeds."""
    scenario = load_scenario("default")
    truths = [generate_registry(scenario, procedures=4_000, seed=seed).truth for seed in range(101, 106)]
    return [truth["expected"]["device_mix_by_true_severity"] for truth in truths]


def four_errors(probability: float, n: int) -> float:
    return 4 * math.sqrt(probability * (1 - probability) / n) + 1e-12


def test_sex_is_the_scenarios(registry: Registry) -> None:
    patients = registry.tables["patients"]
    assert (patients["sex"] == "male").mean() == pytest.approx(0.75, abs=four_errors(0.75, len(patients)))


def test_severity_mix_is_the_scenarios(registry: Registry) -> None:
    # lesions of a patient resemble one another and sites shift the mix: 1.5 percentage points cover both
    counts = registry.truth["counts"]["lesions_by_true_severity"]
    total = sum(counts.values())
    for grade, share in registry.truth["expected"]["severity_mix"].items():
        assert counts[grade] / total == pytest.approx(share, abs=0.015)


def test_unknown_severity_and_missing_ejection_fraction_are_the_scenarios(registry: Registry) -> None:
    lesions, procedures = registry.tables["lesions"], registry.tables["procedures"]
    unknown = (lesions["calcification_angio"] == "unknown").mean()
    assert unknown == pytest.approx(0.114, abs=four_errors(0.114, len(lesions)))
    missing = procedures["lvef_pct"].is_null().mean()
    assert missing == pytest.approx(0.15, abs=four_errors(0.15, len(procedures)))


def test_operators_agree_with_the_truth_as_little_as_published(registry: Registry) -> None:
    assert 0.25 < registry.truth["counts"]["weighted_kappa_of_operators"] < 0.42


@pytest.mark.parametrize(
    ("grades", "published"),
    [
        (("none", "mild"), {"plain_balloon": 0.70, "nc_balloon": 0.27, "cutting_balloon": 0.006}),
        (("moderate",), {"plain_balloon": 0.45, "nc_balloon": 0.35, "rotational_atherectomy": 0.05}),
        (
            ("severe",),
            {
                "plain_balloon": 0.15,
                "nc_balloon": 0.20,
                "cutting_balloon": 0.085,
                "rotational_atherectomy": 0.22,
                "intravascular_lithotripsy": 0.24,
            },
        ),
    ],
)
def test_device_mix_comes_near_its_calibration(
    device_mixes: list[dict[str, dict[str, float]]], grades: tuple[str, ...], published: dict[str, float]
) -> None:
    # averaged over hospitals: where those without burrs are large, lithotripsy takes their place
    for strategy, share in published.items():
        mean = statistics.fmean(mix[grade][strategy] for mix in device_mixes for grade in grades)
        assert mean == pytest.approx(share, abs=max(0.15 * share, 0.01))


@pytest.mark.parametrize(
    "name",
    [
        *(
            "dissection_any",
            "dissection_severe",
            "perforation_any",
            "tamponade",
            "slow_flow_any",
            "no_reflow_final",
        ),
        *("av_block", "wire_fracture", "device_entrapment", "balloon_rupture", "periprocedural_mi"),
    ],
)
def test_complications_come_as_often_as_their_table_says(registry: Registry, name: str) -> None:
    expected = registry.truth["expected"]["complication_rate"][name]
    observed = registry.truth["counts"]["complications"][name] / PROCEDURES
    assert observed == pytest.approx(expected, abs=four_errors(expected, PROCEDURES))


def test_perforations_in_the_table_are_those_that_happened_where_all_is_recorded(registry: Registry) -> None:
    recorded = registry.tables["procedures"].filter(complications_recorded="all")
    rows = registry.tables["complications"].filter(complication_type="perforation")
    expected = registry.truth["expected"]["complication_rate"]["perforation_any"]
    share = len(rows.join(recorded, on="procedure_id", how="semi")) / len(recorded)
    assert share == pytest.approx(expected, abs=four_errors(expected, len(recorded)))


def test_crude_one_year_mace_rises_with_calcium_as_published(registry: Registry) -> None:
    risk = registry.truth["expected"]["one_year_mace_by_true_severity"]
    for grade, published in {"none": 0.09, "mild": 0.09, "moderate": 0.147, "severe": 0.179}.items():
        assert risk[grade] == pytest.approx(published, abs=0.015)
    assert registry.truth["expected"]["share_of_one_year_mace_in_first_30_days"]["severe"] == pytest.approx(
        0.40, abs=0.05
    )


def test_lithotripsy_rises_over_the_years(registry: Registry) -> None:
    lesions = registry.tables["lesions"].join(
        registry.tables["procedures"].select("procedure_id", "procedure_date"), on="procedure_id"
    )
    treated = registry.tables["device_uses"].filter(
        device_class="intravascular_lithotripsy", role="modification"
    )
    share = (
        lesions.with_columns(used=pl.col("lesion_id").is_in(treated["lesion_id"].implode()))
        .group_by(pl.col("procedure_date").dt.year().alias("year"))
        .agg(pl.col("used").mean())
        .sort("year")["used"]
        .to_list()
    )
    assert share[0] == 0.0
    assert share[-1] > share[2] > 0.01
