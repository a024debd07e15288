"""`calcpci evidence` lists, shows and pools, and says what it does not know."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from analytics.cli import main
from analytics.errors import InputFileError, SpecificationError
from analytics.evidence.listing import find_study, percent, resolve_filters
from analytics.evidence.own_data import read_own_figures
from analytics.evidence.pooling import pool_proportions, pool_ratios
from analytics.evidence.pooling_run import judge_counts


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["evidence", *words])


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(text)
    return path


COUNTS = "study_id,n_events,n_total\na,5,60\nb,9,110\nc,14,95\nd,3,70\ne,22,210\nf,8,64\n"


def test_list_shows_figures_with_a_source_and_hides_the_others_until_asked() -> None:
    wanted = ["list", "--outcome", "perforation_any", "--device", "rotational_atherectomy"]
    shown = run(*wanted)
    assert "6/331" in shown.output
    assert "DOI 10.3389/fcvm.2023.1322459" in shown.output
    assert "taichung_perf" not in shown.output
    assert "taichung_perf" in run(*wanted, "--uncited").output


def test_list_takes_an_outcome_of_the_registry_with_its_definition() -> None:
    found = json.loads(run("list", "--outcome", "dissection_d_f", "--json").output)
    assert {row["definition"] for row in found} == {"nhlbi_d_f"}
    assert all(row["link"].startswith("https://") for row in found)


def test_list_as_csv_keeps_one_line_per_figure() -> None:
    lines = run("list", "--outcome", "burr_entrapment", "--csv").output.splitlines()
    assert lines[0].startswith("study_id,study,year")
    assert len(lines) == 2


def test_list_shows_ratios() -> None:
    assert "HR 0.28 (0.08 to 0.98; crude" in run("list", "--effects", "--outcome", "tlr").output
    assert run("list", "--device", "elca_ra").output == "No figure passes these filters.\n"


def test_unknown_values_are_answered_by_the_known_ones_in_one_line() -> None:
    answer = run("list", "--device", "laser")
    assert answer.exit_code == 14
    assert answer.stderr.startswith(
        "error: --device: unknown value 'laser'. Choose from all, cutting_balloon, elca"
    )
    assert answer.stderr.count("\n") == 1
    assert "--use" in run("list", "--use", "best").stderr
    assert "Similar ones: eclipse" in run("show", "eclips").stderr
    assert "Add --outcome" in run("pool").stderr


def test_show_gives_everything_about_a_study() -> None:
    text = run("show", "PREPARE_CALC_5Y").output
    assert "https://doi.org/10.1007/s00392-024-02434-1" in text
    assert "HR 1.14" in text
    found = json.loads(run("show", "rotate", "--json").output)
    assert found["outcomes"]
    assert found["effects"]
    assert run("show", "rotate", "--csv").output.startswith("study_id")


def test_pool_of_shipped_figures_names_the_pooled_and_the_left_out() -> None:
    text = run("pool", "--outcome", "balloon_rupture").output
    assert "Pooled from 2 studies: 6.4 %" in text
    assert "Left out:" in text
    assert "no DOI or PMID" in text


def test_pool_of_trials_without_events_says_why_not() -> None:
    found = run(
        "pool",
        "--outcome",
        "perforation_any",
        "--device",
        "intravascular_lithotripsy",
        "--severity",
        "severe",
    )
    assert found.exit_code == 0
    assert "Not pooled. No event in 2 studies" in found.output


def test_pool_of_own_studies_gives_the_numbers_of_metafor(tmp_path: Path) -> None:
    # rma(measure="PLO", xi, ni, method="REML", test="knha"): see test_pooling.py, set "mid".
    found = json.loads(run("pool", "--data", str(own(tmp_path, COUNTS)), "--method", "reml", "--json").output)
    assert found["pooled"]["centre"] == pytest.approx(-2.14752873347)
    assert found["pooled"]["n_studies"] == 6
    assert len(found["leave_one_out"]) == 6
    assert found["excluded"] == []


def test_pool_judges_a_rate(tmp_path: Path) -> None:
    path = str(own(tmp_path, COUNTS))
    text = run("pool", "--data", path, "--rate", "200/400").output
    assert "The rate is above what further studies would be expected to show" in text
    assert "The rate is below" in run("pool", "--data", path, "--rate", "0/900").output
    assert run("pool", "--data", path, "--rate", "5").exit_code == 14


def test_pool_of_own_studies_as_csv_and_within_a_filter(tmp_path: Path) -> None:
    text = "study_id,device,n_events,n_total\na,x,5,60\nb,x,9,110\nc,y,14,95\n"
    path = str(own(tmp_path, text))
    lines = run("pool", "--data", path, "--csv").output.splitlines()
    assert lines[-1] == 'c,c,"",false,"device: y, not x"'
    assert "unknown value 'z'. Choose from x, y." in run("pool", "--data", path, "--device", "z").stderr
    assert "no such column" in run("pool", "--data", path, "--unit", "lesion").stderr


def test_pool_of_own_ratios(tmp_path: Path) -> None:
    text = "study_id,estimate,ci_low,ci_high\na,1.12,1.05,1.2\nb,1.56,1.33,1.84\nc,1.31,1.03,1.68\n"
    found = json.loads(run("pool", "--effects", "--data", str(own(tmp_path, text)), "--json").output)
    assert found["pooled"]["estimate"] == pytest.approx(
        pool_ratios([(1.12, 1.05, 1.2), (1.56, 1.33, 1.84), (1.31, 1.03, 1.68)], measure="HR").estimate
    )
    assert "Without each study" in run("pool", "--effects", "--data", str(own(tmp_path, text))).output


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("study_id,n_events\na,5\n", "column n_total is missing"),
        ("study_id,n_events,n_total\na,5,4\n", r"events do not fit in their total \(line 2\)"),
        ("study_id,n_events,n_total\na,5,40\na,6,40\n", r"a study is given twice \(line 2, 3\)"),
        ("study_id,n_events,n_total\n,5,40\n", "a row without study_id"),
        ("study_id,n_events,n_total\na,5.5,40\n", "n_events is no whole number"),
    ],
)
def test_faults_of_own_studies_are_told_with_their_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputFileError, match=words):
        read_own_figures(own(tmp_path, text))


def test_events_are_worked_out_where_only_one_count_gives_the_percentage(tmp_path: Path) -> None:
    # 6.9 of 1,008: 70 gives 6.94, its neighbours 6.85 and 7.04. 2.5 of 3,000: three do. Day 365: too late.
    text = "study_id,percent,n_total,horizon_days\na,6.9,1008,0\nb,2.5,3000,\nc,6.9,1008,365\nd,0.0,40,0\n"
    rows = read_own_figures(own(tmp_path, text))
    assert rows["n_events"].to_list() == [70, None, None, 0]
    assert rows["count_source"].to_list() == ["recovered", "none", "none", "recovered"]


def test_ratios_outside_their_interval_are_faults(tmp_path: Path) -> None:
    path = own(tmp_path, "study_id,estimate,ci_low,ci_high\na,2,2.1,3\n")
    with pytest.raises(InputFileError, match="does not hold its estimate"):
        read_own_figures(path, are_ratios=True)


def test_filters_are_checked_and_studies_found_without_regard_to_case() -> None:
    assert resolve_filters({"outcome": "mace_cad", "unit": None}) == {
        "outcome": "mace",
        "definition": "cardiac_death_mi_tvr",
    }
    assert find_study("ECLIPSE")[0].height == 12
    assert (percent(0.0), percent(0.004), percent(0.25), percent(None)) == ("0", "0.40", "25.0", "n/a")


def test_counts_cannot_be_judged_against_ratios() -> None:
    ratios = pool_ratios([(1.1, 0.9, 1.3), (1.2, 1.0, 1.5)], measure="HR")
    with pytest.raises(SpecificationError, match="12/400"):
        judge_counts("1/10", ratios)
    assert judge_counts("0/40", pool_proportions([1, 9, 3], [50, 70, 60])).code == "within"
