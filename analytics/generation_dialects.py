"""Faults in a hospital's export: planted, read back through the mapping, and listed where intake names them.

What a form tells of a fault is not known beforehand: it leaves columns out, writes words for codes and keeps
one contact of many. So every fault is planted, the export is validated, and the faults that do not show are
taken out again and listed as such. What remains is validated once more: the list says where it is found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from analytics.intake.submission import prepare_submission
from schemas.rules.catalogue import RULES
from synthetic.dialects.planting import DialectPlanting
from synthetic.dialects.writing import FILE, MAPPING
from synthetic.faults.places import HEADER_LINES, Place, list_places
from synthetic.faults.tipped import RULES_OF_SITES, day_of_loading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from schemas.submission import SubmissionReport
    from synthetic.dialects.planting import PlantedExport

_SECRET = b"of no use: pseudonyms are compared with nothing"
_CELL = ["rule_id", "level", "table", "column", "patient", "nth"]
_NOTE = ["rule_id", "level", "table", "column"]

OF_A_HOSPITAL = "a fault of a whole hospital: canonical files have it"
NO_PLACE = "the form has no place for it"
NOT_SAID = "the form does not say this value, or what the rule holds it against"
OWN_WORD = "in place of {rule_id}: the form has words of its own, and this is none of them"


@dataclass(frozen=True, eq=False)
class _Read:
    """What intake makes of the export of one hospital.

    Parameters
    ----------
    lines
        Findings with a line: columns of findings, ``patient`` and ``nth`` (of the same kind and patient).
    notes
        Findings without one: rule, level, table, column and ``n``.
    sites
        Rules about the hospital that fail: rule, table and column.
    rows
        Line of every canonical row, by table.
    """

    lines: pl.DataFrame
    notes: pl.DataFrame
    sites: set[tuple[str, str, str | None]]
    rows: Mapping[str, pl.Series]


def plant_in_exports(
    tables: Mapping[str, pl.DataFrame], out: Path, dialect: str, *, seed: int
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Plant the faults of rows that a dialect can tell into the export of its largest hospital.

    Parameters
    ----------
    tables
        Typed canonical tables of a clean registry.
    out
        Folder that `synthetic.dialects.writing.write_dialect` has filled with them.
    dialect
        Key of `synthetic.dialects.writing.DIALECTS`.
    seed
        Decides on the rows.

    Returns
    -------
    tuple
        What intake finds through the mapping and does not find in the clean export, planted or as a
        consequence, and the faults that the form cannot tell, columns of
        `synthetic.faults.places.FAULT_SCHEMA`; and the data rows of the changed export by hospital.
    """
    planting = DialectPlanting(tables, dialect, seed=seed)
    day = day_of_loading(tables)
    every = frozenset(range(planting.n_faults))
    clean = _read(planting.write(out, leave_out=every), out, day)
    first = planting.write(out)
    shown = _shown(first, clean, _read(first, out, day))
    kept = planting.write(out, leave_out=every - shown)
    listed = list(_found(kept, clean, _read(kept, out, day)))
    faults = list_places([*listed, *_untold(first.places, shown, planting.told)])
    return faults, {kept.hospital: len(kept.patients)}


def _read(export: PlantedExport, out: Path, day: date) -> _Read:
    """Validate the export through its mapping."""
    folder = out / export.hospital
    prepared = prepare_submission((folder / FILE,), mapping=folder / MAPPING, secret=_SECRET, load_date=day)
    return _told(prepared.report, export.patients)


def _told(report: SubmissionReport, patients: pl.Series) -> _Read:
    """Return the findings, each with the patient on whose line it stands."""
    is_of_site = pl.col("rule_id").is_in(RULES_OF_SITES)
    findings = report.findings.filter(~is_of_site)
    lines = findings.drop_nulls("line")
    patient = patients.gather(lines["line"] - HEADER_LINES)
    kind = [name for name in _CELL if name != "nth"]
    lines = lines.with_columns(patient.alias("patient"))
    failed = report.rule_results.filter(is_of_site & (pl.col("status") == "failed"))
    return _Read(
        lines.with_columns(nth=pl.int_range(pl.len()).over(kind)),
        findings.filter(pl.col("line").is_null()).group_by(_NOTE, maintain_order=True).agg(pl.col("n").sum()),
        set(failed.select("rule_id", "table", "column").drop_nulls("table").rows()),
        {
            name: pl.concat([table.accepted["source_row"].cast(pl.Int64), table.rejected["line"]]).sort()
            for name, table in report.tables.items()
        },
    )


