"""Cells typed while their file is read end up as those of the exact reader, and so does what is found."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from analytics.errors import InputFileError
from analytics.intake import clean_blocks
from analytics.intake import mapping as canonical_reading
from analytics.intake.submission import prepare_submission
from analytics.intake.typed_reading import read_typed_file
from schemas.registry import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.intake.submission import PreparedSubmission

LOADED = dt.date(2026, 11, 22)
HEADERS = (
    *("procedure_id", "patient_id", "site_id", "procedure_date", "age_years", "bmi_kg_m2", "access_site"),
    *(
        "creatinine_umol_l",
        "dialysis",
        "presentation",
        "discharge_status",
        "complications_recorded",
        "remarks",
    ),
)
GOOD = (
    *("s1:p1", "s1:a1", "s1", "2024-03-05", "70", "27.5", "radial"),
    *("90", "true", "stable_angina", "alive", "all", "x"),
)
ODD = (
    *(
        "",
        " ",
        "70",
        " 70 ",
        "7e1",
        "7e0001",
        "nan",
        "-inf",
        "1e999",
        "+5",
        "<60",
        "> 9",
        "55%",
        "27,5",
        "0x1F",
    ),
    *(
        "2024-02-30",
        "2024-03",
        "TRUE",
        "true ",
        "unknown",
        "é",
        "\N{FULLWIDTH DIGIT ONE}2",
        "\N{MINUS SIGN}5",
        "\N{NO-BREAK SPACE}7",
    ),
    *("\u200b8", 'say "so"', '"', "\x1f", "\x0b", "total", "x" * 70, "two\nlines", "合计", "\ufeff", "a  b"),
)


def written(rows: list[list[str]], end: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    """Return rows as CSV in UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]  # a plain int
    return text.getvalue().encode()


def submitted(folder: Path, data: bytes) -> None:
    """Write a submission of one site, one patient and the given procedures."""
    (folder / "sites.csv").write_text(
        "site_id,date_policy,followup_source,data_cutoff_date\ns1,actual,linkage,2026-01-01\n"
    )
    (folder / "patients.csv").write_text("patient_id,site_id,sex\ns1:a1,s1,female\ns1:a2,s1,male\n")
    (folder / "procedures.csv").write_bytes(data)


