"""A finding names the header of its own row, also where numbered columns feed one canonical column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from schemas.validation import validate_submission

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.mapping.conftest import Mapped

LESIONS = """
[let]
visit = { from = "Visit" }
[[emit]]
table = "lesions"
each = [ { i = "1..3", exists = "Number {i}" } ]
[emit.set]
lesion_id = { fmt = "{@visit}.L{Number {i}}" }
procedure_id = { from = "@visit" }
lesion_number = { from = "Number {i}" }
vessel = { from = "Vessel {i}" }
calcification_angio = { const = "severe" }
lesion_length_mm = { from = "Length {i}", missing = ["NA"] }
"""
HEADERS = "Visit,Number 1,Vessel 1,Length 1,Number 2,Vessel 2,Length 2,Number 3,Vessel 3,Length 3\n"


def _headers(mapped: Mapped, rule_id: str) -> list[tuple[str | None, int | None]]:
    """Return header and line of each finding of one rule after validation."""
    report = validate_submission(mapped.mapped.tables, prior_findings=mapped.findings)
    found = report.findings.filter((pl.col("rule_id") == rule_id) & (pl.col("table") == "lesions"))
    return found.select("header", "line").rows()


@pytest.mark.parametrize(
    ("cells", "rule_id", "header"),
    [
        ("V1,1,LAD,900,2,LCX,20,,,", "C03", "Length 1"),
        ("V1,1,LAD,20,2,LCX,900,3,RCA,20", "C03", "Length 2"),
        ("V1,1,elbow,20,2,LCX,20,3,RCA,20", "C02", "Vessel 1"),
        ("V1,1,LAD,20,2,LCX,20,2,RCA,20", "K01", "Number 3"),
    ],
)
def test_the_header_is_that_of_the_numbered_column(
    map_csv: Callable[..., Mapped], cells: str, rule_id: str, header: str
) -> None:
    mapped = map_csv(LESIONS, HEADERS + cells + "\n")
    assert _headers(mapped, rule_id) == [(header, 2)]


def test_missing_codes_are_counted_by_header(map_csv: Callable[..., Mapped]) -> None:
    mapped = map_csv(LESIONS, HEADERS + "V1,1,LAD,NA,2,LCX,NA,,,\nV2,1,LAD,20,2,LCX,NA,,,\n")
    counts = mapped.findings.filter(pl.col("rule_id") == "C14").select("header", "n").sort("header").rows()
    assert counts == [("Length 1", 1), ("Length 2", 2)]


def test_a_disagreement_names_the_header(map_csv: Callable[..., Mapped]) -> None:
    toml = """
    [[emit]]
    table = "patients"
    collapse = "agree"
    [emit.set]
    patient_id = { from = "Chart" }
    sex = { from = "Sex at visit" }
    """
    mapped = map_csv(toml, "Chart,Sex at visit\nP001,male\nP001,female\n")
    found = mapped.findings.filter(pl.col("rule_id") == "C15").select("column", "header", "line").rows()
    assert found == [("sex", "Sex at visit", 3)]


def test_a_key_made_of_one_header_names_it(map_csv: Callable[..., Mapped]) -> None:
    toml = """
    [let]
    person = { from = "Chart", pseudonym = true }
    [[emit]]
    table = "patients"
    [emit.set]
    patient_id = { from = "@person" }
    sex = { from = "Sex" }
    """
    mapped = map_csv(toml, "Chart,Sex\n1,male\n")
    assert mapped.tables["patients"].headers == {"patient_id": "Chart", "sex": "Sex"}
