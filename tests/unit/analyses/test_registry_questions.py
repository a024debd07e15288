"""Every question of the registry is ready as a file and runs on a synthetic registry."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from analytics.analyses import Answer, describe_answer, render_answer, run_on_csv, run_on_store, write_answer
from analytics.errors import SpecificationError
from analytics.estimation.specification import parse_specification, read_specification
from analytics.outcomes.frames import read_snapshot_outcomes
from analytics.store.publishing import find_current_snapshot, snapshot_folder
from analytics.store.queries import read_table
from analytics.survival.results import NotEstimable
from analytics.survival.results_win_ratio import WinRatio

ANALYSES = Path(__file__).resolve().parents[3] / "examples" / "analyses"
QUESTIONS = sorted(path for path in ANALYSES.glob("*.toml") if path.stem != "rossi_cox")
NEEDED = {
    "mace_by_severity",
    "mace_by_device",
    "mace_by_device_in_severe",
    "mace_by_device_within_severity",
    "cox_severity_device",
    "early_mace_by_device",
    "late_mace_by_device",
    "late_mace_to_one_year",
    "death_by_severity",
    "cardiac_death_by_severity",
    "mi_by_severity",
    "tvr_by_severity",
    "tlr_by_device",
    "stent_thrombosis_by_device",
    "mace_by_guidance",
}


def _estimates(answer: Answer) -> list[object]:
    results = answer.results
    single = [one for one in (results.fit, results.win_ratio, results.pairs) if one is not None]
    parts = [one for part in results.parts for one in part.found]
    return [*results.curves, *results.risks, *results.tests, *results.means, *single, *parts]


def test_no_question_is_missing() -> None:
    assert {path.stem for path in QUESTIONS} >= NEEDED


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_a_question_gives_numbers_or_says_why_not(path: Path, store: Path) -> None:
    spec = read_specification(path)
    # Two bootstrap samples show that it runs.
    answer = run_on_store(replace(spec, model=replace(spec.model, resamples=2)), store)
    found = _estimates(answer)
    assert any(not isinstance(one, NotEstimable) for one in found)
    assert all(len(one.reason) > 20 for one in found if isinstance(one, NotEstimable))
    text = render_answer(answer)
    assert text.startswith(answer.spec.question)
    assert "nan" not in text.lower().split()
    assert json.loads(json.dumps(describe_answer(answer), allow_nan=False))["n_rows"] == answer.results.n_rows


@pytest.mark.parametrize("name", ["mace_free_time_by_device", "tvr_subdistribution", "win_ratio_lithotripsy"])
def test_an_answer_of_every_kind_is_written(name: str, store: Path, tmp_path: Path) -> None:
    answer = run_on_store(read_specification(ANALYSES / f"{name}.toml"), store)
    written = [path.suffix for path in write_answer(answer, tmp_path)]
    assert written == ([".json"] if name.startswith("win") else [".json", ".svg", ".png"])
    text = render_answer(answer)
    words = {"mace": "Ratio of time lost", "tvr_": "Subdistribution hazard ratio", "win_": "Win ratio"}
    assert words[name[:4]] in text


def test_pairs_of_a_hierarchy_are_all_accounted_for(store: Path) -> None:
    path = ANALYSES / "win_ratio_lithotripsy.toml"
    found = run_on_store(read_specification(path), store).results.win_ratio
    assert isinstance(found, WinRatio)
    table = found.table
    parts = table.select("n_win", "n_loss", "n_neutral", "n_uninformative").sum_horizontal()
    assert parts.to_list() == table["n_pairs"].to_list()
    left = (table["n_neutral"] + table["n_uninformative"]).to_list()
    assert table["n_pairs"].to_list()[1:] == left[:-1]


def test_guidance_is_what_the_imaging_table_says(store: Path) -> None:
    snapshot = find_current_snapshot(snapshot_folder(store))
    spec = read_specification(ANALYSES / "mace_by_guidance.toml")
    rows = read_snapshot_outcomes(snapshot, spec, source="t").frame
    lesions = {row["lesion_id"]: row["procedure_id"] for row in read_table(snapshot, "lesions").to_dicts()}
    runs = [row for row in read_table(snapshot, "imaging").to_dicts() if row["modality"] != "ct"]
    imaged = {lesions[row["lesion_id"]] for row in runs}
    sites = {row["site_id"] for row in rows.to_dicts() if row["procedure_id"] in imaged}
    for row in rows.to_dicts():
        expected = row["procedure_id"] in imaged if row["site_id"] in sites else None
        assert row["imaging_guided"] is expected
    assert rows["imaging_guided"].sum() > 0


def test_a_hierarchy_without_outcomes_or_without_a_registry_is_refused(store: Path, tmp_path: Path) -> None:
    head = {"name": "w", "estimator": "win_ratio"}
    with pytest.raises(SpecificationError, match="'hierarchy' is missing"):
        run_on_store(parse_specification({"analysis": head}, where="t"), store)
    path = tmp_path / "c.csv"
    path.write_text("t,status\n1,1\n2,0\n", encoding="utf-8")
    with pytest.raises(SpecificationError, match="needs a registry"):
        run_on_csv(parse_specification({"analysis": head}, where="t"), path)
