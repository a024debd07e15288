"""Reading is strict: what does not fit is found, and what fits stands in its own row and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.errors import InputFileError
from analytics.intake.reading import read_raw_file
from schemas.mapping.model import ReadOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from schemas.mapping.raw import RawFile


def rules(raw: RawFile) -> list[tuple[str, str, int | None]]:
    """Return rule, level and line of each finding."""
    return raw.findings.select("rule_id", "level", "line").rows()


def test_cells_stay_as_they_stand_in_the_file(read_text: Callable[..., RawFile]) -> None:
    raw = read_text('a,b\n007, x \n1e3,"y,z"\n')
    assert raw.headers == ("a", "b")
    assert raw.frame.rows() == [("007", " x ", 1, 2), ("1e3", "y,z", 2, 3)]
    assert raw.n_records == 2
    assert rules(raw) == []


def test_lines_count_line_breaks_inside_cells_and_blank_lines(read_text: Callable[..., RawFile]) -> None:
    raw = read_text('a,b\n1,"two\nlines"\n\n2,x\n')
    assert raw.frame.select("record", "line").rows() == [(1, 2), (2, 5)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(read_text: Callable[..., RawFile], end: str) -> None:
    raw = read_text(end.join(["a,b", "1,2", "3,4", ""]))
    assert raw.frame.rows() == [("1", "2", 1, 2), ("3", "4", 2, 3)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_declared_encodings_are_decoded_and_marks_dropped(
    read_text: Callable[..., RawFile], encoding: str
) -> None:
    raw = read_text(
        "病案号,b\n旋磨,2\n".encode(encoding), encoding="utf-8" if "sig" in encoding else encoding
    )
    assert raw.headers == ("病案号", "b")
    assert raw.frame.row(0)[0] == "旋磨"


@pytest.mark.parametrize(
    ("data", "encoding", "line"),
    [
        ("a\n旋磨\n".encode("gb18030"), "utf-8", 2),
        ("a\nx\nÄ\n".encode("cp1252"), "utf-8", 3),
        ("a\n1\n".encode("utf-16"), "utf-8", 1),
        ("a\n1\n".encode("utf-8-sig"), "gb18030", 1),
        ("a\n1\n".encode("utf-16-le"), "utf-8", 1),
        ("a\n\ufffd\n".encode(), "utf-8", 2),
        (b"a\n+2AA-\n", "utf-7", None),
        (b"PK\x03\x04 xlsx", "cp1252", None),
    ],
)
def test_bytes_of_another_encoding_refuse_the_file(
    read_text: Callable[..., RawFile], data: bytes, encoding: str, line: int | None
) -> None:
    raw = read_text(data, encoding=encoding)
    assert rules(raw) == [("F01", "FILE", line)]
    assert raw.frame.is_empty()


def test_a_row_of_another_width_is_left_out_and_never_shifted(read_text: Callable[..., RawFile]) -> None:
    raw = read_text("a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n")
    assert raw.frame.rows() == [("1", "2", "3", 1, 2), ("10", "11", "12", 4, 5)]
    assert raw.findings.select("rule_id", "level", "record", "line").rows() == [
        ("F04", "ROW", 2, 3),
        ("F04", "ROW", 3, 4),
    ]
    assert raw.n_records == 4


def test_many_rows_of_another_width_refuse_the_file(read_text: Callable[..., RawFile]) -> None:
    raw = read_text("a,b\n" + "1,2\n" * 100 + "1,2,3\n" * 6)
    assert raw.findings.select("rule_id", "level", "line", "n").rows() == [("F04", "FILE", 102, 6)]
    assert raw.frame.is_empty()


@pytest.mark.parametrize("text", ['a,b\n1,2\n"3,4\n5,6\n', 'a,b\n1,2\n"3"x,4\n'])
def test_quotation_marks_that_do_not_pair_refuse_the_file_with_the_line(
    read_text: Callable[..., RawFile], text: str
) -> None:
    assert rules(read_text(text)) == [("F04", "FILE", 3)]


@pytest.mark.parametrize("headers", ["LVEF,lvef ", "肌 酐,肌酐", "a_b,AB"])
def test_headers_that_are_the_same_refuse_the_file(read_text: Callable[..., RawFile], headers: str) -> None:
    raw = read_text(f"{headers}\n1,2\n")
    assert raw.findings["rule_id"].to_list() == ["F03"]
    assert raw.findings["sentence"].to_list() == ["Columns 1 and 2 of the file have the same header."]


def test_exact_headers_may_differ_in_case_and_several_may_be_blank(read_text: Callable[..., RawFile]) -> None:
    assert rules(read_text("a,A,,\n1,2,3,4\n", headers="exact")) == []


@pytest.mark.parametrize("text", ["", "a,b\n", "a,b\n\n\n", "a,b\n,\n"])
def test_a_file_without_data_is_refused(read_text: Callable[..., RawFile], text: str) -> None:
    assert ("F06", "FILE") in [(rule, level) for rule, level, _ in rules(read_text(text))]


@pytest.mark.parametrize("word", ["合计", "Total:", " TOTAL "])
def test_a_row_of_totals_at_the_end_refuses_the_file(read_text: Callable[..., RawFile], word: str) -> None:
    assert rules(read_text(f"a,b\n1,2\n{word},2\n")) == [("F06", "FILE", 3)]


def test_empty_records_are_left_out_and_counted(read_text: Callable[..., RawFile]) -> None:
    raw = read_text("a,b\n1,2\n,\n , \n3,4\n")
    assert raw.frame.select("record", "line").rows() == [(1, 2), (4, 5)]
    assert raw.findings.select("rule_id", "level", "n").rows() == [("F16", "INFO", 2)]


def test_dropped_columns_are_not_read(read_text: Callable[..., RawFile]) -> None:
    raw = read_text("Last_Name,b\nSECRETMARKER,2\n", drop=("lastname",))
    assert raw.frame.columns == ["#2", "record", "line"]
    assert "SECRETMARKER" not in repr(raw)


def test_titles_above_the_header_and_excels_separator_line_are_passed_over(
    read_text: Callable[..., RawFile],
) -> None:
    raw = read_text("sep=;\nPCI 2024;\na;b\n1;2\n", delimiter=";", header_row=2)
    assert raw.headers == ("a", "b")
    assert raw.frame.select("record", "line").rows() == [(1, 4)]


def test_a_missing_file_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="Check the path"):
        read_raw_file(tmp_path / "none.csv", ReadOptions())


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=200), encoding=st.sampled_from(["utf-8", "gb18030", "cp1252", "utf-16", "utf-7"])
)
def test_any_bytes_are_read_or_refused_and_never_raise(tmp_path: Path, data: bytes, encoding: str) -> None:
    path = tmp_path / "bytes.csv"
    path.write_bytes(data)
    raw = read_raw_file(path, ReadOptions(encoding=encoding))
    is_refused = "FILE" in raw.findings["level"]
    # A finding F04 of level ROW leaves a record out; a milder one is a remark.
    is_left_out = (pl.col("rule_id") == "F16") | ((pl.col("rule_id") == "F04") & (pl.col("level") == "ROW"))
    n_left_out = raw.findings.filter(is_left_out)["n"].sum()
    assert raw.frame.is_empty() if is_refused else raw.frame.height + n_left_out == raw.n_records


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.lists(st.text(st.sampled_from('ab ",;\n\r旋'), max_size=4), min_size=2, max_size=2)))
def test_what_a_csv_writer_wrote_is_read_back(tmp_path: Path, cells: list[list[str]]) -> None:
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in cells]
    path = tmp_path / "written.csv"
    path.write_bytes("\r\n".join(["x,y", *quoted]).encode())
    raw = read_raw_file(path, ReadOptions())
    filled = [tuple(row) for row in cells if any(cell.strip() for cell in row)]
    assert raw.frame.select("#1", "#2").rows() == filled
