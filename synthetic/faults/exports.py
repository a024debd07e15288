"""A small export of a made-up hospital with its mapping, and what a fault of a file changes in it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Records = list[dict[str, str]]

FILE, MAPPING = "export.csv", "mapping.toml"
DATES = "%d/%m/%Y"
N_RECORDS = 30
_FIRST = date(2024, 1, 4)
_DAYS_APART = 9

MAPPING_TEXT = """\
format = 1

[source]
name = "A made-up hospital"
site_id = "X01"
country = "DE"
date_policy = "actual"
followup_source = "none"

[read]
encoding = "utf-8"
delimiter = ","
missing = ["", "NA"]
dates = ["%d/%m/%Y"]

[map.sex]
"f" = "female"
"m" = "male"

[map.grade]
"0" = "none"
"1" = "mild"
"2" = "moderate"
"3" = "severe"

[let]
patient = { fmt = "X01-{Pseudonym}" }
day = { from = "Date", as = "date" }
visit = { fmt = "X01-{Pseudonym}.{@day}" }

[[emit]]
table = "patients"
where = { "Kind" = ["PCI"] }
collapse = "agree"
[emit.set]
patient_id = { from = "@patient", pseudonym = false }
site_id = { const = "X01" }
sex = { from = "Sex", map = "sex" }

[[emit]]
table = "procedures"
where = { "Kind" = ["PCI"] }
[emit.set]
procedure_id = { from = "@visit" }
patient_id = { from = "@patient", pseudonym = false }
site_id = { const = "X01" }
procedure_date = { from = "Date" }
discharge_status = { const = "alive" }
age_years = { from = "Age" }
presentation = { const = "stable_angina" }
creatinine_umol_l = { from = "Creatinine" }
diabetes = { const = "no" }
dialysis = { const = "false" }
prior_mi = { const = "false" }
prior_pci = { const = "true" }
prior_cabg = { const = "false" }
lvef_pct = { const = "55" }
complications_recorded = { const = "all" }

[[emit]]
table = "lesions"
where = { "Kind" = ["PCI"] }
[emit.set]
lesion_id = { fmt = "{@visit}.L1" }
procedure_id = { from = "@visit" }
lesion_number = { const = "1" }
vessel = { from = "Vessel" }
calcification_angio = { from = "Calcium", map = "grade" }
timi_post = { from = "Flow", regex = '([0-3])' }
lesion_length_mm = { const = "18" }
reference_diameter_mm = { const = "3" }
stenosis_pre_pct = { const = "80" }
stent_type = { const = "none" }

[[emit]]
table = "device_uses"
where = { "Kind" = ["PCI"] }
[emit.set]
device_use_id = { fmt = "{@visit}.D1" }
lesion_id = { fmt = "{@visit}.L1" }
sequence_no = { const = "1" }
device_class = { const = "nc_balloon" }
role = { const = "definitive" }
diameter_mm = { from = "Balloon" }

[[emit]]
table = "complications"
where = { "Kind" = ["PCI"] }
each = [{ split = "Complications", sep = "[;]", none = ["none"], as = "item" }]
[emit.set]
complication_id = { fmt = "{@visit}.C{n}" }
procedure_id = { from = "@visit" }
complication_type = { from = "item", map = { "block" = "av_block", "spasm" = "other" } }
"""
"""Everything that the hospital's form asks, in its own words."""


def blameless() -> Records:
    """Return the records of the export: one PCI each, of people who do not exist."""
    vessels = ("LAD", "RCA", "LCX")
    return [
        {
            "Pseudonym": f"C{number:03d}",
            "Kind": "PCI",
            "Sex": "fm"[number % 2],
            "Date": (_FIRST + timedelta(days=_DAYS_APART * number)).strftime(DATES),
            "Age": str(52 + 7 * number % 31),
            "Creatinine": str(63 + 11 * number % 41),
            "Vessel": vessels[number % 3],
            "Calcium": str(number % 4),
            "Flow": "TIMI 3",
            "Balloon": "3.0",
            "Complications": "none",
        }
        for number in range(N_RECORDS)
    ]


def as_bytes(records: Records, *, end: str = "\n", delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """Return records as the bytes of a delimited file with a row of headers."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode(encoding)


@dataclass(frozen=True)
class FileFault:
    """A folder with one broken file.

    Parameters
    ----------
    folder
        Name of the folder: the rule, and which variant of it.
    rule_id, level
        Rule that is broken, and what it does.
    content
        The bytes of the export, made of the blameless records.
    table, column, line
        Where the finding lies.
    mapping
        Text of the mapping.
    brings
        What follows: rule, level, table, column and line.
    needs
        What intake must be told to see it.
    earlier
        An earlier export, for rules that compare with it: it lies in the folder ``earlier``.
    more
        Other files of the folder: name and bytes.
    file
        Name of the file that the finding is about.
    """

    folder: str
    rule_id: str
    level: str
    content: Callable[[Records], bytes]
    table: str = "file"
    column: str | None = None
    line: int | None = None
    mapping: str = MAPPING_TEXT
    brings: tuple[tuple[str, str, str, str | None, int | None], ...] = ()
    needs: str | None = None
    earlier: Callable[[Records], bytes] | None = None
    more: tuple[tuple[str, bytes], ...] = ()
    file: str = FILE


def with_cell(place: int, **cells: str) -> Callable[[Records], bytes]:
    """Return a function that writes the records with other cells in one of them."""

    def write(records: Records) -> bytes:
        return as_bytes([row | cells if at == place else row for at, row in enumerate(records)])

    return write


def with_all(**cells: Callable[[str], str]) -> Callable[[Records], bytes]:
    """Return a function that writes the records with columns changed throughout."""

    def write(records: Records) -> bytes:
        return as_bytes(
            [row | {name: change(row[name]) for name, change in cells.items()} for row in records]
        )

    return write


def without(header: str) -> Callable[[Records], bytes]:
    """Return a function that writes the records without a column."""
    return lambda records: as_bytes([{k: v for k, v in row.items() if k != header} for row in records])


def with_line(place: int, line: str) -> Callable[[Records], bytes]:
    """Return a function that puts a line of text in the place of one; the header is line 0."""

    def write(records: Records) -> bytes:
        lines = as_bytes(records).decode().split("\n")
        return "\n".join([*lines[:place], line, *lines[place + 1 :]]).encode()

    return write
