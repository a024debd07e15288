"""Files that are not what they should be: one clear finding each, and no traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.mapping.raw import RawFile

ROWS = "a,b,c\n1,2,3\n4,5,6\n"


def found(raw: RawFile) -> list[tuple[str, str, int | None]]:
    """Return rule, level and line of each finding."""
    return raw.findings.select("rule_id", "level", "line").rows()


@pytest.mark.parametrize(
    ("data", "rule", "level", "line"),
    [
        (ROWS.encode("utf-16"), "F01", "FILE", 1),
        (ROWS.encode("utf-16-le"), "F01", "FILE", 1),
        (b"a,b,c\n1,\xc4,3\n", "F01", "FILE", 2),
        (b"a,b,c\n1,\x002,3\n", "F01", "FILE", 2),
        (ROWS.replace(",", ";").encode(), "F02", "FILE", 1),
        (ROWS.replace(",", "\t").encode(), "F02", "FILE", 1),
        (b"a;b;c\n1,5;2;3\n4,5;5;6\n", "F02", "FILE", 1),
        (b"a,b,c\n1,2,3\n4,5", "F04", "ROW", 3),
        (b'a,b,c\n1,"2,3\n4,5,6\n', "F04", "FILE", 2),
        (b'a,b,c\n1,"2"x,3\n', "F04", "FILE", 2),
        (b'a,b,c\n1,2,3\n4,5",6\n', "F04", "WARN", 3),
        (b'a,b,c\n1,"x\n""y""",3\n4,5",6\n', "F04", "WARN", 4),
        (b"a,b,A \n1,2,3\n", "F03", "FILE", None),
        (ROWS.replace("\n", "\r").encode(), "F04", "INFO", None),
        (b"", "F06", "FILE", None),
        (b"\xef\xbb\xbf", "F06", "FILE", None),
        (b"\n\n", "F06", "FILE", None),
        (b"a,b,c\n", "F06", "FILE", None),
        (b"Registry export\n" + ROWS.encode() * 5, "F04", "FILE", 2),
        (b"PK\x03\x04", "F01", "FILE", None),
    ],
)
def test_each_kind_of_broken_file_is_one_finding(
    read_text: Callable[..., RawFile], data: bytes, rule: str, level: str, line: int | None
) -> None:
    assert found(read_text(data)) == [(rule, level, line)]


def test_a_torn_last_line_is_called_so(read_text: Callable[..., RawFile]) -> None:
    torn = read_text("a,b,c\n1,2,3\n4,5")
    assert torn.findings["sentence"].item() == "The last line is cut off; what followed it is lost."
    assert torn.frame.height == 1
    short = read_text("a,b,c\n1,2,3\n4,5\n")
    assert short.findings["sentence"].item() == "The record has more or fewer cells than the header."


def test_a_wrong_delimiter_is_named(read_text: Callable[..., RawFile]) -> None:
    sentence = read_text(ROWS.replace(",", ";")).findings["sentence"].item()
    assert sentence == "The row of headers is not parted by the comma, but holds 2 times the semicolon."


def test_a_title_above_the_headers_is_guessed_at_in_the_remedy_only(
    read_text: Callable[..., RawFile],
) -> None:
    raw = read_text("Registry export\n" + ROWS * 5)
    assert raw.findings["remedy"].item() == (
        "If a title stands above the headers, set header_row in the mapping."
    )
    assert raw.frame.height == 0
    assert read_text("Registry export\n" + ROWS, header_row=2).frame.height == 2


def test_doubled_quotation_marks_are_no_stray_ones(read_text: Callable[..., RawFile]) -> None:
    raw = read_text('a,b\n1,"3.0"" stent"\n2,""\n')
    assert found(raw) == []
    assert raw.frame["#2"].to_list() == ['3.0" stent', ""]


def test_a_file_without_headers_gets_those_of_the_mapping(read_text: Callable[..., RawFile]) -> None:
    raw = read_text('"1","x"\r\n"2","y"\r\n', names=("No", "Kind"))
    assert raw.headers == ("No", "Kind")
    assert raw.frame.rows() == [("1", "x", 1, 1), ("2", "y", 2, 2)]
    assert found(read_text('"1"\r\n', names=("No", "Kind"))) == [("F04", "ROW", 1)]


def test_a_single_column_is_no_wrong_delimiter(read_text: Callable[..., RawFile]) -> None:
    assert found(read_text("a\n1\n")) == []
