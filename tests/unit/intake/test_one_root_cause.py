"""One fault in a site's own file is one finding, wherever the cell is used; the rest follows from it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from analytics.intake.submission import PreparedSubmission, prepare_submission

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAPPING = """
format = 1
[source]
name = "clinic"
site_id = "DE01"
[read]
delimiter = ";"
dates = ["%d.%m.%Y"]
missing = ["n/a"]
[let]
patient = { from = "Chart", pseudonym = true }
day = { from = "PCI date", as = "date" }
visit = { fmt = "{@patient}.{@day}" }
lesion = { fmt = "{@visit}.{Lesion no}" }
[[emit]]
table = "sites"
collapse = "agree"
[emit.set]
site_id = { const = "DE01" }
date_policy = { const = "actual" }
followup_source = { const = "active_contact" }
[[emit]]
table = "patients"
collapse = "agree"
[emit.set]
patient_id = { from = "@patient" }
site_id = { const = "DE01" }
sex = { from = "Sex", map = { "m" = "male", "f" = "female" } }
[[emit]]
table = "procedures"
[emit.set]
procedure_id = { from = "@visit" }
patient_id = { from = "@patient" }
site_id = { const = "DE01" }
procedure_date = { from = "PCI date" }
discharge_status = { const = "alive" }
age_years = { from = "Age" }
presentation = { const = "stable_angina" }
complications_recorded = { const = "all" }
[[emit]]
table = "lesions"
[emit.set]
lesion_id = { from = "@lesion" }
procedure_id = { from = "@visit" }
lesion_number = { from = "Lesion no" }
vessel = { const = "LAD" }
calcification_angio = { const = "severe" }
[[emit]]
table = "device_uses"
each = [ { split = "Devices", sep = "[+]", as = "item" } ]
[emit.set]
device_use_id = { fmt = "{@lesion}.{n}" }
lesion_id = { from = "@lesion" }
sequence_no = { fmt = "{n}" }
device_class = { from = "item", map = { "RA" = "orbital_atherectomy", "NC" = "nc_balloon" } }
role = { const = "unknown" }
[[emit]]
table = "follow_up"
where = { "Seen" = "yes" }
[emit.set]
contact_id = { fmt = "{@visit}.F" }
patient_id = { from = "@patient" }
contact_date = { from = "Contact" }
contact_method = { const = "clinic" }
vital_status = { const = "alive" }
nonfatal_events_assessed = { const = true }
"""

ROW = {"Chart": "17", "Sex": "m", "PCI date": "05.03.2024", "Age": "70", "Lesion no": "1", "Devices": "RA+NC"}
ROW |= {"Seen": "yes", "Contact": "05.03.2025"}
OTHER = ROW | {"Chart": "18"}


@pytest.fixture
def prepare_clinic(tmp_path: Path) -> Callable[..., PreparedSubmission]:
    """Return a function that prepares rows of a clinic's file, every second one sound."""

    def run(*rows: dict[str, str]) -> PreparedSubmission:
        lines = [";".join(ROW), *(";".join(row[name] for name in ROW) for row in rows)]
        (tmp_path / "clinic.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (tmp_path / "clinic.toml").write_text(MAPPING, encoding="utf-8")
        return prepare_submission(
            [tmp_path / "clinic.csv"],
            mapping=tmp_path / "clinic.toml",
            secret=b"s",
            load_date=date(2026, 1, 1),
        )

    return run


def _faults(done: PreparedSubmission) -> list[tuple[object, ...]]:
    found = done.findings.filter((pl.col("level") != "INFO") & (pl.col("rule_id") != "C06"))
    return found.select("rule_id", "level", "table", "column", "header", "record", "line").rows()


@pytest.mark.parametrize("text", ["", "n/a"])
@pytest.mark.parametrize(
    ("header", "place", "n_roots"),
    [
        ("Chart", ("patients", "patient_id"), 1),
        ("PCI date", ("procedures", "procedure_date"), 1),
        ("Sex", ("patients", "sex"), 1),
        ("Lesion no", ("lesions", "lesion_number"), 1),
    ],
)
def test_a_blank_cell_that_many_rows_need_is_one_finding(
    prepare_clinic: Callable[..., PreparedSubmission],
    header: str,
    text: str,
    place: tuple[str, str],
    n_roots: int,
) -> None:
    done = prepare_clinic(OTHER, ROW | {header: text})
    assert _faults(done) == [("C05", "ROW", *place, header, 2, 3)]
    causes = [table.rejected.select("rule_id", "is_cascade") for table in done.report.tables.values()]
    rejected = pl.concat(causes)
    assert rejected["rule_id"].unique().to_list() == ["C05"]
    assert rejected.filter(~pl.col("is_cascade")).height == n_roots
    assert done.report.n_accepted + done.report.n_rejected == done.report.n_input


def test_a_date_that_cannot_be_read_is_the_root_cause_of_all_that_hangs_on_it(
    prepare_clinic: Callable[..., PreparedSubmission],
) -> None:
    done = prepare_clinic(OTHER, ROW | {"PCI date": "31.04.2024"})
    assert _faults(done) == [("C01", "ROW", "procedures", "procedure_date", "PCI date", 2, 3)]
    rejected = {
        name: set(table.rejected.select("rule_id", "is_cascade").rows())
        for name, table in done.report.tables.items()
        if table.rejected.height
    }
    assert rejected == {
        "procedures": {("C01", False)},
        "lesions": {("C01", True)},
        "device_uses": {("C01", True)},
        "follow_up": {("C01", True)},
    }


def test_a_date_that_only_its_own_row_needs_is_left_to_the_rule_about_time(
    prepare_clinic: Callable[..., PreparedSubmission],
) -> None:
    done = prepare_clinic(ROW | {"Contact": ""})
    assert _faults(done) == [("T00", "ROW", "follow_up", "contact_date", "Contact", 1, 2)]


def test_an_item_of_a_cell_is_reported_under_the_header_of_the_cell(
    prepare_clinic: Callable[..., PreparedSubmission],
) -> None:
    done = prepare_clinic(ROW | {"Devices": "NC+zzz"})
    assert _faults(done) == [("C02", "ROW", "device_uses", "device_class", "Devices", 1, 2)]


def test_a_row_sent_twice_is_one_repeated_key(prepare_clinic: Callable[..., PreparedSubmission]) -> None:
    done = prepare_clinic(ROW, OTHER, ROW)
    assert _faults(done) == [("K01", "ROW", "procedures", "procedure_id", None, 3, 4)]
    assert {name: table.accepted.height for name, table in done.report.tables.items() if table.n_input} == {
        "sites": 1,
        "patients": 2,
        "procedures": 2,
        "lesions": 2,
        "device_uses": 4,
        "follow_up": 3 - 1,
    }


def test_a_blank_that_another_row_of_the_key_fills_is_no_fault(
    prepare_clinic: Callable[..., PreparedSubmission],
) -> None:
    done = prepare_clinic(ROW, ROW | {"PCI date": "06.03.2024", "Sex": "", "Contact": "06.03.2025"})
    assert "C05" not in [fault[0] for fault in _faults(done)]
    assert done.report.n_rejected == 0


@pytest.mark.parametrize("row", ["Total;2", "Total;2;;;;;;", "Total;2;;;;;;;"])
def test_a_row_of_totals_is_one_finding_whatever_its_width(
    prepare_clinic: Callable[..., PreparedSubmission], tmp_path: Path, row: str
) -> None:
    prepare_clinic(ROW)
    path = tmp_path / "clinic.csv"
    path.write_text(f"{path.read_text(encoding='utf-8')}{row}\n", encoding="utf-8")
    done = prepare_submission(
        [path], mapping=tmp_path / "clinic.toml", secret=b"s", load_date=date(2026, 1, 1)
    )
    assert _faults(done) == [("F06", "FILE", "file", None, None, 2, 3)]


def test_what_follows_from_a_cell_is_counted_and_not_listed(
    prepare_clinic: Callable[..., PreparedSubmission],
) -> None:
    done = prepare_clinic(OTHER, ROW | {"PCI date": "31.04.2024"}, ROW | {"PCI date": "x", "Chart": "19"})
    follows = done.findings.filter(pl.col("rule_id") == "C17")
    devices = follows.filter((pl.col("table") == "device_uses") & (pl.col("column") == "lesion_id"))
    assert devices.select("header", "record", "n").rows() == [("PCI date", None, 4)]


def test_a_value_that_a_file_never_offers_is_not_asked_of_each_row(
    prepare_clinic: Callable[..., PreparedSubmission],
) -> None:
    done = prepare_clinic(ROW, OTHER)
    assert "rotation_speed_krpm" not in done.findings["column"].to_list()
