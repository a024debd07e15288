"""Only what agrees in everything stands beside; the rest says how it differs."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.evidence.matching import Benchmarks, match_benchmarks
from analytics.evidence.published import read_published

SOUND = {
    "study_id": "toy",
    "study": "Toy trial",
    "year": 2020,
    "design": "rct",
    "arm": None,
    "population": None,
    "device": "rotational_atherectomy",
    "device_label": None,
    "severity": "severe",
    "severity_label": None,
    "unit": "lesion",
    "outcome": "dissection_severe",
    "definition": "nhlbi_d_f",
    "definition_text": None,
    "horizon_days": 0,
    "horizon_kind": "fixed",
    "n_events": 3,
    "n_total": 120,
    "percent": 2.5,
    "count_source": "reported",
    "doi": "10.1000/toy",
    "pmid": None,
    "benchmark_use": "primary",
    "overlap_groups": None,
    "note": None,
}


def match(**changes: object) -> Benchmarks:
    asked = {
        "outcome": "dissection_d_f",
        "device": "rotational_atherectomy",
        "severity": "severe",
        "unit": "lesion",
    }
    rows = pl.DataFrame([SOUND | changes], schema=read_published().drop("shown_percent").schema)
    return match_benchmarks(rows, **asked)


def test_a_figure_that_agrees_in_everything_stands_beside() -> None:
    found = match()
    assert [one.citation for one in found.beside] == ["Toy trial 2020, DOI 10.1000/toy"]
    assert found.beside[0].percent == 2.5
    assert found.context == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unit": "patient"}, "patients, not lesions"),
        ({"definition": "nhlbi_c_f"}, "other definition: NHLBI type C to F, not NHLBI type D to F"),
        ({"definition": "not_stated"}, "definition not stated"),
        ({"severity": "ungraded"}, "severity not graded"),
        ({"severity": "moderate_severe"}, "moderate or severe, not severe"),
        ({"severity_label": "IVUS arc"}, "severity by the source: IVUS arc"),
        ({"horizon_days": 30}, "by day 30, not procedure and stay"),
        ({"horizon_days": None}, "follow-up time not stated"),
        ({"population": "women"}, "only women"),
        ({"device_label": "mixed_devices"}, "several devices together"),
        ({"benchmark_use": "historical"}, "early devices or before stents, published 2020"),
        ({"benchmark_use": "context"}, "subgroup, overlapping cohort or coded data"),
    ],
)
def test_any_one_difference_makes_it_context_and_is_named(change: dict[str, Any], words: str) -> None:
    found = match(**change)
    assert found.beside == ()
    assert [one.words for one in found.context[0].differences] == [words]


def test_another_device_another_outcome_and_an_uncited_figure_are_not_shown_at_all() -> None:
    for change in (
        {"device": "elca"},
        {"outcome": "dissection_any"},
        {"doi": None, "benchmark_use": "context"},
    ):
        found = match(**change)
        assert (found.beside, found.context) == ((), ())


def test_all_grades_together_meet_studies_that_did_not_grade() -> None:
    found = match_benchmarks(
        read_published(),
        outcome="burr_entrapment",
        device="rotational_atherectomy",
        severity="all",
        unit="procedure",
    )
    assert [(one.study_id, one.n_events, one.n_total) for one in found.beside] == [("sulimov13", 4, 442)]


def test_dissections_of_type_c_to_f_never_stand_beside_type_d_to_f() -> None:
    found = match_benchmarks(
        read_published(),
        outcome="dissection_d_f",
        device="orbital_atherectomy",
        severity="severe",
        unit="patient",
    )
    assert found.beside == ()
    (eclipse,) = found.context
    assert eclipse.study_id == "eclipse"
    assert [one.kind for one in eclipse.differences] == ["definition"]


def test_infarctions_around_the_procedure_never_have_a_figure_beside() -> None:
    found = match_benchmarks(
        read_published(),
        outcome="periprocedural_mi",
        device="intravascular_lithotripsy",
        severity="all",
        unit="patient",
    )
    assert found.beside == ()
    assert found.context


def test_composites_with_infarctions_are_context_even_where_their_parts_agree() -> None:
    found = match_benchmarks(
        read_published(),
        outcome="euro4c_mace",
        device="rotational_atherectomy",
        severity="all",
        unit="patient",
        horizon_days=365,
    )
    assert found.beside == ()
    nearest = found.context[0]
    assert nearest.study_id == "euro4c"
    assert [one.words for one in nearest.differences] == [
        "infarctions around the procedure may count by another rule"
    ]


def test_events_over_a_median_follow_up_are_no_risk_by_a_day() -> None:
    found = match_benchmarks(
        read_published(),
        outcome="tlr",
        device="intravascular_lithotripsy",
        severity="all",
        unit="patient",
        horizon_days=687,
    )
    assert found.beside == ()
    words = [one.words for one in found.context[0].differences]
    assert words == ["over a median follow-up of 687 days, not by day 687"]


def test_unknown_groups_and_outcomes_without_a_published_counterpart_have_none() -> None:
    for change in ({"severity": "unknown"}, {"device": "unknown"}, {"outcome": "rare_event"}):
        asked = {"outcome": "tamponade", "device": "elca", "severity": "all", "unit": "lesion"} | change
        found = match_benchmarks(read_published(), **asked)
        assert (found.beside, found.context) == ((), ())


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(SpecificationError, match="unknown unit"):
        match_benchmarks(read_published(), outcome="tamponade", device="elca", severity="all", unit="vessel")
