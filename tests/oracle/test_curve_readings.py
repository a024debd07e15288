"""Calls of curves are read as the reference reads them: options, groups, units, and rows that go on."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

if TYPE_CHECKING:
    from types import ModuleType

HERE = Path(__file__).resolve().parent


def load(name: str) -> ModuleType:
    known = sys.modules.get(name)
    if known is not None and Path(str(known.__file__)).resolve().parent == HERE:
        return known
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


reading = load("reading")
r_values = load("r_values")
run_case = load("run_case")

# Six patients with a float group, a claim, two labels and a unit that comes twice.
ROWS = pl.DataFrame(
    {
        "id": [1, 1, 2, 3, 4, 5, 6],
        "start": [0, 3, 0, 0, 2, 0, 0],
        "stop": [3, 7, 4, 5, 6, 2, 9],
        "event": [0, 1, 1, 0, 1, 0, 1],
        "dose": [0.5, 0.5, 1.0, 1.0, 2.0, 2.0, 2.0],
        "arm": ["b", "b", "A", "b", "A", "a", "A"],
        "site": ["x", "x", "yy", "yy", "x", "x", "yy"],
    }
)


def run(tmp_path: Path, need: str, call: dict, expected: dict, r_code: str = "") -> int:
    (tmp_path / "data").mkdir()
    (tmp_path / "cases").mkdir()
    ROWS.write_csv(tmp_path / "data" / "rows.csv")
    case = {"id": "made", "need": need, "data": "data/rows.csv", "call": call, "r_code": r_code}
    path = tmp_path / "cases" / "made.json"
    path.write_text(json.dumps({**case, "expected": expected, "tolerance": {"rtol": 1e-8, "atol": 1e-10}}))
    return run_case.main([str(path)])


def test_text_is_sorted_as_r_sorts_it() -> None:
    # R 4.2.2 with ICU: sort(c("b", "A", "a", "B", "<5", "10", "a-b", "a_b", "ab"))
    known = ["b", "A", "a", "B", "<5", "10", "a-b", "a_b", "ab"]
    assert r_values.r_sorted(known) == ["<5", "10", "a", "A", "a_b", "a-b", "ab", "b", "B"]


@pytest.mark.parametrize(
    ("group", "names"),
    [
        ("dose", ["dose=0.5", "dose=1", "dose=2"]),
        ("factor(arm)", ["factor(arm)=a", "factor(arm)=A", "factor(arm)=b"]),
        ("dose>1", ["dose > 1=FALSE", "dose > 1=TRUE"]),
        (
            "arm+site",
            ["arm=a, site=x ", "arm=A, site=x ", "arm=A, site=yy", "arm=b, site=x ", "arm=b, site=yy"],
        ),
        ("1", []),
    ],
)
def test_groups_are_named_as_r_names_them(group: str, names: list[str]) -> None:
    outcomes = reading.read_outcomes({"surv": "Surv(stop,event)", "group": group}, ROWS)
    assert list(outcomes.names.values()) == names


def test_options_are_found_in_the_call_and_beside_it() -> None:
    beside = reading.read_options({"call": {}, "r_code": "survfit(x, conf.int=0.9)", "notes": "stype=2"})
    assert (beside.confidence, beside.product_limit, beside.start) == (0.9, False, None)
    inside = reading.read_options({"call": {"conf_int": 0.99, "start.time": 30}})
    assert (inside.confidence, inside.product_limit, inside.start) == (0.99, True, 30.0)


def test_a_unit_with_one_event_in_several_rows_keeps_greenwoods_variance(tmp_path: Path) -> None:
    # R 4.2.2, survival 3.5-3: survfit(Surv(start,stop,event)~1, data=d, id=id); id 1 goes on at 3.
    columns = {
        "time": [2, 3, 4, 5, 6, 7, 9],
        "n_risk": [5, 5, 5, 4, 3, 2, 1],
        "n_event": [0, 0, 1, 0, 1, 1, 1],
        "n_censor": [1, 0, 0, 1, 0, 0, 0],
        "surv": [1, 1, 0.8, 0.8, 0.533333333333333, 0.266666666666667, 0],
        "se_surv": [0, 0, 0.178885438199983, 0.178885438199983, 0.248253156333670, 0.225749779541339, "NaN"],
    }
    call = {"surv": "Surv(start,stop,event)", "group": None, "id": "id", "times": [4], "conf_types": ["log"]}
    assert run(tmp_path, "kaplan_meier", call, {"log": {"table": {"all": columns}}}) == run_case.AGREES


def test_quantiles_are_those_that_are_asked_for(tmp_path: Path) -> None:
    # R 4.2.2, survival 3.5-3: quantile(survfit(Surv(stop,event)~1,d,conf.type="plain",conf.int=.9),.4)
    call = {"surv": "Surv(stop,event)", "group": None, "times": [4], "conf_types": ["plain"]}
    quantiles = {"probs": [0.4], "est": [6], "lower": [4], "upper": ["NA"]}
    code = run(tmp_path, "kaplan_meier", call, {"plain": {"quantiles": quantiles}}, "survfit(conf.int=.9)")
    assert code == run_case.AGREES


def test_a_unit_that_the_file_lacks_is_the_row(tmp_path: Path) -> None:
    call = {
        "time": "stop",
        "state": "event",
        "states": ["event"],
        "entry": "start",
        "id": ".id",
        "times": [5],
    }
    # R 4.2.2, survival 3.5-3: survfit(Surv(start,stop,factor(event,0:1))~1, data=d, id=seq_along(id)); at 5.
    expected = {"survfit_log": {"all": {"pstate": [[0.8, 0.2]], "se": [[0.178885438199983] * 2]}}}
    assert run(tmp_path, "aalen_johansen", call, expected) == run_case.AGREES
