"""Win ratios agree with R's BuyseTest 3.3.3 (Gehan, Peron) on the veteran trial; the data are committed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import polars as pl
import pytest

from analytics.survival.results_win_ratio import WinRatio
from analytics.survival.win_ratio import PairGroups, estimate_win_ratio

HERE = Path(__file__).resolve().parent
CALL = {
    "arm": "arm",
    "treated": "T",
    "priority": ["time/status, threshold 30", "karno, threshold 10, higher better"],
}


def _needs() -> object:
    spec = importlib.util.spec_from_file_location("needs_win_ratio_pinned", HERE / "needs_win_ratio.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _veteran() -> pl.DataFrame:
    rows = pl.read_csv(HERE / "data" / "veteran.csv")
    return rows.with_columns(arm=pl.when(pl.col("trt") == 2).then(pl.lit("T")).otherwise(pl.lit("C")))


def test_two_outcomes_agree_with_r() -> None:
    answer = _needs().handle_win_ratio({"call": CALL, "r_code": "Gehan"}, _veteran())["Gehan"]
    assert (answer["n_pairs"], answer["count_favorable"], answer["count_unfavorable"]) == (
        4692,
        [1497, 483],
        [1931, 538],
    )
    assert (answer["count_neutral"], answer["count_uninf"]) == ([966, 243], [298, 0])
    ratio, benefit = answer["win_ratio"], answer["net_benefit"]
    assert ratio["estimate"] == pytest.approx([0.775245986535474, 0.801944106925881], rel=1e-12)
    assert ratio["se"] == pytest.approx([0.19668405476284, 0.167281223538238], rel=1e-12)
    assert ratio["lower.ci"] == pytest.approx([0.471503738618982, 0.532829229222441], rel=1e-12)
    assert ratio["p.value"] == pytest.approx([0.315654693644003, 0.290004605635528], rel=1e-12)
    assert benefit["se"] == pytest.approx([0.0915918730435209, 0.0977654711208221], rel=1e-12)
    assert benefit["upper.ci"] == pytest.approx([0.0880741182076052, 0.0888859905786449], rel=1e-12)
    assert benefit["p.value"] == pytest.approx([0.315320081460271, 0.289926029149251], rel=1e-12)


def test_scoring_by_the_curves_agrees_with_r() -> None:
    # BuyseTest::BuyseTest(..., scoring.rule = "Peron"), its default iid.surv = "exp".
    case = {"call": CALL, "r_code": "scoring.rule='Gehan'|'Peron'"}
    answer = _needs().handle_win_ratio(case, _veteran())["Peron"]
    assert answer["count_favorable"] == pytest.approx([1632.14569551348, 359.611210188046], rel=1e-12)
    assert answer["count_unfavorable"] == pytest.approx([2045.95440143606, 454.197427808565], rel=1e-12)
    assert answer["count_neutral"] == pytest.approx([1013.89990305047, 200.091265053855], rel=1e-12)
    assert answer["count_uninf"] == pytest.approx([0, 0], abs=1e-12)
    ratio, benefit = answer["win_ratio"], answer["net_benefit"]
    assert ratio["estimate"] == pytest.approx([0.797742947920966, 0.796654380107506], rel=1e-12)
    assert ratio["se"] == pytest.approx([0.196650121041844, 0.167532428607414], rel=1e-12)
    assert benefit["se"] == pytest.approx([0.0955640957373152, 0.0994025817238262], rel=1e-12)
    assert benefit["p.value"] == pytest.approx([0.358571556676042, 0.279476604796361], rel=1e-12)


def test_the_exact_influence_of_the_curves_is_a_little_smaller_here() -> None:
    outcomes = [_needs().read_outcome(text) for text in CALL["priority"]]
    found = estimate_win_ratio(_veteran(), outcomes, PairGroups("arm", "T", "C"), scoring="peron")
    assert isinstance(found, WinRatio)
    # Re-weighting each patient gives the same (tests of the estimator); R's default is 0.08 % larger.
    errors = found.table["net_benefit_std_error"].to_list()
    assert errors == pytest.approx([0.09548898231204, 0.0993304167654447], rel=1e-12)
