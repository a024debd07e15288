"""Mappings as people write them, without a row for the site: counts and findings worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from analytics.intake.submission import prepare_submission

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from analytics.intake.submission import PreparedSubmission

SHEET_MAPPING = r"""
format = 1
[source]
name = "a hospital's sheet"
site_id = "H7"
require = ["住院号", "手术日期"]
drop = ["姓名"]
[read]
encoding = "gb18030"
missing = ["", "-", "未查", "999"]
dates = ["%Y年%m月%d日", "%Y/%m/%d", "excel1900"]
[let]
pid  = { from = "住院号", pseudonym = true }
pday = { from = "手术日期", as = "date" }
proc = { fmt = "{@pid}.{@pday}" }
les  = { fmt = "{@proc}.L{病变序号}" }
[[emit]]
table = "patients"
collapse = "agree"
[emit.set]
patient_id = { from = "@pid" }
site_id = { const = "H7" }
sex = { from = "性别", map = { "男" = "male", "女" = "female" } }
[[emit]]
table = "procedures"
collapse = "agree"
[emit.set]
procedure_id = { from = "@proc" }
patient_id = { from = "@pid" }
site_id = { const = "H7" }
procedure_date = { from = "手术日期" }
discharge_status = { const = "alive" }
age_years = { from = "年龄", regex = '(\d+)' }
creatinine_umol_l = { from = "肌酐", unit = "umol/L" }
presentation = { from = "诊断", match = "contains", map = { "不稳定" = "unstable_angina", "稳定" = "stable_angina" } }
complications_recorded = { from = "并发症", then = "all", default = "none" }
[[emit]]
table = "lesions"
[emit.set]
lesion_id = { from = "@les" }
procedure_id = { from = "@proc" }
lesion_number = { from = "病变序号" }
vessel = { from = "病变血管", match = "contains", map = { "前降支" = "LAD", "右冠" = "RCA" } }
calcification_angio = { from = "钙化程度", map = { "中度" = "moderate", "重度" = "severe" } }
timi_post = { from = "术后TIMI", regex = '([0-3])' }
[[emit]]
table = "device_uses"
each = [ { split = "器械", sep = "[+、]", none = ["无"], as = "item" } ]
[emit.set]
device_use_id = { fmt = "{@les}.D{n}" }
lesion_id = { from = "@les" }
sequence_no = { fmt = "{n}" }
device_class = { from = "item", match = "contains", map = { "旋磨" = "rotational_atherectomy", "切割" = "cutting_balloon" } }
diameter_mm = { from = "item", regex = '(\d+(?:\.\d+)?)\s*mm', soft = true }
[[emit]]
table = "follow_up"
collapse = "agree"
[emit.set]
contact_id = { fmt = "{@pid}.last" }
patient_id = { from = "@pid" }
contact_date = { from = "末次随访日期" }
vital_status = { from = "生存状态", map = { "存活" = "alive", "失访" = "lost" } }
nonfatal_events_assessed = { from = "不良事件", then = true, default = false }
[[emit]]
table = "events"
collapse = "agree"
each = [ { split = "不良事件", sep = "、", none = ["无"], as = "item" } ]
[emit.set]
event_id = { fmt = "{@pid}.{item}" }
patient_id = { from = "@pid" }
event_type = { from = "item", match = "contains", map = { "血运重建" = "revasc_pci" } }
event_date = { from = "事件日期" }
event_date_precision = { const = "day" }
target_relation = { const = "target_lesion" }
planned_staged = { const = false }
"""  # noqa: E501 - one expression to a line
SHEET = """\
住院号,姓名,性别,年龄,手术日期,诊断,肌酐,病变序号,病变血管,钙化程度,术后TIMI,器械,并发症,末次随访日期,生存状态,不良事件,事件日期
A1,甲,男,70岁,2023年5月9日,不稳定型心绞痛,90,1,前降支近段,重度,TIMI 3级,旋磨1.5mm＋切割球囊2.5mm,无,2024/5/1,存活,靶病变血运重建,2023/12/1
A1,甲,男,70岁,2023年5月9日,不稳定型心绞痛,90,2,右冠中段,中度,3,无,无,2024/5/1,存活,靶病变血运重建,2023/12/1
B2,乙,女,66,45060,稳定型心绞痛,未查,1,前降支,重,Ⅲ,切割球囊3.0mm,无,45400,存活,,
C3,丙,男,59,2023年2月30日,稳定型心绞痛,80,1,右冠,中度,3,旋磨1.25mm,-,-,失访,,
"""  # noqa: E501, RUF001 - full-width signs are what such sheets hold


@pytest.fixture
def sheet(tmp_path: Path) -> PreparedSubmission:
    """Return the hospital's sheet, mapped and validated."""
    (tmp_path / "sheet.csv").write_bytes(SHEET.encode("gb18030"))
    (tmp_path / "sheet.toml").write_text(SHEET_MAPPING, encoding="utf-8")
    return prepare_submission(
        [tmp_path / "sheet.csv"],
        mapping=tmp_path / "sheet.toml",
        secret=b"secret",
        load_date=date(2026, 1, 1),
    )


