"""The shipped figures keep the rules, and the rules find faults."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from analytics.errors import InputFileError
from analytics.evidence.published import cite, read_effects, read_published, source_link
from analytics.evidence.reading import read_figures
from analytics.evidence.schema import EffectSchema, OutcomeSchema
from analytics.evidence.vocabulary import REGISTRY_OUTCOMES

ROW = {
    "study_id": "toy",
    "study": "Toy trial",
    "year": "2020",
    "design": "rct",
    "arm": "",
    "population": "",
    "device": "cutting_balloon",
    "device_label": "",
    "severity": "severe",
    "severity_label": "",
    "unit": "lesion",
    "outcome": "perforation_any",
    "definition": "any_recorded",
    "definition_text": "",
    "horizon_days": "0",
    "horizon_kind": "fixed",
    "n_events": "3",
    "n_total": "120",
    "percent": "2.5",
    "count_source": "reported",
    "doi": "10.1000/toy",
    "pmid": "",
    "benchmark_use": "primary",
    "overlap_groups": "",
    "note": "",
}


def write(path: Path, *changes: dict[str, str]) -> Path:
    lines = [ROW | change for change in changes]
    path.write_text("\n".join([",".join(ROW), *(",".join(line.values()) for line in lines)]) + "\n")
    return path


def read(path: Path, *changes: dict[str, str]) -> pl.DataFrame:
    return read_figures(write(path / "figures.csv", *changes), OutcomeSchema)


def test_shipped_proportions_keep_every_rule() -> None:
    published = read_published()
    assert published.height == 556
    assert published["study_id"].n_unique() == 129
    uncited = published.filter(pl.col("doi").is_null() & pl.col("pmid").is_null())
    assert set(uncited["benchmark_use"]) == {"context"}


def test_shipped_effects_keep_every_rule() -> None:
    effects = read_effects()
    assert effects.height == 77
    assert effects.filter(pl.col("doi").is_not_null() | pl.col("pmid").is_not_null()).height == 55


def test_shipped_files_name_no_address_but_doi_and_pmid() -> None:
    for frame in (read_published(), read_effects()):
        texts = frame.select(pl.col(pl.String)).fill_null("")
        assert not texts.select(pl.any_horizontal(pl.all().str.contains("http|www"))).to_series().any()


def test_counts_win_over_the_printed_percentage() -> None:
    row = read_published().filter(pl.col("study_id") == "sulimov13").row(0, named=True)
    assert row["n_events"] == 4
    assert row["shown_percent"] == pytest.approx(100 * 4 / 442)


def test_events_of_a_trial_are_worked_out_where_only_one_count_fits() -> None:
    arms = read_published().filter(
        (pl.col("study_id") == "eclipse") & (pl.col("outcome") == "perforation_any")
    )
    assert sorted(zip(arms["n_events"], arms["n_total"], strict=True)) == [(10, 997), (18, 1008)]
    assert set(arms["count_source"]) == {"recovered"}


def test_every_outcome_of_the_registry_points_to_a_published_one() -> None:
    known = set(read_published()["outcome"])
    assert {meant.outcome for meant in REGISTRY_OUTCOMES.values()} <= known


def test_sources_are_cited_by_doi_then_pmid_then_plainly() -> None:
    row = {"study": "Toy trial", "year": 2020, "doi": "10.1000/toy", "pmid": "12"}
    assert cite(row) == "Toy trial 2020, DOI 10.1000/toy"
    assert source_link(row) == "https://doi.org/10.1000/toy"
    assert cite(row | {"doi": None}) == "Toy trial 2020, PMID 12"
    assert source_link(row | {"doi": None}) == "https://pubmed.ncbi.nlm.nih.gov/12/"
    assert cite(row | {"doi": None, "pmid": None, "year": None}) == "Toy trial, no DOI or PMID seen"
    assert source_link(row | {"doi": None, "pmid": None}) == ""


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    frame = read(tmp_path, {}, {"arm": "other"})
    assert frame["n_events"].to_list() == [3, 3]
    assert frame["arm"].to_list() == [None, "other"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_events": "121", "percent": ""}, "events_fit_in_total"),
        ({"percent": "2.7"}, "percent_agrees_with_counts"),
        ({"percent": "", "n_events": "", "count_source": "none"}, "row_has_a_figure"),
        ({"count_source": "none"}, "count_source_agrees"),
        ({"n_events": "75", "n_total": "3000", "count_source": "recovered"}, "recovered_events_are_certain"),
        ({"horizon_days": "365", "count_source": "recovered"}, "recovered_events_are_certain"),
        ({"doi": "", "pmid": ""}, "uncited_row_is_context"),
        ({"doi": "doi.org/10.1000/toy"}, "doi breaks"),
        ({"pmid": "PMC77"}, "pmid breaks"),
        ({"device": "laser"}, "device breaks"),
        ({"severity": "heavy"}, "severity breaks"),
        ({"outcome": "perforation"}, "outcome breaks"),
        ({"definition": "any"}, "definition breaks"),
        ({"unit": "vessel"}, "unit breaks"),
        ({"n_events": "three"}, "n_events is no whole number"),
    ],
)
def test_faults_are_found_with_rule_and_line(tmp_path: Path, change: dict[str, str], words: str) -> None:
    with pytest.raises(InputFileError, match=words) as caught:
        read(tmp_path, {"arm": "sound"}, change)
    assert "line 3" in str(caught.value)


def test_a_figure_given_twice_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=r"row_is_not_repeated \(line 2, 3\)"):
        read(tmp_path, {}, {"percent": "", "n_events": "4"})


def test_a_missing_column_and_a_missing_file_are_said_plainly(tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    path.write_text("study_id,study\ntoy,Toy\n")
    with pytest.raises(InputFileError, match="column year is missing"):
        read_figures(path, OutcomeSchema)
    with pytest.raises(InputFileError, match="no such file"):
        read_figures(tmp_path / "none.csv", OutcomeSchema)


def test_a_ratio_outside_its_interval_is_a_fault(tmp_path: Path) -> None:
    columns = "study_id,study,year,design,population,exposure,exposure_key,comparator,comparator_key,outcome,"
    columns += (
        "horizon_days,measure,estimate,ci_low,ci_high,adjusted,doi,pmid,benchmark_use,overlap_groups,note"
    )
    path = tmp_path / "effects.csv"
    path.write_text(
        f"{columns}\ntoy,Toy,2020,rct,,severe,severe,mild,mild,mace,365,HR,2,2.1,3,no,10.1000/t,,primary,,\n"
    )
    with pytest.raises(InputFileError, match="interval_holds_estimate"):
        read_figures(path, EffectSchema)
