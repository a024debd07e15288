"""Gray's test has committed reference cases."""

from __future__ import annotations

import json
from pathlib import Path

CASES = Path(__file__).resolve().parent / "cases"


def test_gray_test_has_committed_cases() -> None:
    needs = [json.loads(path.read_text(encoding="utf-8"))["need"] for path in CASES.glob("*.json")]
    assert needs.count("gray_test") >= 2
