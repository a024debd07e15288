"""Studies are pooled only where they agree; every other one is named with its reason."""

import polars as pl
import pytest

from analytics.evidence.compatibility import find_compatible
from analytics.evidence.pooled_results import Pooled
from analytics.evidence.pooling import pool_proportions
from analytics.evidence.published import read_effects, read_published
from analytics.evidence.synthesis import judge_rate, pool_published_proportions, pool_published_ratios
from analytics.refusals import NotEstimable

BASE = {
    "study": "Toy",
    "year": 2020,
    "design": "rct",
    "device": "elca",
    "severity": "severe",
    "unit": "lesion",
    "outcome": "tamponade",
    "definition": "any_recorded",
    "horizon_days": 0,
    "n_events": 2,
    "n_total": 100,
    "count_source": "reported",
    "doi": "10.1000/toy",
    "benchmark_use": "primary",
}


def figures(*rows: dict[str, object]) -> pl.DataFrame:
    schema = read_published().drop("shown_percent").schema
    named = [BASE | {"study_id": f"s{place}"} | row for place, row in enumerate(rows)]
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in named], schema=schema)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"unit": "patient"}, "unit: patient, not lesion"),
        ({"device": "cutting_balloon"}, "device: cutting balloon, not elca"),
        ({"device_label": "mixed_devices"}, "kind of device: mixed devices, not none given"),
        ({"severity": "moderate"}, "severity: moderate, not severe"),
        ({"definition": "administrative"}, "definition: administrative, not any recorded"),
        ({"definition": "not_stated"}, "definition: not stated, not any recorded"),
        ({"horizon_days": 30}, "horizon in days: 30, not 0"),
        ({"population": "women"}, "population: women, not none given"),
        ({"benchmark_use": "historical"}, "use: historical, not primary"),
        ({"n_events": None, "count_source": "none"}, "events or total not printed"),
        ({"doi": None}, "no DOI or PMID"),
    ],
)
def test_a_study_that_differs_is_left_out_and_the_reason_is_told(
    change: dict[str, object], reason: str
) -> None:
    found = find_compatible(figures({}, {}, change))
    assert found.rows["study_id"].to_list() == ["s0", "s1"]
    assert [(one.study_id, one.reason) for one in found.excluded] == [("s2", reason)]


def test_of_two_studies_with_shared_patients_the_larger_is_pooled() -> None:
    small = {"overlap_groups": "abc;xyz", "n_total": 50}
    found = find_compatible(figures({}, small, {"overlap_groups": "xyz", "study": "Big", "n_total": 400}))
    assert set(found.rows["study_id"]) == {"s0", "s2"}
    assert [one.reason for one in found.excluded] == ["shares patients with Big"]


def test_a_study_gives_one_row_the_largest() -> None:
    found = find_compatible(figures({}, {"study_id": "s0", "arm": "women", "n_total": 40}))
    assert found.rows["n_total"].to_list() == [100]
    assert found.excluded[0].reason == "another row of the same study is pooled"


def test_keys_left_open_take_the_combination_with_most_studies() -> None:
    rows = figures({"unit": "patient", "n_total": 5000}, {}, {})
    assert find_compatible(rows).keys["unit"] == "lesion"
    asked = find_compatible(rows, wanted={"unit": "patient"})
    assert asked.rows["study_id"].to_list() == ["s0"]


def test_every_published_row_is_pooled_or_named() -> None:
    for outcome in ("perforation_any", "mace", "balloon_rupture"):
        rows = read_published().filter(pl.col("outcome") == outcome)
        found = find_compatible(rows)
        assert found.rows.height + len(found.excluded) == rows.height


def test_shipped_figures_of_balloon_rupture_are_pooled_and_those_without_source_are_not() -> None:
    rows = read_published().filter(pl.col("outcome") == "balloon_rupture")
    found = pool_published_proportions(rows)
    assert isinstance(found.pooled, Pooled)
    # Twelve ruptures in 188 lesions without sign of heterogeneity: the model is the plain share.
    assert found.pooled.estimate == pytest.approx(12 / 188)
    assert {one.reason for one in found.studies.excluded} == {"no DOI or PMID"}


def test_trials_without_an_event_are_not_pooled_into_a_zero() -> None:
    rows = read_published().filter(pl.col("outcome") == "perforation_any")
    found = pool_published_proportions(
        rows, wanted={"device": "intravascular_lithotripsy", "severity": "severe"}
    )
    assert isinstance(found.pooled, NotEstimable)
    assert found.pooled.code == "no_events"


def test_ratios_of_one_comparison_are_pooled_and_others_named() -> None:
    rows = read_effects().filter((pl.col("study_id") == "win_des") & (pl.col("outcome") == "mace"))
    twin = rows.with_columns(study_id=pl.lit("twin"), overlap_groups=pl.lit(None, pl.String))
    other = rows.with_columns(study_id=pl.lit("odd"), measure=pl.lit("OR"))
    found = pool_published_ratios(pl.concat([rows, twin, other]))
    assert isinstance(found.pooled, Pooled)
    assert found.pooled.estimate == pytest.approx(1.56)
    assert [one.reason for one in found.studies.excluded] == ["measure: OR, not HR"]


def test_a_rate_is_judged_with_its_own_interval_against_the_prediction_interval() -> None:
    pooled = pool_proportions([22, 18, 10, 6, 1, 2], [2953, 1008, 997, 331, 110, 479])
    assert isinstance(pooled, Pooled)
    assert pooled.prediction_upper is not None
    high, low = pooled.prediction_upper, pooled.prediction_lower or 0
    assert judge_rate(high + 0.001, high + 0.01, pooled).code == "above"
    assert judge_rate(0.0, low - 0.0001, pooled).code == "below"
    assert judge_rate(high - 0.001, high + 0.02, pooled).code == "within"
    assert "to" in judge_rate(high, high, pooled).sentence


def test_a_rate_is_not_judged_without_a_rate_or_a_prediction() -> None:
    refused = pool_proportions([0, 0], [20, 30])
    assert judge_rate(0.1, 0.2, refused).code == "not_judged"
    two = pool_proportions([1, 2], [20, 30], prediction="t_k2")
    assert judge_rate(0.1, 0.2, two).sentence == "Not judged: too few studies for a prediction interval."
    assert judge_rate(None, None, two).code == "not_judged"
