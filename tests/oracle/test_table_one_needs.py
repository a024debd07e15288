"""Baseline tables agree with R 4.2.2 on the synthetic registry, whose data are committed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import polars as pl
import pytest

HERE = Path(__file__).resolve().parent


def _answer() -> dict:
    spec = importlib.util.spec_from_file_location("needs_table_one_pinned", HERE / "needs_table_one.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rows = pl.read_csv(HERE / "data" / "synthetic_pci_calc.csv")
    call = {"group": "device", "levels": ["balloon", "cutting", "ra", "ivl", "elca"]}
    return module.handle_table_one({"call": call}, rows)


def test_a_baseline_table_agrees_with_r() -> None:
    answer = _answer()
    age = answer["continuous"]["age"]
    assert (age["median"], age["q25"], age["q75"]) == (
        [71, 71, 73.5, 73, 72.5],
        [65, 65, 67, 67, 66],
        [77, 77, 80, 79, 79],
    )
    p_values = [age[name] for name in ("anova_p", "welch_p", "kruskal_p")]
    assert p_values == pytest.approx(
        [2.11494869473144e-17, 8.15742532074238e-17, 3.18353191345232e-16], rel=1e-8
    )
    assert answer["binary"]["dm"]["n"] == [417, 340, 369, 426, 87]
    assert answer["binary"]["dm"]["chisq_p"] == pytest.approx(0.0967601376083026, rel=1e-8)
    grades = answer["calc_by_device"]
    assert grades["table"][0] == [368, 420, 235, 66]
    assert grades["chisq"] == pytest.approx(404.083211120847, rel=1e-10)
    assert grades["cochran_armitage_severe"] == pytest.approx(2.50051953043503e-20, rel=1e-8)
