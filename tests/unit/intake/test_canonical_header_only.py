"""A canonical table without rows beside others is a quiet quarter; alone it is an empty delivery."""

from pathlib import Path

import pytest

from analytics.intake.mapping import read_canonical

SITE = "site_id,date_policy,followup_source\nA,actual,none\n"
HEADER = "event_id,patient_id,event_type,event_date,event_date_precision\n"


def test_a_header_alone_beside_rows_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text(SITE, encoding="utf-8")
    (tmp_path / "events.csv").write_text(HEADER, encoding="utf-8")
    mapped = read_canonical([tmp_path / "sites.csv", tmp_path / "events.csv"])
    said = mapped.findings.filter(mapped.findings["rule_id"] == "F06").select("level", "file", "sentence")
    assert said.rows() == [("INFO", "events.csv", "The file has a header and no row.")]
    assert {text.table: text.frame.height for text in mapped.tables} == {"sites": 1, "events": 0}


def test_a_header_alone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(HEADER, encoding="utf-8")
    assert read_canonical([tmp_path / "events.csv"]).findings["level"].to_list() == ["FILE"]


def test_a_file_without_even_a_header_is_refused_beside_rows(tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text(SITE, encoding="utf-8")
    (tmp_path / "events.csv").write_text("", encoding="utf-8")
    levels = read_canonical([tmp_path / "sites.csv", tmp_path / "events.csv"]).findings["level"].to_list()
    assert "FILE" in levels


@pytest.mark.parametrize("totals", ["Total,1", "Total,1,,,"])
def test_a_row_of_totals_refuses_its_file_beside_others(tmp_path: Path, totals: str) -> None:
    (tmp_path / "sites.csv").write_text(SITE, encoding="utf-8")
    row = "e1,p1,mi,2024-01-02,day\n"
    (tmp_path / "events.csv").write_text(f"{HEADER}{row}{totals}\n", encoding="utf-8")
    mapped = read_canonical([tmp_path / "sites.csv", tmp_path / "events.csv"])
    said = mapped.findings.filter(mapped.findings["rule_id"] == "F06").select(
        "level", "file", "record", "line"
    )
    assert said.rows() == [("FILE", "events.csv", 2, 3)]
