"""The needs of tests between incidences and of weighted outcomes have committed reference cases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

CASES = Path(__file__).resolve().parent / "cases"


@pytest.mark.parametrize(
    ("need", "least"), [("gray_test", 2), ("iptw_survival", 3), ("mean_cumulative_count", 1)]
)
def test_need_has_committed_cases(need: str, least: int) -> None:
    needs = [json.loads(path.read_text(encoding="utf-8"))["need"] for path in CASES.glob("*.json")]
    assert needs.count(need) >= least
