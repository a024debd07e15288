"""`calcpci estimate --data` on odd files: an answer or a refusal in words, never a failure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analytics.analyses import render_answer, run_on_csv
from analytics.estimation.specification import parse_specification


def _text(folder: Path, estimator: str, labels: list[str]) -> str:
    lines = [f"{i + 1},{i % 2},{label}" for i, label in enumerate(labels)]
    path = folder / "odd.csv"
    path.write_text("\n".join(["t,status,größe", *lines]), encoding="utf-8")
    part: dict[str, Any] = {"model": {"term": [{"column": "größe"}]}}
    if estimator == "kaplan_meier":
        part = {"groups": {"by": "größe"}}
    head = {"name": "t", "estimator": estimator, "horizons_days": [20]}
    outcome = {"outcome": {"time": "t", "event": "status"}}
    return render_answer(
        run_on_csv(parse_specification({"analysis": head, **outcome, **part}, where="t"), path)
    )


@pytest.mark.parametrize("estimator", ["kaplan_meier", "cox", "fine_gray"])
def test_labels_of_any_script_are_shown_as_they_are(tmp_path: Path, estimator: str) -> None:
    assert "中等" in _text(tmp_path, estimator, ["Größe ≥ 3", "中等", "中等"] * 20)


@pytest.mark.parametrize("estimator", ["kaplan_meier", "cox", "fine_gray"])
def test_a_column_without_any_value_is_not_estimable(tmp_path: Path, estimator: str) -> None:
    assert "ot estimable" in _text(tmp_path, estimator, [""] * 60)


@pytest.mark.parametrize("estimator", ["cox", "fine_gray"])
def test_more_levels_than_events_are_not_estimable(tmp_path: Path, estimator: str) -> None:
    text = _text(tmp_path, estimator, [f"g{i}" for i in range(300)])
    assert "Not estimable: 150 events cannot carry 299 coefficients." in text


def test_many_groups_have_a_curve_each(tmp_path: Path) -> None:
    text = _text(tmp_path, "kaplan_meier", [f"g{i % 40}" for i in range(80)])
    assert all(f"\ng{i} " in text for i in range(40))
