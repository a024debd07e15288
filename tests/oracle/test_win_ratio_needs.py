"""Win ratios agree with R's BuyseTest 3.3.3 (Gehan) on the veteran trial; the data are committed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import polars as pl
import pytest

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


def test_scoring_by_a_model_of_the_censored_is_not_answered() -> None:
    assert _needs().handle_win_ratio({"call": CALL, "r_code": "scoring.rule='Peron'"}, _veteran()) is None
