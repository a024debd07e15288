"""Workbooks and packed files are read like the text files that they stand for."""

from __future__ import annotations

import gzip
import zipfile
from datetime import date
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.intake.mapping import read_canonical
from analytics.intake.reading import read_raw_file
from analytics.intake.submission import prepare_submission
from schemas.mapping.model import ReadOptions

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.mapping.raw import RawFile

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DATE = 1  # place of the date style


def cell(place: str, value: object) -> str:
    """Return one cell: text, number, truth, date, or attributes and a raw piece of XML."""
    if isinstance(value, tuple):
        attributes, inner = value
        return f'<c r="{place}" {attributes}>{inner}</c>'
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value}</v></c>'
    if isinstance(value, date):
        return f'<c r="{place}" s="{_DATE}"><v>{(value - date(1899, 12, 30)).days}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def sheet_xml(rows: list[list[object]], merged: str = "") -> str:
    """Return the XML of a sheet; None is a cell that is not there."""
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = [
            cell(f"{chr(65 + place)}{number}", value) for place, value in enumerate(row) if value is not None
        ]
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    merges = f'<mergeCells><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData>{merges}</worksheet>'


def write_workbook(path: Path, sheets: dict[str, str]) -> Path:
    """Write a workbook of sheets in the least XML that readers accept."""
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in zip(numbers, sheets, strict=True)
    )
    kind = f"{_LINKS}/worksheet"
    linked = "".join(
        f'<Relationship Id="rId{n}" Type="{kind}" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    linked += f'<Relationship Id="rIdS" Type="{_LINKS}/styles" Target="styles.xml"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" '
        'ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r" '
        f'Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>{listed}</sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{linked}'
        "</Relationships>",
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs count="2"><xf numFmtId="0"/>'
        '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        for number, xml in zip(numbers, sheets.values(), strict=True):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", xml)
    return path


def rules(raw: RawFile) -> list[tuple[str, str, int | None]]:
    """Return rule, level and line of each finding."""
    return raw.findings.select("rule_id", "level", "line").rows()


def test_cells_of_a_sheet_become_text_as_they_show(tmp_path: Path) -> None:
    formula = ('t="str"', "<f>A1</f><v>kept result</v>")
    rows: list[list[object]] = [
        ["id", "when", "n", "share", "flag", "formula"],
        ["007", date(2024, 3, 5), 68, 0.30000000000000004, True, formula],
        ["8", None, 2.10, 1e20, False, ('t="e"', "<v>#REF!</v>")],
    ]
    raw = read_raw_file(write_workbook(tmp_path / "a.xlsx", {"S": sheet_xml(rows)}), ReadOptions())
    assert raw.headers == ("id", "when", "n", "share", "flag", "formula")
    assert raw.frame.rows() == [
        ("007", "2024-03-05", "68", "0.3", "TRUE", "kept result", 1, 2),
        ("8", "", "2.1", "100000000000000000000", "FALSE", "#REF!", 2, 3),
    ]
    assert rules(raw) == []


def test_a_merged_cell_counts_in_every_row_that_it_covers(tmp_path: Path) -> None:
    rows: list[list[object]] = [["patient", "lesion"], ["p1", 1], [None, 2], ["p2", 1]]
    path = write_workbook(tmp_path / "a.xlsx", {"S": sheet_xml(rows, merged="A2:A3")})
    assert read_raw_file(path, ReadOptions()).frame["#1"].to_list() == ["p1", "p1", "p2"]


def test_a_title_blank_rows_and_blank_columns_are_passed_over(tmp_path: Path) -> None:
    rows: list[list[object]] = [["Registry 2024"], [], ["a", "b", " "], ["1", "2"], [], ["3", "4"]]
    path = write_workbook(tmp_path / "a.xlsx", {"S": sheet_xml(rows)})
    raw = read_raw_file(path, ReadOptions(header_row=2))
    assert (raw.headers, raw.frame.rows()) == (("a", "b"), [("1", "2", 1, 4), ("3", "4", 2, 6)])


def test_of_several_sheets_one_must_be_named(tmp_path: Path) -> None:
    sheets = {"Read me": sheet_xml([["x"], ["y"]]), "A & B": sheet_xml([["a"], ["1"]])}
    path = write_workbook(tmp_path / "a.xlsx", sheets)
    unnamed = read_raw_file(path, ReadOptions())
    assert rules(unnamed) == [("F02", "FILE", None)]
    assert unnamed.findings["sentence"].item() == "The workbook has 2 sheets, and the mapping names none."
    assert rules(read_raw_file(path, ReadOptions(sheet="Data"))) == [("F02", "FILE", None)]
    assert read_raw_file(path, ReadOptions(sheet="A & B")).frame.rows() == [("1", 1, 2)]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 torn", b"a,b\n1,2\n"])
def test_what_is_no_workbook_is_one_finding(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.xlsx").write_bytes(data)
    assert rules(read_raw_file(tmp_path / "a.xlsx", ReadOptions())) == [("F01", "FILE", None)]


def test_an_empty_sheet_is_one_finding(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"S": sheet_xml([])})
    assert rules(read_raw_file(path, ReadOptions())) == [("F06", "FILE", None)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=20))
