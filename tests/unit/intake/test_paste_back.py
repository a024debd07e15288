"""A site gets its own faulty rows back: its values as they were, no identifiers, first faults marked."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from python_calamine import load_workbook

from analytics.errors import InputFileError
from analytics.intake import paste_back_workbook
from analytics.intake.findings_files import write_findings_files
from analytics.intake.submission import prepare_submission

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from analytics.intake.submission import PreparedSubmission

HEADERS = ["病案号", "姓名", "性别", "年龄", "手术日期", "备注"]
SOUND = ["PATIENT-ID-1", "NAME-OF-1", "男", "70", "2024-03-05", ""]
FRONT = ["line", "record", "what is wrong and how to fix it"]


def text_of(rows: list[list[str]], delimiter: str = ",") -> str:
    """Return rows as CSV."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def read_csv(path: Path, encoding: str = "utf-8-sig", delimiter: str = ",") -> list[list[str]]:
    """Return the records of a CSV file."""
    return list(csv.reader(io.StringIO(path.read_bytes().decode(encoding), newline=""), delimiter=delimiter))


def read_sheet(path: Path, name: str = "To correct") -> list[list[object]]:
    """Return the cells of a sheet, by a reader that has nothing to do with the writer."""
    return load_workbook(path).get_sheet_by_name(name).to_python()


def xml_of(path: Path, part: str) -> str:
    """Return a part of a workbook."""
    with zipfile.ZipFile(path) as book:
        return book.read(part).decode()


def test_faulty_rows_come_back_and_sound_ones_do_not(
    tmp_path: Path, submit: Callable[..., PreparedSubmission]
) -> None:
    faulty = ["PATIENT-ID-2", "NAME-OF-2", "x", "250", "2024-03-06", "0012"]
    written = write_findings_files(submit([SOUND, faulty]), tmp_path / "out")
    names = ["findings.csv", "findings.html", "export_to_correct.csv", "export_to_correct.xlsx"]
    assert [path.name for path in written.paths] == names
    header, row = read_csv(tmp_path / "out" / "export_to_correct.csv")
    assert header == [*FRONT, *HEADERS]
    assert (row[:2], row[3:]) == (["3", "2"], ["", "", "x", "250", "2024-03-06", "0012"])
    assert row[2].splitlines() == [
        "1. FIRST FAULT - 性别: The value is not in the code list. Use one of the codes in the data "
        "dictionary, or add the site's value to the mapping. (C02: row rejected)",
        "2. 年龄: The value lies outside the possible range. Check the value and its unit against the "
        "source; the data dictionary gives the limits. (C03: row rejected)",
    ]
    assert read_sheet(tmp_path / "out" / "export_to_correct.xlsx")[1] == [3.0, 2.0, *row[2:]]


def test_a_gb18030_file_comes_back_in_gb18030_with_its_delimiter(
    tmp_path: Path, submit: Callable[..., PreparedSubmission]
) -> None:
    faulty = ["号", "张三", "未知性别", "70", "2024-03-06", "患者,好转"]
    write_findings_files(submit([faulty], encoding="gb18030", delimiter=";"), tmp_path / "out")
    _, row = read_csv(tmp_path / "out" / "export_to_correct.csv", "gb18030", ";")
    assert row[3:] == ["", "", "未知性别", "70", "2024-03-06", "患者,好转"]
    assert read_sheet(tmp_path / "out" / "export_to_correct.xlsx", "Values not listed")[1] == [
        "性别",
        "未知性别",
        1.0,
    ]


def test_no_identifier_is_in_any_file_and_no_value_outside_the_rows_handed_back(
    tmp_path: Path, submit: Callable[..., PreparedSubmission]
) -> None:
    rows = [
        ["PATIENT-ID-1", "NAME-OF-1", "SENTINEL-A", "SENTINEL-B", "SENTINEL-C", "SENTINEL-D"],
        ["PATIENT-ID-2", "NAME-OF-2", "男", "999", "SENTINEL-E", "SENTINEL-F", "PATIENT-ID-EXTRA"],
    ]
    write_findings_files(submit(rows), tmp_path / "out")
    seen = {path.name: _everything_in(path) for path in (tmp_path / "out").iterdir()}
    assert len(seen) == 4
    for name, text in seen.items():
        assert "PATIENT-ID" not in text
        assert "NAME-OF" not in text
        assert ("SENTINEL" in text) == ("to_correct" in name)


def _everything_in(path: Path) -> str:
    """Return all text of a file, that of every part of a workbook too."""
    if path.suffix != ".xlsx":
        return path.read_text("utf-8-sig")
    with zipfile.ZipFile(path) as book:
        return "\n".join(book.read(name).decode() for name in book.namelist())


