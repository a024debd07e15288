"""Cases of penalised models and of predictions lie beside the tests, with their data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
NEEDS = {"discrimination_calibration", "firth_cox", "frailty_site"}


@pytest.mark.parametrize("need", sorted(NEEDS))
def test_every_need_has_a_case_with_data(need: str) -> None:
    cases = [json.loads(path.read_text(encoding="utf-8")) for path in (HERE / "cases").glob("*.json")]
    of_need = [case for case in cases if case["need"] == need]
    assert of_need
    assert all((HERE / case["data"]).is_file() for case in of_need)
