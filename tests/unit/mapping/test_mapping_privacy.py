"""Nothing that a mapping leaves behind holds a cell of a record."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.mapping.conftest import Mapped

MARKER = "SECRETMARKER"
TOML = """
[read]
dates = ["%Y-%m-%d"]
[let]
pid = { from = "id", pseudonym = true }
day = { from = "date", as = "date" }
[[emit]]
table = "procedures"
collapse = "agree"
[emit.set]
procedure_id = { fmt = "{@pid}.P" }
patient_id = { from = "@pid" }
procedure_date = { from = "date" }
age_years = { from = "age", regex = '^([0-9]+)$' }
presentation = { from = "why", map = { "SA" = "stable_angina" } }
creatinine_umol_l = { from = "crea", unit = "mg/dL" }
contrast_ml = { from = "contrast", missing = ["SECRETMARKER"] }
urgency = { from = "urgency" }
"""


@pytest.fixture
def mapped(map_csv: Callable[..., Mapped]) -> Mapped:
    bad = f"p1,{MARKER},{MARKER},{MARKER},{MARKER},{MARKER},{MARKER}"
    other = "p1,2024-03-05,70,SA,1.0,100,elective"
    return map_csv(TOML, f"id,date,age,why,crea,contrast,urgency\n{bad}\n{other}\n")


def test_no_finding_holds_a_cell_value(mapped: Mapped) -> None:
    assert {"C01", "C02", "C07", "C14", "C15"} <= set(mapped.findings["rule_id"])
    assert MARKER not in mapped.findings.write_csv()
    assert "p1" not in mapped.findings.write_csv()


def test_the_log_holds_no_cell_value(
    map_csv: Callable[..., Mapped], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        map_csv(TOML, f"id,date,age,why,crea,contrast,urgency\np1,{MARKER},1,SA,1,1,elective\n")
    assert MARKER not in caplog.text


def test_the_local_number_is_in_no_table(map_csv: Callable[..., Mapped]) -> None:
    done = map_csv(TOML, f"id,date,age,why,crea,contrast,urgency\n{MARKER},2024-03-05,70,SA,1,1,elective\n")
    assert MARKER not in done.tables["procedures"].frame.write_csv()


def test_the_secret_is_in_no_representation(mapped: Mapped) -> None:
    assert "secret" not in repr(mapped.mapped)
