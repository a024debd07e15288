"""Files become a decision: canonical folders and mapped files."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from analytics.errors import InputFileError, MappingError, SecretMissingError
from analytics.intake.submission import hash_submission, prepare_submission

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.intake.submission import PreparedSubmission

DAY = date(2026, 1, 1)
MAPPING = """
format = 1
[source]
name = "one hospital"
site_id = "S9"
[[emit]]
table = "sites"
collapse = "agree"
[emit.set]
site_id = { const = "S9" }
date_policy = { const = "actual" }
followup_source = { const = "none" }
[[emit]]
table = "patients"
[emit.set]
patient_id = { from = "chart", pseudonym = true }
site_id = { const = "S9" }
sex = { from = "sex", map = { "m" = "male", "f" = "female" } }
"""


def heights(prepared: PreparedSubmission) -> dict[str, tuple[int, int]]:
    """Return accepted and rejected rows of each table that has any."""
    tables = prepared.report.tables.items()
    return {name: (t.accepted.height, t.rejected.height) for name, t in tables if t.n_input}


def test_a_sound_canonical_folder_is_accepted_whole(prepare: Callable[..., PreparedSubmission]) -> None:
    prepared = prepare()
    assert heights(prepared) == {"sites": (1, 0), "patients": (2, 0), "procedures": (2, 0), "lesions": (2, 0)}
    assert prepared.submission.site_ids == ("S1",)
    assert prepared.submission.mapping_name is None
    assert prepared.n_records == 7
    assert "FILE" not in prepared.findings["level"]


def test_a_bad_cell_is_found_with_file_line_and_column(prepare: Callable[..., PreparedSubmission]) -> None:
    prepared = prepare(patients="patient_id,site_id,sex\nS1.p1,S1,male\nS1.p2,S1,SECRETMARKER\n")
    found = prepared.findings.filter(pl.col("rule_id") == "C02")
    assert found.select("file", "table", "column", "record", "line").rows() == [
        ("patients.csv", "patients", "sex", 2, 3)
    ]
    assert heights(prepared)["patients"] == (1, 1)
    assert heights(prepared)["lesions"] == (1, 1)
    assert "SECRETMARKER" not in prepared.findings.write_csv()


def test_an_identifier_column_in_a_canonical_file_refuses_it(
    prepare: Callable[..., PreparedSubmission],
) -> None:
    prepared = prepare(patients="patient_id,site_id,sex,姓名\nS1.p1,S1,male,x\n")
    assert prepared.gate.colour == "red"
    assert ("F07", "patients.csv") in prepared.findings.select("rule_id", "file").rows()


def test_a_canonical_file_without_a_header_row_shows_no_cell(
    prepare: Callable[..., PreparedSubmission],
) -> None:
    prepared = prepare(patients="SECRETMARKER,S1,male\nS1.p2,S1,female\n")
    assert "SECRETMARKER" not in prepared.findings.write_csv()
    assert prepared.gate.colour == "red"


def test_a_file_not_named_like_a_table_is_listed(prepare: Callable[..., PreparedSubmission]) -> None:
    prepared = prepare(readings="a,b\n1,2\n")
    assert prepared.findings.filter(pl.col("rule_id") == "F14")["file"].to_list() == ["readings.csv"]


def test_the_same_files_have_the_same_id_and_any_change_another(
    prepare: Callable[..., PreparedSubmission],
) -> None:
    first, again = prepare(), prepare()
    changed = prepare(patients="patient_id,site_id,sex\nS1.p1,S1,male\nS1.p2,S1,male\n")
    assert first.submission.submission_id == again.submission.submission_id
    assert first.submission.submission_id != changed.submission.submission_id
    assert first.submission.submission_id.startswith("S")
    assert len(first.submission.submission_id) == 13


def test_a_mapped_file_is_read_with_its_mapping(tmp_path: Path) -> None:
    (tmp_path / "s9.toml").write_text(MAPPING)
    (tmp_path / "s9.csv").write_text("chart,sex\n1,m\n2,f\n3,x\n")
    prepared = prepare_submission(
        [tmp_path / "s9.csv"], mapping=tmp_path / "s9.toml", secret=b"secret", load_date=DAY
    )
    assert heights(prepared) == {"sites": (1, 0), "patients": (2, 1)}
    assert prepared.submission.source_name == "one hospital"
    assert prepared.submission.mapping_name == "s9.toml"
    assert prepared.n_records == 3


def test_accepted_and_rejected_rows_are_all_rows(prepare: Callable[..., PreparedSubmission]) -> None:
    prepared = prepare(
        lesions="lesion_id,procedure_id,lesion_number,vessel,calcification_angio\nL1,nobody,1,LAD,mild\n"
    )
    report = prepared.report
    assert report.n_accepted + report.n_rejected == report.n_input
    assert heights(prepared)["lesions"] == (0, 1)


def test_pseudonyms_without_a_secret_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "s9.toml").write_text(MAPPING)
    (tmp_path / "s9.csv").write_text("chart,sex\n1,m\n")
    with pytest.raises(SecretMissingError, match="CALCPCI_PSEUDONYM_SECRET"):
        prepare_submission([tmp_path / "s9.csv"], mapping=tmp_path / "s9.toml", load_date=DAY)


def test_a_faulty_mapping_is_an_error_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "s9.toml").write_text(MAPPING.replace('"male"', '"man"'))
    (tmp_path / "s9.csv").write_text("chart,sex\n1,m\n")
    with pytest.raises(MappingError, match=r"s9.toml \[emit 2\] set.sex: 'man' is no value of sex"):
        prepare_submission([tmp_path / "s9.csv"], mapping=tmp_path / "s9.toml", secret=b"s", load_date=DAY)


@pytest.mark.parametrize("name", ["none.csv", "empty"])
def test_nothing_to_read_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputFileError):
        prepare_submission([tmp_path / name], load_date=DAY)


def test_files_without_a_canonical_name_need_a_mapping(tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputFileError, match="give a mapping"):
        prepare_submission([tmp_path / "export.csv"], load_date=DAY)


def test_the_hash_of_files_is_that_of_their_submission(
    prepare: Callable[..., PreparedSubmission], tmp_path: Path
) -> None:
    prepared = prepare()
    assert hash_submission([tmp_path / "canonical"]) == prepared.submission.sha256


def test_two_files_of_a_site_describe_it_once(tmp_path: Path) -> None:
    (tmp_path / "s9.toml").write_text(MAPPING)
    (tmp_path / "q1.csv").write_text("chart,sex\n1,m\n2,f\n")
    (tmp_path / "q2.csv").write_text("chart,sex\n3,f\n")
    files = [tmp_path / "q1.csv", tmp_path / "q2.csv"]
    prepared = prepare_submission(files, mapping=tmp_path / "s9.toml", secret=b"s", load_date=DAY)
    assert heights(prepared) == {"sites": (1, 0), "patients": (3, 0)}
