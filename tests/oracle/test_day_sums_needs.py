"""Sums by day give R's numbers: every committed Cox model in whole days that they can carry."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from analytics.survival.cox_design import CoxSpec
from analytics.survival.day_sums_fit import KNOWN_OPTIONS, fit_cox_from_batches

if TYPE_CHECKING:
    from types import ModuleType

    from analytics.survival.results import CoxFit, NotEstimable

HERE = Path(__file__).resolve().parent
# The cases of right-censored rows in whole days with Efron or Breslow ties: strata, weights, clusters.
CASES = (
    "cox-colon-wlw-strata-cluster",
    "cox-hand-worked-therneau-grambsch",
    "cox-lung-breslow",
    "cox-lung-efron",
    "cox-lung-strata-inst",
    "cox-pbc-weighted-naive",
    "cox-pbc-weighted-robust",
    "cox-pci-calcgrade-device-interaction",
    "zph-lung-strat",
    "zph-veteran",
)


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
compare = load("compare")


@pytest.mark.parametrize("in_memory", [True, False], ids=["kept", "streamed"])
@pytest.mark.parametrize("name", CASES)
def test_a_case_fitted_by_day_agrees_with_r(
    name: str, *, in_memory: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits: list[CoxFit | NotEstimable] = []

    def fit_by_day(frame: pl.DataFrame, spec: CoxSpec) -> CoxFit | NotEstimable:
        if spec.entry is not None:
            return fit_sorted(frame, spec)
        # Up to the maximum, wherever the reference's search stopped.
        known = CoxSpec(**{option: getattr(spec, option) for option in KNOWN_OPTIONS})
        fits.append(fit_cox_from_batches(list(frame.iter_slices(90)), known, in_memory=in_memory))
        return fits[-1]

    case = run_case.read_case(HERE / "cases" / f"{name}.json", None)
    run_case.handlers()
    needs = run_case.sibling("needs_cox")
    fit_sorted = needs.fit_cox
    monkeypatch.setattr(needs, "fit_cox", fit_by_day)
    deviations = compare.compare_answer(run_case.answer_case(case), case)
    assert fits
    assert not deviations.failures


def test_every_eligible_case_is_named() -> None:
    eligible = set()
    for path in (HERE / "cases").glob("*.json"):
        case = json.loads(path.read_text(encoding="utf-8"))
        if case["need"] not in {"cox", "ph_test"} or case["call"]["ties"] not in {"efron", "breslow"}:
            continue
        formula = case["call"].get("formula", "")
        if formula.split(")")[0].count(",") == 1:
            eligible.add(path.stem)
    assert eligible | {"cox-hand-worked-therneau-grambsch"} == set(CASES)