def test_a_sheet_of_lesions_gives_the_rows_that_it_holds(sheet: PreparedSubmission) -> None:
    counts = {
        name: (table.accepted.height, table.rejected.height)
        for name, table in sheet.report.tables.items()
        if table.n_input
    }
    assert counts == {
        "sites": (1, 0),
        "patients": (3, 0),
        "procedures": (2, 1),  # there is no 30 February
        "lesions": (2, 2),  # an unknown grade, and the lesion of the rejected procedure
        "device_uses": (2, 2),
        "follow_up": (2, 1),  # a lost patient without a date
        "events": (1, 0),  # said on two rows, the same key
    }


def test_each_fault_of_the_sheet_is_found_once(sheet: PreparedSubmission) -> None:
    found = sheet.findings.filter(pl.col("level").is_in(["FILE", "ROW", "NULL"]))
    assert set(found.select("rule_id", "table", "column", "line").rows()) == {
        ("C01", "procedures", "procedure_date", 5),
        ("C02", "lesions", "calcification_angio", 4),
        ("C07", "lesions", "timi_post", 4),
        ("T00", "follow_up", "contact_date", 5),
    }
    assert found.height == 4


def test_the_site_is_told_by_the_mapping(sheet: PreparedSubmission) -> None:
    site = sheet.report.tables["sites"].accepted.row(0, named=True)
    assert (site["site_id"], site["date_policy"], site["followup_source"]) == (
        "H7",
        "actual",
        "active_contact",
    )


def test_what_the_source_section_says_of_the_site_counts(tmp_path: Path) -> None:
    said = 'site_id = "H7"\ncountry = "CN"\ndate_policy = "shifted"\nfollowup_source = "passive"\n'
    (tmp_path / "m.toml").write_text(SHEET_MAPPING.replace('site_id = "H7"\n', said, 1), encoding="utf-8")
    (tmp_path / "sheet.csv").write_bytes(SHEET.encode("gb18030"))
    done = prepare_submission(
        [tmp_path / "sheet.csv"], mapping=tmp_path / "m.toml", secret=b"s", load_date=date(2026, 1, 1)
    )
    site = done.report.tables["sites"].accepted.row(0, named=True)
    assert (site["country"], site["date_policy"], site["followup_source"]) == ("CN", "shifted", "passive")


