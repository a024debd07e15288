"""Parametric cases lie beside the tests; splines are held above a reference that stops early."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from types import ModuleType

HERE = Path(__file__).resolve().parent
NEEDS = {"aft", "piecewise_exponential"}
# The data of these cases may not be copied; where they do not lie beside a checkout, none are collected.
ELSEWHERE = HERE.parents[2] / "shared" / "oracles" / "public" / "cases"
SPLINE_CASES = sorted(ELSEWHERE.glob("rp-*.json"))


def load(name: str) -> ModuleType:
    known = sys.modules.get(name)
    if known is not None and Path(str(known.__file__)).resolve().parent == HERE:
        return known
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("need", sorted(NEEDS))
def test_every_need_has_a_case_with_data(need: str) -> None:
    cases = [json.loads(path.read_text(encoding="utf-8")) for path in (HERE / "cases").glob("*.json")]
    of_need = [case for case in cases if case["need"] == need]
    assert of_need
    assert all((HERE / case["data"]).is_file() for case in of_need)


def test_parametric_needs_are_answered() -> None:
    assert set(load("run_case").handlers()) >= NEEDS | {"royston_parmar"}


@pytest.mark.parametrize("path", SPLINE_CASES, ids=lambda path: path.stem)
def test_spline_models_are_as_likely_as_the_reference_and_as_near_as_its_search_allows(path: Path) -> None:
    run_case = load("run_case")
    case = run_case.read_case(path, None)
    answer = run_case.answer_case(case)
    for name, expected in case["expected"].items():
        found = answer[name]
        assert found["terms"] == expected["terms"]
        assert found["knots_log_time"] == pytest.approx(expected["knots_log_time"], rel=1e-12)
        assert -1e-9 <= found["loglik"] - expected["loglik"] <= 5e-5
        apart = np.abs(np.subtract(found["est"], expected["est"])) / np.asarray(expected["se"])
        assert apart.max() < 0.01
        assert found["se"] == pytest.approx(expected["se"], rel=1e-3)
        for profile, survival in expected["survival"].items():
            assert found["survival"][profile] == pytest.approx(survival, abs=2e-4)
            assert found["hazard"][profile] == pytest.approx(expected["hazard"][profile], rel=2e-3)
