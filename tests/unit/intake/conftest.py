"""Files written out in the test, read and prepared."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from analytics.intake.reading import read_raw_file
from analytics.intake.submission import prepare_submission
from schemas.mapping.model import ReadOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from analytics.intake.submission import PreparedSubmission
    from schemas.mapping.raw import RawFile

LOAD_DATE = date(2026, 1, 1)

CANONICAL: dict[str, str] = {
    "sites": "site_id,date_policy,followup_source\nS1,actual,active_contact\n",
    "patients": "patient_id,site_id,sex\nS1.p1,S1,male\nS1.p2,S1,female\n",
    "procedures": (
        "procedure_id,patient_id,site_id,procedure_date,discharge_status,age_years,presentation,complications_recorded\n"
        "S1.p1.1,S1.p1,S1,2024-03-05,alive,70,stable_angina,all\n"
        "S1.p2.1,S1.p2,S1,2024-03-06,alive,81,nstemi,all\n"
    ),
    "lesions": (
        "lesion_id,procedure_id,lesion_number,vessel,calcification_angio\n"
        "S1.p1.1.L1,S1.p1.1,1,LAD,severe\n"
        "S1.p2.1.L1,S1.p2.1,1,RCA,mild\n"
    ),
}
"""A small sound submission, by table."""

SHEET_MAPPING = """
format = 1
[source]
name = "sheet of a hospital"
site_id = "CN01"
drop = ["姓名"]
ignore = ["备注"]
[read]
encoding = "{encoding}"
delimiter = "{delimiter}"
dates = ["%Y-%m-%d"]
{more}
[let]
pid = {{ from = "病案号", pseudonym = true }}
[[emit]]
table = "patients"
[emit.set]
patient_id = {{ from = "@pid" }}
site_id = {{ const = "CN01" }}
sex = {{ from = "性别", map = {{ "男" = "male", "女" = "female" }} }}
[[emit]]
table = "procedures"
[emit.set]
procedure_id = {{ fmt = "{{@pid}}.1" }}
patient_id = {{ from = "@pid" }}
site_id = {{ const = "CN01" }}
procedure_date = {{ from = "手术日期" }}
discharge_status = {{ const = "alive" }}
age_years = {{ from = "年龄" }}
presentation = {{ const = "stable_angina" }}
complications_recorded = {{ const = "all" }}
[[emit]]
table = "lesions"
[emit.set]
lesion_id = {{ fmt = "{{@pid}}.1.1" }}
procedure_id = {{ fmt = "{{@pid}}.1" }}
lesion_number = {{ const = "1" }}
vessel = {{ const = "LAD" }}
calcification_angio = {{ const = "severe" }}
[[emit]]
table = "device_uses"
[emit.set]
device_use_id = {{ fmt = "{{@pid}}.1.1.1" }}
lesion_id = {{ fmt = "{{@pid}}.1.1" }}
device_class = {{ const = "nc_balloon" }}
sequence_no = {{ const = "1" }}
"""
"""The form of a hospital's sheet, with room for its encoding, its delimiter and more."""

SHEET_HEADERS = ["病案号", "姓名", "性别", "年龄", "手术日期", "备注"]


@pytest.fixture
def read_text(tmp_path: Path) -> Callable[..., RawFile]:
    """Return a function that writes text or bytes to a file and reads it; keywords go to ``ReadOptions``."""

    def run(content: str | bytes, *, drop: tuple[str, ...] = (), **options: Any) -> RawFile:  # noqa: ANN401
        path = tmp_path / "site.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_raw_file(path, ReadOptions(**options), drop=drop)

    return run


@pytest.fixture
def prepare(tmp_path: Path) -> Callable[..., PreparedSubmission]:
    """Return a function that prepares canonical CSVs: the sound ones with some tables replaced."""

    def run(**tables: str) -> PreparedSubmission:
        folder = tmp_path / "canonical"
        folder.mkdir(exist_ok=True)
        for name, text in {**CANONICAL, **tables}.items():
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        return prepare_submission([folder], load_date=LOAD_DATE)

    return run


@pytest.fixture
def prepare_rows(tmp_path: Path) -> Callable[..., PreparedSubmission]:
    """Return a function that writes rows as CSV, blank where a header is lacking, and prepares them."""

    def run(mapping: str, rows: list[dict[str, str]], *, encoding: str) -> PreparedSubmission:
        text = io.StringIO()
        writer = csv.DictWriter(
            text, list(dict.fromkeys(header for row in rows for header in row)), restval=""
        )
        writer.writeheader()
        writer.writerows(rows)
        path = tmp_path / "export.csv"
        path.write_bytes(text.getvalue().encode(encoding))
        return prepare_submission([path], mapping=mapping, secret=b"secret", load_date=LOAD_DATE)

    return run


@pytest.fixture
def submit(tmp_path: Path) -> Callable[..., PreparedSubmission]:
    """Return a function that writes rows of a hospital's sheet to a file and prepares it by its mapping."""

    def run(
        rows: list[list[str]], *, encoding: str = "utf-8", delimiter: str = ",", more: str = ""
    ) -> PreparedSubmission:
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter).writerows([SHEET_HEADERS, *rows])
        path, mapping = tmp_path / "export.csv", tmp_path / "site.toml"
        path.write_bytes(text.getvalue().encode(encoding))
        mapping.write_text(SHEET_MAPPING.format(encoding=encoding, delimiter=delimiter, more=more), "utf-8")
        return prepare_submission([path], mapping=mapping, secret=b"secret", load_date=LOAD_DATE)

    return run