def _new(before: _Read, after: _Read) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the findings and the notes that only the second reading has."""
    lines = after.lines.join(before.lines, on=_CELL, how="anti", nulls_equal=True, maintain_order="left")
    notes = after.notes.join(before.notes, on=_NOTE, how="left", nulls_equal=True, maintain_order="left")
    return lines, notes.filter(pl.col("n") > pl.col("n_right").fill_null(0)).select(_NOTE)


def _shown(export: PlantedExport, clean: _Read, faulty: _Read) -> set[int]:
    """Return the numbers of the faults that intake names."""
    found = _found(export, clean, faulty)
    return {place.number for place in found if place.cause == "planted" and place.number is not None}


def _found(export: PlantedExport, clean: _Read, faulty: _Read) -> Iterator[Place]:
    """Return where intake names each fault, and whatever else it finds in the faulty export alone."""
    site = export.hospital
    lines, notes = _new(clean, faulty)
    used: set[int] = set()
    said: set[tuple[str, ...]] = set()
    for place in export.places:
        if place.cause != "planted":
            continue
        at = _line_of(place, lines, export.replaced.get(place.number or 0), used)
        if at is not None:
            used.add(at)
            yield _placed(place, lines.row(at, named=True), site)
        elif _is_noted(place, notes):
            said.add((place.rule_id, place.level, str(place.table), str(place.column)))
            yield _noted(place, faulty.rows, export.patients, site)
    yield from _rest(lines, notes, used, said, site=site)
    yield from _tipped(clean.sites, faulty.sites, site)


def _line_of(place: Place, lines: pl.DataFrame, header: str | None, used: set[int]) -> int | None:
    """Return the finding that names a fault: its own rule's, or any at the header of a strange word."""
    own = (pl.col("patient") == place.patient_id) & ~pl.col("at").is_in(sorted(used))
    numbered = lines.with_row_index("at").filter(own)
    exact = numbered.filter(rule_id=place.rule_id, table=place.table, column=place.column)
    if exact.is_empty() and header is not None:
        exact = numbered.filter(pl.col("header") == header)
    return None if exact.is_empty() else int(exact["at"][0])


def _placed(place: Place, finding: Mapping[str, object], site: str) -> Place:
    """Return a fault at the line of the export where intake names it."""
    is_own = finding["rule_id"] == place.rule_id
    return replace(
        _at_line(finding, site, "planted"),
        reason=None if is_own else OWN_WORD.format(rule_id=place.rule_id),
        number=place.number,
    )


def _at_line(finding: Mapping[str, object], site: str, cause: str) -> Place:
    """Return a finding as a place."""
    line = finding["line"]
    return Place(
        str(finding["rule_id"]),
        str(finding["level"]),
        cause,
        str(finding["table"]),
        None if finding["column"] is None else str(finding["column"]),
        row=int(str(line)) - HEADER_LINES,
        line=int(str(line)),
        site_id=site,
        file=f"{site}/{FILE}",
        header=None if finding["header"] is None else str(finding["header"]),
    )


def _is_noted(place: Place, notes: pl.DataFrame) -> bool:
    """Tell whether intake counts a fault without naming lines."""
    return not notes.filter(rule_id=place.rule_id, table=place.table, column=place.column).is_empty()


def _noted(place: Place, rows: Mapping[str, pl.Series], patients: pl.Series, site: str) -> Place:
    """Return a fault that is counted only, at the patient's last row of its table."""
    own = (patients == place.patient_id).arg_true() + HEADER_LINES
    line = rows[str(place.table)].filter(rows[str(place.table)].is_in(own.cast(pl.Int64).implode())).max()
    at = int(str(line if line is not None else own.max()))
    return replace(place, row=at - HEADER_LINES, line=at, site_id=site, file=f"{site}/{FILE}")


def _rest(
    lines: pl.DataFrame, notes: pl.DataFrame, used: set[int], said: set[tuple[str, ...]], *, site: str
) -> Iterator[Place]:
    """Return what the faults bring with them."""
    for at, finding in enumerate(lines.iter_rows(named=True)):
        if at not in used:
            yield _at_line(finding, site, "consequence")
    for rule_id, level, table, column in notes.rows():
        if (rule_id, level, str(table), str(column)) not in said:
            file = f"{site}/{FILE}"
            yield Place(rule_id, level, "consequence", table, column, site_id=site, file=file)


def _tipped(
    before: set[tuple[str, str, str | None]], after: set[tuple[str, str, str | None]], site: str
) -> Iterator[Place]:
    """Return the limits of the hospital that its faults pass."""
    for rule_id, table, column in sorted(after - before, key=str):
        level = RULES[rule_id].level
        yield Place(rule_id, level, "consequence", table, column, site_id=site, file=f"{site}/{FILE}")


def _untold(places: Sequence[Place], shown: set[int], told: frozenset[tuple[str, str]]) -> Iterator[Place]:
    """Return the faults that the exports do not have, each with the reason."""
    for place in places:
        if place.cause == "planted" and place.number not in shown:
            reason = NOT_SAID if (place.table, place.column) in told else NO_PLACE
            yield Place(place.rule_id, place.level, "not_planted", place.table, place.column, reason=reason)
    for rule_id in RULES_OF_SITES:
        yield Place(rule_id, RULES[rule_id].level, "not_planted", None, None, reason=OF_A_HOSPITAL)