def both_ways(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[PreparedSubmission, PreparedSubmission]:
    """Prepare a submission by the typed and by the exact reader."""
    fast = prepare_submission([folder], load_date=LOADED)
    with monkeypatch.context() as patch:
        patch.setattr(canonical_reading, "read_typed_file", lambda path, table: None)  # noqa: ARG005 - as called
        exact = prepare_submission([folder], load_date=LOADED)
    return fast, exact


def assert_alike(fast: PreparedSubmission, exact: PreparedSubmission) -> None:
    """Hold two prepared submissions against each other, to the last cell."""
    assert_frame_equal(fast.findings, exact.findings)
    assert_frame_equal(fast.report.rule_results, exact.report.rule_results)
    assert (fast.gate, fast.site_gates, fast.file_gates, fast.n_records) == (
        exact.gate,
        exact.site_gates,
        exact.file_gates,
        exact.n_records,
    )
    for name, table in fast.report.tables.items():
        assert_frame_equal(table.accepted, exact.report.tables[name].accepted)
        assert_frame_equal(table.rejected, exact.report.tables[name].rejected)


CELLS = st.tuples(st.integers(0, 11), st.integers(0, len(HEADERS) - 1), st.sampled_from(ODD))


@pytest.mark.parametrize("block_bytes", [60, 8 * 1024**2], ids=["many blocks", "one block"])
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    faults=st.lists(CELLS, max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    is_cut=st.booleans(),
)
def test_faulty_files_are_judged_alike_by_both_readers(  # noqa: PLR0913 - one argument for each thing drawn
    faults: list[tuple[int, int, str]],
    end: str,
    quoting: int,
    *,
    is_cut: bool,
    block_bytes: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clean_blocks, "BLOCK_BYTES", block_bytes)
    rows = [[f"s1:p{number}", f"s1:a{1 + number % 3}", *GOOD[2:]] for number in range(12)]
    for row, column, cell in faults:
        rows[row][column] = cell
    data = written([list(HEADERS), *rows], end, quoting)
    submitted(tmp_path, data.rstrip(b"\r\n") if is_cut else data)
    assert_alike(*both_ways(tmp_path, monkeypatch))


def test_random_cells_in_many_rows_are_judged_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(5)  # noqa: S311 - no secret
    monkeypatch.setattr(clean_blocks, "BLOCK_BYTES", 4000)
    rows = [[f"s1:p{number}", f"s1:a{1 + number % 2}", *GOOD[2:]] for number in range(600)]
    for row in rows:
        if rng.random() < 0.1:
            row[rng.randrange(2, len(row))] = rng.choice(
                [cell for cell in ODD if "\n" not in cell and cell != '"']
            )
    rows = [row for row in rows if 'say "so"' not in row]
    submitted(tmp_path, written([list(HEADERS), *rows]))
    fast, exact = both_ways(tmp_path, monkeypatch)
    assert read_typed_file(tmp_path / "procedures.csv", TABLES["procedures"]) is not None
    assert fast.report.tables["procedures"].rejected.height > 20
    assert_alike(fast, exact)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data,
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.rstrip(b"\n"),
        lambda data: data + b"\n\n",
        lambda data: data.replace(b",27.5,", b',"27,5",', 1),
        lambda data: data.replace(b",27.5,", b", 27.5,", 1),
        lambda data: data.replace(b",x\n", ",é\n".encode(), 1),
    ],
    ids=["as it is", "mark", "two signs", "no last end", "blank end", "quoted", "blank", "letter"],
)
@pytest.mark.parametrize("name", ["procedures.csv", "procedures.csv.gz"])
def test_rejected_rows_are_read_again_from_their_place(
    change: object, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clean_blocks, "BLOCK_BYTES", 150)
    rows = [[f"s1:p{number}", "s1:a1", *GOOD[2:]] for number in range(9)]
    rows[4][0] = rows[5][0] = "s1:p1"  # neighbours, and the last
    rows[8][0] = "s1:p2"
    data = change(written([list(HEADERS), *rows]))  # type: ignore[operator]  # a function
    submitted(tmp_path, data)
    (tmp_path / "procedures.csv").rename(tmp_path / name)
    if name.endswith("gz"):
        (tmp_path / name).write_bytes(gzip.compress(data))
    assert read_typed_file(tmp_path / name, TABLES["procedures"]) is not None
    fast, exact = both_ways(tmp_path, monkeypatch)
    assert fast.report.tables["procedures"].rejected["line"].to_list() == [6, 7, 10]
    assert_alike(fast, exact)


def test_a_file_that_changes_before_its_rows_are_read_again_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "procedures.csv"
    path.write_bytes(written([list(HEADERS), list(GOOD), list(GOOD)]))
    found = read_typed_file(path, TABLES["procedures"])
    assert found is not None
    assert found.text.read is not None
    path.write_bytes(written([list(HEADERS), list(GOOD), ["p2", *GOOD[1:]], list(GOOD)]))
    with pytest.raises(InputFileError, match="changed") as caught:
        found.text.read.of_rows(found.text.frame["row"])
    assert "a1" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"procedure_id,age_years\np1,70\np2\n",
        b"procedure_id,age_years\np1,70\np2,1,2\n",
        b"procedure_id,age_years\np1\np2,1,2\n",
        b"procedure_id,age_years\np1,70\n,\n",
        b"procedure_id,age_years\np1,70\n , \x1f\n",
        b"procedure_id,age_years\np1,70\nTotal,70\n",
        b'procedure_id,age_years\np1,70\n"p\n2",70\n',
        b"procedure_id,procedure_id\np1,p1\n",
        b"one,two\np1,p1\n",
        b"procedure_id,age_years\n",
        b"procedure_id,age_years\np1,70\n\xff,70\n",
        b"procedure_id,age_years\np1,70\n\n\xef\xbb\xbfp2,70\n",
    ],
)
def test_files_of_an_odd_form_are_left_to_the_exact_reader(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "procedures.csv"
    path.write_bytes(data)
    assert read_typed_file(path, TABLES["procedures"]) is None