def test_a_row_of_another_width_is_blank_where_an_identifier_could_have_moved(
    tmp_path: Path, submit: Callable[..., PreparedSubmission]
) -> None:
    write_findings_files(submit([SOUND, ["PATIENT-ID-2", "shifted", "NAME-OF-2"]]), tmp_path / "out")
    _, row = read_csv(tmp_path / "out" / "export_to_correct.csv")
    assert (row[0], row[3:]) == ("3", [""] * 6)


def test_a_canonical_row_of_another_width_comes_back_whole(
    tmp_path: Path, prepare: Callable[..., PreparedSubmission]
) -> None:
    prepared = prepare(patients="patient_id,site_id,sex\nS1.p1,S1,male\nS1.p2,S1,male,more\n")
    write_findings_files(prepared, tmp_path / "out")
    rows = read_csv(tmp_path / "out" / "patients_to_correct.csv")
    assert (rows[1][0], rows[1][3:]) == ("3", ["S1.p2", "S1", "male", "more"])


def test_the_first_fault_is_bold_and_faulty_cells_are_coloured_with_a_note(
    tmp_path: Path, submit: Callable[..., PreparedSubmission]
) -> None:
    write_findings_files(submit([["1", "n", "x", "250", "2024-03-06", ""]]), tmp_path / "out")
    book = tmp_path / "out" / "export_to_correct.xlsx"
    sheet, styles = xml_of(book, "xl/worksheets/sheet1.xml"), xml_of(book, "xl/styles.xml")
    looks = {place: int(style) for place, style in re.findall(r'<c r="([A-Z]+2)" s="(\d+)"', sheet)}
    fonts = re.findall(r"<font>(.*?)</font>", styles)
    formats = re.findall(r"<xf [^>]*>", styles.split("<cellXfs")[1])
    bold = {place for place, at in looks.items() if "<b/>" in fonts[_id(formats[at], "font")]}
    filled = {place for place, at in looks.items() if _id(formats[at], "fill") > 1}
    assert (bold, filled) == ({"F2"}, {"F2", "G2"})
    assert re.search(r"<r><rPr><b/>.*?FIRST FAULT", sheet)
    notes = xml_of(book, "xl/comments1.xml")
    assert re.findall(r'<comment ref="([A-Z]+\d)"', notes) == ["D1", "E1", "F2", "G2"]
    assert '<autoFilter ref="A1:I2"/>' in sheet
    assert 'topLeftCell="C2"' in sheet


def _id(look: str, kind: str) -> int:
    """Return the number of the font or fill that a look of a cell names."""
    found = re.search(rf'{kind}Id="(\d+)"', look)
    assert found is not None
    return int(found[1])


def test_without_faults_there_is_nothing_to_paste_back_and_old_files_go(
    tmp_path: Path, submit: Callable[..., PreparedSubmission]
) -> None:
    out = tmp_path / "out"
    write_findings_files(submit([["1", "n", "x", "70", "2024-03-06", ""]]), out)
    assert (out / "export_to_correct.xlsx").is_file()
    write_findings_files(submit([SOUND]), out)
    assert sorted(path.name for path in out.iterdir()) == ["findings.csv", "findings.html"]
    assert "Nothing to correct: well done." in (out / "findings.html").read_text("utf-8")


def test_a_file_refused_as_a_whole_is_not_handed_back(
    tmp_path: Path, submit: Callable[..., PreparedSubmission]
) -> None:
    prepared = submit([SOUND, ["1", "n", "x", "70", "2024-03-06", ""]])
    path = prepared.paths[0]
    path.write_text(
        path.read_text("utf-8").replace("备注", "电话"), "utf-8"
    )  # a telephone number, undeclared
    again = prepare_submission(
        [path], mapping=tmp_path / "site.toml", secret=b"s", load_date=date(2026, 1, 1)
    )
    written = write_findings_files(again, tmp_path / "out")
    assert [path.name for path in written.paths] == ["findings.csv", "findings.html"]


def test_several_files_come_back_each_under_its_own_name(
    tmp_path: Path, prepare: Callable[..., PreparedSubmission]
) -> None:
    prepared = prepare(
        patients="patient_id,site_id,sex\nS1.p1,S1,x\nS1.p2,S1,male\n",
        lesions="lesion_id,procedure_id,lesion_number,vessel,calcification_angio\n"
        "S1.p2.1.L1,S1.p2.1,1,nowhere,mild\n",
    )
    write_findings_files(prepared, tmp_path / "out")
    assert read_csv(tmp_path / "out" / "patients_to_correct.csv")[1][3:] == ["S1.p1", "S1", "x"]
    assert read_csv(tmp_path / "out" / "lesions_to_correct.csv")[1][6] == "nowhere"
    assert not (tmp_path / "out" / "sites_to_correct.csv").exists()


