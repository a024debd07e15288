"""Faults of files and of how a mapping reads them, each in a folder of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from synthetic.faults.exports import (
    DATES,
    FILE,
    MAPPING,
    MAPPING_TEXT,
    N_RECORDS,
    FileFault,
    Records,
    as_bytes,
    blameless,
    with_all,
    with_cell,
    with_line,
    without,
)
from synthetic.faults.places import Place

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "files"


def _turned(text: str) -> str:
    """Return a date with month before day."""
    day, month, year = text.split("/")
    return f"{month}/{day}/{year}"


def _doubled_header(records: Records) -> bytes:
    """Return the export with two columns of one name."""
    return as_bytes(records).replace(b"Flow,Balloon", b"Flow,flow ", 1)


def _in_latin(records: Records) -> bytes:
    """Return the export with an accent in another encoding than the declared one."""
    return with_cell(7, Complications="\u00e9")(records).decode().encode("latin-1")


def _torn(records: Records) -> bytes:
    """Return the export without the end of its last record."""
    return as_bytes(records)[:-25]


def _of_next_year(records: Records) -> bytes:
    """Return the export of the same patients 287 days later, one of another sex than before."""
    later = []
    for place, row in enumerate(records):
        day = datetime.strptime(row["Date"], DATES).replace(tzinfo=UTC) + timedelta(days=287)
        later.append(row | {"Date": day.strftime(DATES)} | ({"Sex": "f"} if place == 3 else {}))
    return as_bytes(later)


def _totalled(records: Records) -> bytes:
    """Return the export with a row of totals."""
    blank = dict.fromkeys(records[0], "")
    return as_bytes([*records, blank | {"Pseudonym": "Total", "Age": "1905"}])


def _with_blank_record(records: Records) -> bytes:
    """Return the export with a record of empty cells."""
    return as_bytes([*records[:9], dict.fromkeys(records[0], ""), *records[9:]])


def _with_column(header: str, value: str) -> bytes:
    """Return the export with one more column."""
    return as_bytes([row | {header: value.format(place)} for place, row in enumerate(blameless())])


_LOOKED_UP = MAPPING_TEXT.replace(
    'creatinine_umol_l = { from = "Creatinine" }',
    'creatinine_umol_l = { from = "Creatinine", at = { "Kind" = ["Intake form"] }, on = ["Pseudonym"] }',
)
_OF_EXPORTS = MAPPING_TEXT.replace("where = {", 'file = "export*"\nwhere = {')
_FALLEN = (
    ("lesions", "lesion_id"),
    ("lesions", "procedure_id"),
    ("device_uses", "device_use_id"),
    ("device_uses", "lesion_id"),
)
_AFTER_DATE = (
    ("C01", "ROW", "procedures", "procedure_date", 5),
    ("M01", "WARN", "procedures", "procedure_date", None),
    *(("C17", "INFO", table, column, None) for table, column in _FALLEN),
)
_FOREIGN = tuple(("F10", "FILE", table, "site_id", None) for table in ("sites", "patients"))
_VANISHED = tuple(("K13", "WARN", table, None, None) for table in ("procedures", "lesions", "device_uses"))
_TOO_LOW = (
    ("M01", "WARN", "procedures", "creatinine_umol_l", None),
    *(("C03", "NULL", "procedures", "creatinine_umol_l", 2 + place) for place in range(N_RECORDS)),
)
_LAST_LINE = N_RECORDS + 1


def _with_forms(records: Records) -> bytes:
    """Return the export with an intake form for every patient but the fifth."""
    forms = [row | {"Kind": "Intake form"} for at, row in enumerate(records) if at != 4]
    return as_bytes([*records, *forms])


FILE_FAULTS = (
    FileFault("F01-latin-1", "F01", "FILE", _in_latin, line=9),
    FileFault("F01-utf-16", "F01", "FILE", lambda records: as_bytes(records, encoding="utf-16"), line=1),
    FileFault(
        "F01-utf-16-unmarked", "F01", "FILE", lambda records: as_bytes(records, encoding="utf-16-le"), line=1
    ),
    FileFault("F01-spreadsheet", "F01", "FILE", lambda _: b"PK\x03\x04" + bytes(26)),
    FileFault("F02-required", "F02", "FILE", without("Calcium"), "lesions", "calcification_angio"),
    FileFault("F02-delimiter", "F02", "FILE", lambda records: as_bytes(records, delimiter=";"), line=1),
    FileFault("F03-header-twice", "F03", "FILE", _doubled_header),
    FileFault("F04-torn", "F04", "ROW", _torn, line=_LAST_LINE),
    FileFault(
        "F04-comma", "F04", "ROW", with_line(5, "C004,PCI,f,09/02/2024,80,66,RCA,0,TIMI 3,3.0,a,b"), line=6
    ),
    FileFault(
        "F04-quote", "F04", "FILE", with_line(5, 'C004,PCI,f,09/02/2024,80,66,RCA,0,TIMI 3,3.0,"none'), line=6
    ),
    FileFault("F04-old-macintosh", "F04", "INFO", lambda records: as_bytes(records, end="\r")),
    FileFault(
        "F04-stray-quote",
        "F04",
        "WARN",
        with_line(5, 'C004,PCI,f,09/02/2024,80,66,RCA,0,TIMI "3,3.0,none'),
        line=6,
    ),
    FileFault(
        "F05-sent-twice",
        "F05",
        "FILE",
        as_bytes,
        earlier=as_bytes,
        needs="after loading files/F05-sent-twice/earlier",
    ),
    FileFault("F06-no-row", "F06", "FILE", lambda records: as_bytes(records).split(b"\n")[0] + b"\n"),
    FileFault("F06-empty", "F06", "FILE", lambda _: b""),
    FileFault("F06-totals", "F06", "FILE", _totalled, line=_LAST_LINE + 1),
    FileFault("F07-name", "F07", "FILE", lambda _: _with_column("Patient name", "Nobody")),
    FileFault("F07-e-mail", "F07", "FILE", lambda _: _with_column("Remark", "nobody{}@example.org")),
    FileFault("F08-month-first", "F08", "FILE", with_all(Date=_turned)),
    FileFault(
        "F09-mg-dl",
        "F09",
        "FILE",
        with_all(Creatinine=lambda cell: f"{int(cell) / 88.42:.2f}"),
        "procedures",
        "creatinine_umol_l",
        brings=_TOO_LOW,
    ),
    FileFault(
        "F10-another-site",
        "F10",
        "FILE",
        as_bytes,
        "procedures",
        "site_id",
        brings=_FOREIGN,
        needs="--site X02",
    ),
    FileFault(
        "F11-period",
        "F11",
        "WARN",
        as_bytes,
        "procedures",
        "procedure_date",
        needs="--period 2024-01-13 2024-12-31",
    ),
    FileFault("F12-unknown-column", "F12", "WARN", lambda _: _with_column("Ward", "W")),
    FileFault(
        "F13-empty-column",
        "F13",
        "INFO",
        with_all(Creatinine=lambda _: ""),
        "procedures",
        "creatinine_umol_l",
        brings=(("M01", "WARN", "procedures", "creatinine_umol_l", None),),
    ),
    FileFault(
        "F14-other-file",
        "F14",
        "WARN",
        as_bytes,
        mapping=_OF_EXPORTS,
        more=(("notes.csv", b"Note\nnothing\n"),),
        file="notes.csv",
    ),
    FileFault(
        "F15-missing-header",
        "F15",
        "WARN",
        without("Flow"),
        "lesions",
        "timi_post",
        brings=(("M01", "WARN", "lesions", "timi_post", None),),
    ),
    FileFault("F16-blank-record", "F16", "INFO", _with_blank_record, line=11),
    FileFault("F17-unknown-kind", "F17", "WARN", with_cell(3, Kind="CABG"), line=5),
    FileFault("C07-no-number", "C07", "NULL", with_cell(3, Flow="normal"), "lesions", "timi_post", 5),
    FileFault(
        "C08-none-and-item", "C08", "WARN", with_cell(3, Complications="none;block"), "complications", None, 5
    ),
    FileFault(
        "C14-missing-code", "C14", "INFO", with_cell(3, Creatinine="NA"), "procedures", "creatinine_umol_l"
    ),
    FileFault("C15-two-sexes", "C15", "WARN", with_cell(4, Pseudonym="C003", Age="73"), "patients", "sex", 6),
    FileFault("C16-no-form", "C16", "NULL", _with_forms, "procedures", "creatinine_umol_l", 6, _LOOKED_UP),
    FileFault(
        "C17-date",
        "C17",
        "INFO",
        with_cell(3, Date="some day"),
        "procedures",
        "procedure_id",
        brings=_AFTER_DATE,
    ),
    FileFault(
        "K03-another-sex",
        "K03",
        "WARN",
        _of_next_year,
        "patients",
        "sex",
        5,
        earlier=as_bytes,
        needs="after loading files/K03-another-sex/earlier",
    ),
    FileFault(
        "K13-vanished",
        "K13",
        "WARN",
        lambda records: as_bytes(records[1:]),
        "patients",
        None,
        brings=_VANISHED,
        earlier=as_bytes,
        needs="after loading files/K13-vanished/earlier, with --replace",
    ),
)
"""A folder each; those that need an earlier submission hold it in ``earlier``."""


def write_file_faults(out: Path) -> list[Place]:
    """Write the folders of broken files below ``files`` and return where each fault lies.

    Parameters
    ----------
    out
        Folder of the registry; it must exist.
    """
    places: list[Place] = []
    records = blameless()
    for fault in FILE_FAULTS:
        folder = out / FOLDER / fault.folder
        _write(folder, fault.content(records), fault.mapping)
        if fault.earlier is not None:
            _write(folder / "earlier", fault.earlier(records), fault.mapping)
        for name, content in fault.more:
            (folder / name).write_bytes(content)
        places += _places(fault)
    return places


def _write(folder: Path, content: bytes, mapping: str) -> None:
    """Write an export and its mapping."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_bytes(content)
    (folder / MAPPING).write_text(mapping, encoding="utf-8", newline="\n")


def _places(fault: FileFault) -> list[Place]:
    """Return where a fault and its consequences lie."""
    file = f"{FOLDER}/{fault.folder}/{fault.file}"
    own = Place(
        fault.rule_id,
        fault.level,
        "planted",
        fault.table,
        fault.column,
        line=fault.line,
        file=file,
        needs=fault.needs,
    )
    others = [
        Place(rule_id, level, "consequence", table, column, line=line, file=file)
        for rule_id, level, table, column, line in fault.brings
    ]
    return [own, *others]
