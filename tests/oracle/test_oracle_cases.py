"""Every reference case of a supported need agrees with R."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

HERE = Path(__file__).resolve().parent
# More cases may lie beside a checkout; where they do not, none are collected.
FOLDERS = (HERE / "cases", HERE.parents[2] / "shared" / "oracles" / "public" / "cases")

CURVE_NEEDS = {
    "aalen_johansen",
    "kaplan_meier",
    "landmark",
    "logrank",
    "median_followup",
    "rmst",
    "weighted_logrank",
}
COX_NEEDS = {"cox", "cox_hand_worked", "ph_test"}


def load(name: str) -> ModuleType:
    known = sys.modules.get(name)
    if known is not None and Path(str(known.__file__)).resolve().parent == HERE:
        return known
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


run_case = load("run_case")


def supported_cases() -> list[Path]:
    paths = [path for folder in FOLDERS if folder.is_dir() for path in sorted(folder.glob("*.json"))]
    return [path for path in paths if is_supported(json.loads(path.read_text(encoding="utf-8")))]


def is_supported(case: dict) -> bool:
    scored_by_model = case["need"] == "win_ratio" and "Peron" in case["r_code"]
    # The reference's search stops before the maximum; test_parametric_needs.py holds us above it.
    stops_early = case["need"] == "royston_parmar"
    return case["need"] in run_case.handlers() and not (scored_by_model or stops_early)


@pytest.mark.parametrize("path", supported_cases(), ids=lambda path: f"{path.parents[1].name}-{path.stem}")
def test_case_agrees_with_r(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run_case.main([str(path)])
    assert code == run_case.AGREES, capsys.readouterr().out


def test_supported_needs_are_pinned() -> None:
    assert set(run_case.handlers()) >= CURVE_NEEDS | COX_NEEDS


def test_every_need_of_the_curves_has_a_committed_case() -> None:
    committed = {json.loads(path.read_text(encoding="utf-8"))["need"] for path in FOLDERS[0].glob("*.json")}
    assert committed >= CURVE_NEEDS


def changed_case(tmp_path: Path, change: dict[str, object]) -> Path:
    case = json.loads((HERE / "cases" / "km-aml-fleming-harrington.json").read_text(encoding="utf-8"))
    path = tmp_path / "case.json"
    path.write_text(json.dumps({**case, **change}), encoding="utf-8")
    return path


def test_a_wrong_number_disagrees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = changed_case(tmp_path, {"expected": {"nelson_aalen": {"cumhaz": [0.5]}}})
    assert run_case.main([str(path), "--data-root", str(HERE)]) == run_case.DISAGREES
    assert "DISAGREES nelson_aalen.cumhaz" in capsys.readouterr().out


def test_an_unknown_key_disagrees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = changed_case(tmp_path, {"expected": {"log": {"table": {"x=Nobody": {"time": [1]}}}}})
    assert run_case.main([str(path), "--data-root", str(HERE)]) == run_case.DISAGREES
    assert "no answer" in capsys.readouterr().out


def test_an_unknown_need_is_not_supported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = changed_case(tmp_path, {"need": "tea_leaves"})
    assert run_case.main([str(path), "--data-root", str(HERE)]) == run_case.NOT_SUPPORTED
    assert "not supported" in capsys.readouterr().out


def test_the_expected_block_is_not_read_to_compute() -> None:
    case = run_case.read_case(HERE / "cases" / "km-lung-by-sex.json", None)
    del case["expected"]
    answer = run_case.answer_case(case)
    assert answer["log-log"]["table"]["sex=1"]["time"][0] == 11
