"""Every question of the registry is a plan that gives a report, figures and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analytics.analyses import run_files
from analytics.errors import InputFileError, SpecificationError
from analytics.report_plan import parse_plan, read_plan
from analytics.reporting import write_report

PLANS = Path(__file__).resolve().parents[3] / "examples" / "plans"
NEEDED = {
    "mace_by_severity",
    "mace_by_device",
    "mace_by_device_within_severity",
    "severity_device_interaction",
    "early_and_late_mace",
    "components_with_competing_risks",
    "tlr_by_device",
    "stent_thrombosis",
    "imaging_guidance",
}


def _bases(node: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON
    if isinstance(node, dict):
        own = [node["basis"]] if "basis" in node else []
        return own + [found for value in node.values() for found in _bases(value)]
    return [found for value in node for found in _bases(value)] if isinstance(node, list) else []


def test_every_question_has_a_plan() -> None:
    assert {path.stem for path in PLANS.glob("*.toml")} == NEEDED


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_a_plan_gives_tables_figures_and_numbers_with_their_basis(
    name: str, store: Path, tmp_path: Path
) -> None:
    plan = read_plan(PLANS / f"{name}.toml")
    written = write_report(store, tmp_path, plan=PLANS / f"{name}.toml")
    page = written[0].read_text(encoding="utf-8")
    assert all(spec.question in page for spec in plan.analyses)
    assert "<table>" in page
    assert "<svg" in page
    assert {path.suffix for path in written[4:]} == {".json", ".svg", ".png"}
    whole = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["analyses"]
    assert [one["analysis"]["name"] for one in whole] == [spec.name for spec in plan.analyses]
    for one in whole:
        bases = _bases(one)
        assert bases
        assert all(base["n"] > 0 and base["method"] and "warnings" in base for base in bases)
        assert one == json.loads(
            (tmp_path / "analyses" / f"{one['analysis']['name']}.json").read_text("utf-8")
        )


def test_the_analyses_of_a_plan_can_be_run_without_a_report(store: Path) -> None:
    answers = run_files(PLANS / "mace_by_device.toml", db=store)
    assert [answer.spec.name for answer in answers] == ["mace_by_device", "mace_free_time_by_device"]


def test_a_plan_may_hold_an_analysis_itself() -> None:
    entry = {"analysis": {"name": "a", "estimator": "kaplan_meier"}, "outcome": {"endpoint": "mace_d"}}
    (spec,) = parse_plan({"analyses": [entry]}, b"", where="p.toml").analyses
    assert spec.outcome.endpoint == "mace_d"


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([{"file": "x.toml", "name": "y"}], "p.toml [[analyses]] 1: unknown key 'name'"),
        ([{"analysis": {"name": "a", "estimator": "gray"}}] * 2, "two analyses are named a"),
    ],
)
def test_a_plan_that_says_two_things_is_refused(entries: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        parse_plan({"analyses": entries}, b"", where="p.toml")
    assert words in str(caught.value)


def test_an_absent_file_of_a_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="no such file"):
        parse_plan({"analyses": [{"file": "x.toml"}]}, b"", where="p.toml", folder=tmp_path)