def test_a_packed_file_with_line_breaks_in_cells_gives_the_right_rows(
    tmp_path: Path, submit: Callable[..., PreparedSubmission]
) -> None:
    prepared = submit([SOUND])
    rows = [HEADERS, [*SOUND[:5], "three\nphysical\nlines"], ["2", "n", "x", "70", "2024-03-06", "a\r\nb"]]
    path = tmp_path / "export.csv.gz"
    path.write_bytes(gzip.compress(("\ufeff" + text_of(rows)).encode()))
    prepared = prepare_submission(
        [path], mapping=tmp_path / "site.toml", secret=b"s", load_date=date(2026, 1, 1)
    )
    write_findings_files(prepared, tmp_path / "out")
    _, row = read_csv(tmp_path / "out" / "export_to_correct.csv")
    assert (row[:2], row[5], row[8]) == (["5", "2"], "x", "a\r\nb")


def test_rows_of_a_sheet_come_back_as_they_show(
    tmp_path: Path, submit: Callable[..., PreparedSubmission]
) -> None:
    submit([SOUND], more='sheet = "To correct"')
    write_findings_files(submit([["1", "n", "x", "70", "2024-03-06", "=1"]]), tmp_path / "made")
    source = tmp_path / "export.xlsx"
    source.write_bytes((tmp_path / "made" / "export_to_correct.xlsx").read_bytes())
    submit([SOUND], more='sheet = "To correct"')
    mapping = tmp_path / "site.toml"
    text = mapping.read_text("utf-8").replace('ignore = ["备注"', f'ignore = ["备注", {str(FRONT)[1:-1]}')
    # The blank number of the patient is what a sheet that was handed back lacks: give it the line.
    mapping.write_text(text.replace('from = "病案号"', 'from = "line"').replace("'", '"'), "utf-8")
    prepared = prepare_submission([source], mapping=mapping, secret=b"s", load_date=date(2026, 1, 1))
    write_findings_files(prepared, tmp_path / "out")
    rows = read_csv(tmp_path / "out" / "export_to_correct.csv")
    assert rows[1][:2] == ["2", "1"]
    assert rows[1][3:5] == ["", "1"]  # its own column "line" became the pseudonym and is left out
    assert rows[1][-4:] == ["x", "70", "2024-03-06", "'=1"]
    listed = pl.read_csv(tmp_path / "out" / "findings.csv")
    assert listed["sheet"].unique().to_list() == ["To correct"]


def test_more_rows_than_a_workbook_bears_come_back_as_csv_and_that_is_said(
    tmp_path: Path, submit: Callable[..., PreparedSubmission], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paste_back_workbook, "MOST_ROWS", 1)
    rows = [["1", "n", "x", "70", "2024-03-06", ""], ["2", "n", "x", "70", "2024-03-06", ""]]
    written = write_findings_files(submit(rows), tmp_path / "out")
    assert [path.name for path in written.paths][2:] == ["export_to_correct.csv"]
    assert "2 faulty rows" in written.remarks[0]
    assert "2 faulty rows" in (tmp_path / "out" / "findings.html").read_text("utf-8")


def test_a_file_that_changed_since_it_was_checked_is_one_error_in_words(
    tmp_path: Path, submit: Callable[..., PreparedSubmission]
) -> None:
    faulty = ["1", "n", "x", "70", "2024-03-06", ""]
    prepared = submit([faulty, SOUND, faulty])
    prepared.paths[0].write_text(text_of([HEADERS, faulty]), "utf-8")
    with pytest.raises(InputFileError, match="the file changed or went away"):
        write_findings_files(prepared, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["findings.csv"]


def test_files_of_one_name_are_not_mixed_up(
    tmp_path: Path, submit: Callable[..., PreparedSubmission]
) -> None:
    prepared = submit([["1", "n", "x", "70", "2024-03-06", ""]])
    twice = replace(prepared, paths=prepared.paths * 2)
    written = write_findings_files(twice, tmp_path / "out")
    assert [path.name for path in written.paths] == ["findings.csv", "findings.html"]


def test_a_file_without_headers_comes_back_under_those_of_the_mapping(
    tmp_path: Path, submit: Callable[..., PreparedSubmission]
) -> None:
    prepared = submit([SOUND], more=f"headers = {json.dumps(HEADERS, ensure_ascii=False)}")
    path = prepared.paths[0]
    path.write_text(text_of([["1", "NAME-OF-1", "x", "70", "2024-03-06", "a"], SOUND]), "utf-8")
    again = prepare_submission(
        [path], mapping=tmp_path / "site.toml", secret=b"s", load_date=date(2026, 1, 1)
    )
    write_findings_files(again, tmp_path / "out")
    assert read_csv(tmp_path / "out" / "export_to_correct.csv")[0] == [*FRONT, *HEADERS]
    row = read_csv(tmp_path / "out" / "export_to_correct.csv")[1]
    assert (row[:2], row[3:]) == (["1", "1"], ["", "", "x", "70", "2024-03-06", "a"])
