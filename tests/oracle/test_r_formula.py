"""Formulas in R's notation become the columns and the names that R makes of them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
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


r_formula, r_expressions = load("r_formula"), load("r_expressions")


def data() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "t": [5, 6, 6, 2, 4],
            "s": [1, 0, 2, 1, 2],
            "x": [1.0, 2.0, 4.0, 7.0, 11.0],
            "g": ["a", "b", "c", "a", "b"],
            "k": [0.0, 0.5, 1.0, 0.0, 1.0],
        }
    )


@pytest.mark.parametrize(
    ("right", "names"),
    [
        ("x*g", ["x", "gb", "gc", "x:gb", "x:gc"]),
        ("(x+k)^2", ["x", "k", "x:k"]),
        ("(x+k)*g", ["x", "k", "gb", "gc", "x:gb", "x:gc", "k:gb", "k:gc"]),
        ("I(x==2)+(k>0)", ["I(x == 2)TRUE", "k > 0TRUE"]),
        ("factor(k)", ["factor(k)0.5", "factor(k)1"]),
        (
            "relevel(factor(g),ref='c')",
            ['relevel(factor(g), ref = "c")a', 'relevel(factor(g), ref = "c")b'],
        ),
        ("I((x-2)/10)", ["I((x - 2)/10)"]),
        ("poly(x,2)+offset(k)+strata(g)", ["poly(x, 2)1", "poly(x, 2)2"]),
    ],
)
def test_coefficients_are_named_as_in_r(right: str, names: list[str]) -> None:
    model, _ = r_formula.read_model({"formula": f"Surv(t, s) ~ {right}"}, data())
    assert model.names == names


def test_offset_strata_and_cluster_are_no_terms() -> None:
    call = {"formula": "Surv(t,s)~x+offset(log(x))+strata(g,k>0)+cluster(t)"}
    model, spec = r_formula.read_model(call, data())
    assert (spec.terms, spec.offset, spec.strata, spec.cluster) == (("x",), "log(x)", ("g", "k>0"), "t")
    assert model.frame["log(x)"][1] == pytest.approx(np.log(2))


def test_bases_hold_the_numbers_of_r() -> None:
    # R 4.2.2: poly(x, 2); splines::ns(x, knots = c(3, 6), Boundary.knots = c(1, 10))
    text = "poly(x,2)+splines::ns(x,knots=c(3,6),Boundary.knots=c(1,10))"
    model, spec = r_formula.read_model({"formula": f"Surv(t,s)~{text}"}, data())
    columns = model.frame.select(spec.terms).to_numpy()
    assert columns[0, :2] == pytest.approx([-0.492365963917, 0.4759972968132], abs=1e-11)
    assert columns[1, 2:] == pytest.approx([-0.103543721768, 0.315300790418, -0.2006459575387], abs=1e-11)
    assert columns[4, 2:] == pytest.approx([-0.440860215054, 0.462365591398, 0.9784946236559], abs=1e-11)
    same = model.profiles({"x": [11.0]}).select(spec.terms).to_numpy()
    assert same[0] == pytest.approx(columns[4])


def test_the_smaller_and_the_larger_of_several_are_missing_where_one_is() -> None:
    frame = pl.DataFrame({"a": [1.0, 5.0, None], "b": [2.0, 3.0, 4.0]})
    found = frame.select(
        low=r_formula.column_expression("pmin(a,b,4)"), high=r_formula.column_expression("log(pmax(a+1,b))")
    )
    assert found["low"].to_list() == [1.0, 3.0, None]
    assert found["high"].to_list() == pytest.approx([np.log(2), np.log(6), None])
    call = {"formula": "Surv(pmin(t,5),s)~pmax(x,2)"}
    model, spec = r_formula.read_model(call, data())
    assert (spec.time, model.names) == ("pmin(t,5)", ["pmax(x, 2)"])
