"""Codes become words, and groups stand in the order a reader expects."""

from __future__ import annotations

from analytics.charts.labels import (
    FROM_LEAST_CALCIUM,
    label_comparison,
    label_complication,
    label_strategy,
    label_variance,
    order_severities,
    order_strategies,
)
from analytics.complications.definitions import COMPLICATIONS
from schemas.vocabulary import SEVERITY_GRADES


def test_grades_run_from_least_to_most_calcium_and_all_comes_last() -> None:
    assert order_severities(["severe", "all", "none_mild", "moderate"]) == [
        "none_mild",
        "moderate",
        "severe",
        "all",
    ]
    assert set(FROM_LEAST_CALCIUM) == set(SEVERITY_GRADES)


def test_devices_stand_in_clinical_order() -> None:
    assert order_strategies(["elca", "unknown", "rotational_atherectomy"]) == [
        "rotational_atherectomy", "elca", "unknown",
    ]  # fmt: skip


def test_every_complication_has_words_and_an_unknown_key_is_readable() -> None:
    assert all(label_complication(key) == known.label for key, known in COMPLICATIONS.items())
    assert label_complication("new_thing") == "New thing"
    assert label_strategy("all") == "All strategies"


def test_columns_of_the_data_are_not_named_to_readers() -> None:
    assert label_variance("sandwich by patient_id") == "sandwich by patient"


def test_a_level_is_named_with_what_it_is_compared_with() -> None:
    references = {"severity": "none", "strategy": "nc_balloon", "device": "elca", "arm": "IVUS"}
    assert label_comparison("severity=moderate", references) == "Moderate calcification against none"
    assert label_comparison("strategy=elca", references) == "Excimer laser against non-compliant balloon"
    assert label_comparison("arm=OCT", references) == "OCT against IVUS"
    assert label_comparison("age_years", references) == "Age, per year"
    assert " against " not in label_comparison("severity=severe x strategy=elca", references)