def test_a_damaged_workbook_is_read_or_refused_and_never_raises(
    tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"S": sheet_xml([["a", "b"], ["1", 2]])})
    data = bytearray(path.read_bytes())
    for place, value in changes:
        data[place % len(data)] = value
    path.write_bytes(data)
    raw = read_raw_file(path, ReadOptions())
    assert raw.frame.height <= 1 or raw.findings.height == 0


MAPPING = """
format = 1
[source]
name = "sheet"
site_id = "S1"
[read]
sheet = "Data"
dates = ["%d.%m.%Y"]
[[emit]]
table = "follow_up"
[emit.set]
contact_id = { fmt = "c.{No}" }
patient_id = { from = "No", pseudonym = true }
contact_date = { from = "When" }
vital_status = { const = "alive" }
nonfatal_events_assessed = { const = true }
"""


def test_date_cells_of_a_sheet_need_no_declared_format(tmp_path: Path) -> None:
    rows: list[list[object]] = [["No", "When"], ["1", date(2024, 3, 5)], ["2", "06.03.2024"]]
    path = write_workbook(tmp_path / "a.xlsx", {"Data": sheet_xml(rows), "Notes": sheet_xml([["x"]])})
    (tmp_path / "m.toml").write_text(MAPPING, encoding="utf-8")
    done = prepare_submission([path], mapping=tmp_path / "m.toml", secret=b"s", load_date=date(2026, 1, 1))
    # The rows are rejected for their unknown patients; their dates were read.
    rejected = done.report.tables["follow_up"].rejected
    assert rejected["contact_date"].to_list() == ["2024-03-05", "2024-03-06"]


def test_a_packed_file_is_read_like_the_file_in_it(tmp_path: Path) -> None:
    (tmp_path / "lesions.csv.gz").write_bytes(gzip.compress("a,b\n1,é\n".encode()))
    raw = read_raw_file(tmp_path / "lesions.csv.gz", ReadOptions())
    assert (raw.headers, raw.frame.rows()) == (("a", "b"), [("1", "é", 1, 2)])


def test_a_packed_canonical_file_is_named_after_its_table(tmp_path: Path) -> None:
    text = "site_id,date_policy,followup_source\nS1,actual,linkage\n"
    (tmp_path / "sites.csv.gz").write_bytes(gzip.compress(text.encode()))
    mapped = read_canonical([tmp_path / "sites.csv.gz"])
    assert [(table.table, table.frame.height) for table in mapped.tables] == [("sites", 1)]


@pytest.mark.parametrize("cut", [0, 5, 12, 20])
def test_a_cut_or_false_gzip_file_is_one_finding(tmp_path: Path, cut: int) -> None:
    whole = gzip.compress(b"a,b\n1,2\n")
    (tmp_path / "f.csv.gz").write_bytes(whole[:cut] if cut else b"a,b\n1,2\n")
    assert rules(read_raw_file(tmp_path / "f.csv.gz", ReadOptions())) == [("F01", "FILE", None)]