def test_a_site_that_the_store_knows_is_not_described_anew(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(SHEET_MAPPING, encoding="utf-8")
    (tmp_path / "sheet.csv").write_bytes(SHEET.encode("gb18030"))
    done = prepare_submission(
        [tmp_path / "sheet.csv"],
        mapping=tmp_path / "m.toml",
        secret=b"s",
        load_date=date(2026, 1, 1),
        known_keys={"sites": pl.Series(["H7"])},
    )
    assert done.report.tables["sites"].n_input == 0
    assert done.report.tables["patients"].accepted.height == 3


WIDE_MAPPING = r"""
format = 1
[source]
name = "wide visits"
site_id = "W1"
require = ["ChartNo", "Start"]
[read]
missing = ["", "Unknown"]
dates = ["%m/%d/%Y %H:%M"]
[let]
pid = { from = "ChartNo", pseudonym = true }
start = { from = "Start", as = "datetime_key" }
proc = { fmt = "{@pid}.{@start}" }
[[emit]]
table = "patients"
collapse = "agree"
[emit.set]
patient_id = { from = "@pid" }
site_id = { const = "W1" }
sex = { from = "Sex", map = { "M" = "male", "F" = "female" } }
[[emit]]
table = "procedures"
[emit.set]
procedure_id = { from = "@proc" }
patient_id = { from = "@pid" }
site_id = { const = "W1" }
procedure_date = { from = "Start" }
discharge_status = { const = "alive" }
age_years = { from = "Age" }
presentation = { const = "stable_angina" }
complications_recorded = { const = "none" }
creatinine_umol_l = { from = "Creat", unit = "mg/dL" }
[[emit]]
table = "lesions"
each = [ { i = "1..3", exists = "Les{i:02}" } ]
[emit.set]
lesion_id = { fmt = "{@proc}.L{Les{i:02}}" }
procedure_id = { from = "@proc" }
lesion_number = { from = "Les{i:02}" }
calcification_angio = { from = "SevereCa{i:02}", map = { "Yes" = "severe", "No" = "not_severe" }, default = "unknown" }
vessel = { const = "LAD" }
[[emit]]
table = "device_uses"
each = [ { i = "1..3", exists = "Dev{i:02}" }, { split = "DevLes{i:02}", sep = "[,;|]", as = "les" } ]
[emit.set]
device_use_id = { fmt = "{@proc}.L{les}.D{i}" }
lesion_id = { fmt = "{@proc}.L{les}" }
sequence_no = { fmt = "{i}" }
device_class = { from = "Dev{i:02}", match = "contains", map = { "Rota" = "rotational_atherectomy", "NC " = "nc_balloon" } }
"""  # noqa: E501 - one expression to a line
WIDE = """\
ChartNo,Sex,Age,Start,Creat,Les01,SevereCa01,Les02,SevereCa02,Dev01,DevLes01,Dev02,DevLes02
1,M,70,05/09/2023 08:00,1.1,1,Yes,2,,Rota burr,1,NC Trek,"1,2"
2,F,71,05/09/2023 08:00,Unknown,1,No,,,Brand new thing,1,,
2,F,71,05/19/2023 15:30,120,1,No,,,NC Trek,1,,
"""


def test_a_wide_file_gives_a_row_for_each_lesion_and_device(
    tmp_path: Path, write_mapped: Callable[..., PreparedSubmission]
) -> None:
    done = write_mapped(tmp_path, WIDE_MAPPING, WIDE)
    counts = {name: t.accepted.height for name, t in done.report.tables.items() if t.n_input}
    # Patient 2 came twice: two procedures.
    assert counts == {"sites": 1, "patients": 2, "procedures": 3, "lesions": 4, "device_uses": 4}
    found = done.findings.filter(pl.col("level").is_in(["FILE", "ROW", "NULL"]))
    assert found.select("rule_id", "column", "line").rows() == [
        ("C02", "device_class", 3),
        ("C03", "creatinine_umol_l", 4),
    ]
    grades = done.report.tables["lesions"].accepted["calcification_angio"].to_list()
    assert grades == ["severe", "unknown", "not_severe", "not_severe"]


@pytest.fixture
def write_mapped() -> Callable[..., PreparedSubmission]:
    """Return a function that writes a mapping and a file, and prepares them."""

    def run(folder: Path, mapping: str, text: str) -> PreparedSubmission:
        (folder / "m.toml").write_text(mapping, encoding="utf-8")
        (folder / "f.csv").write_text(text, encoding="utf-8")
        return prepare_submission(
            [folder / "f.csv"], mapping=folder / "m.toml", secret=b"s", load_date=date(2026, 1, 1)
        )

    return run
