"""The needs of competing risks are answered, and their committed cases are there."""

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
CASES = {
    "finegray-melanoma": "fine_gray",
    "finegray-mgus2-pcm": "fine_gray",
    "finegray-pci-cluster-weighted": "fine_gray_cluster_weights",
    "csc-mgus2": "cause_specific_cox",
}


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


@pytest.mark.parametrize(("case", "need"), CASES.items())
def test_committed_case_has_a_need_that_is_answered(case: str, need: str) -> None:
    content = json.loads((HERE / "cases" / f"{case}.json").read_text(encoding="utf-8"))
    assert content["need"] == need
    assert need in run_case.handlers()


@pytest.mark.parametrize("case", CASES)
def test_committed_case_agrees_with_r(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_case.main([str(HERE / "cases" / f"{case}.json")]) == run_case.AGREES, capsys.readouterr().out
