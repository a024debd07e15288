"""Faults of rows in hospitals' exports: planted in the canonical tables, written as the form tells them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from schemas.mapping.format import load_bundled_mapping
from schemas.parsing import typed_columns
from schemas.registry import TABLES
from synthetic.corruption import PATIENT_FAULTS
from synthetic.dialects.pieces import Sheet
from synthetic.dialects.told_cells import has_word, of_patient, told_cells
from synthetic.dialects.writing import DIALECTS, FILE, allowed, encode, of_site
from synthetic.faults.added_patients import add_patients, sites_by_size
from synthetic.faults.cell_planting import plant_cells
from synthetic.faults.cells import CELL_FAULTS, CellFault
from synthetic.writer import spell_tables

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

    from synthetic.dialects.pieces import Tables
    from synthetic.faults.places import Place

KEYS = {
    "cathpci_wide": "NCDRPatientID",
    "redcap": "record_id",
    "hospital_zh": "病案号",
    "bcis": "CASE_NUMBER",
}
"""Header of each dialect that names the patient on every row: the key by which a fault is found again."""

_ASKING = ("mixed", "active_contact")
_OTHERS = ("linkage", "none")


@dataclass(frozen=True, eq=False)
class PlantedExport:
    """The export of a hospital, with faults.

    Parameters
    ----------
    places
        The faults, where they lie in the canonical tables.
    hospital
        Code of the hospital.
    patients
        The patient of every data row.
    replaced
        Faults, by number, whose text is no value of its column: the header at which it stands as it is.
    """

    places: tuple[Place, ...]
    hospital: str
    patients: pl.Series
    replaced: dict[int, str]


class DialectPlanting:
    """Faults of rows for the largest hospital of a registry, in the words of one dialect.

    The largest hospital that asks after its patients takes them; where there is none, the largest of all.

    Parameters
    ----------
    tables
        Typed canonical tables without faults.
    dialect
        Key of `synthetic.dialects.writing.DIALECTS`.
    seed
        Decides on the rows.
    """

    def __init__(self, tables: Tables, dialect: str, *, seed: int) -> None:
        """Take the rows of the hospital that may be sent."""
        self._dialect, self._seed = dialect, seed
        self._emits = load_bundled_mapping(dialect).emits
        sent = allowed(tables, dialect)
        texts = spell_tables(sent)
        chosen = sites_by_size(texts, _ASKING) or sites_by_size(texts, _OTHERS)
        self.hospital = str(chosen[0]["site_id"])
        self._clean = of_site(sent, self.hospital)
        self._spelled = spell_tables(self._clean)
        self._known: dict[tuple[str, str, int], list[tuple[int, str]]] = {}

    @cached_property
    def told(self) -> frozenset[tuple[str, str]]:
        """Columns that the form has a place for: table and canonical column."""
        return frozenset(
            (emit.table, name)
            for emit in self._emits
            for name, expression in emit.columns.items()
            if expression.const is None
        )

    @property
    def n_faults(self) -> int:
        """How many faults of rows there are."""
        return len(CELL_FAULTS) + len(PATIENT_FAULTS)

    def write(self, out: Path, *, leave_out: Container[int] = ()) -> PlantedExport:
        """Write ``<hospital>/export.csv`` below a folder, with faults.

        Parameters
        ----------
        out
            Folder that `synthetic.dialects.writing.write_dialect` has filled.
        leave_out
            Numbers of the faults that are left out.
        """
        rng = np.random.Generator(np.random.PCG64(self._seed))
        texts, found = plant_cells(self._spelled, rng, leave_out=leave_out, is_told=self._is_told)
        texts, added = add_patients(
            texts, PATIENT_FAULTS, rng, counted_from=len(CELL_FAULTS), leave_out=leave_out
        )
        replaced = self._replaced(found, texts)
        for place in found:
            if place.cause == "planted" and place.number in replaced:
                texts = self._restored(texts, place)
        typed = {name: typed_columns(table, TABLES[name]) for name, table in texts.items()}
        sheet = DIALECTS[self._dialect](of_site(typed, self.hospital))
        patients = sheet.rows[KEYS[self._dialect]]
        for patient, cells, word in replaced.values():
            sheet = _with_word(sheet, patients, patient, cells, word)
        (out / self.hospital / FILE).write_bytes(encode(sheet))
        headers = {number: cells[0][1] for number, (_, cells, _) in replaced.items()}
        return PlantedExport((*found, *added), self.hospital, patients, headers)

    def _is_told(self, fault: CellFault, row: int, patient: str) -> bool:
        """Tell whether the form shows a cell; a column that it has no place for is tried at one row only."""
        if fault.copied is not None or (fault.table, fault.column) not in self.told:
            return True
        return bool(self._cells(fault, row, patient))

    def _cells(self, fault: CellFault, row: int, patient: str) -> list[tuple[int, str]]:
        """Return the cells of the patient's rows in the form that tell a canonical cell."""
        place = (fault.table, fault.column, row)
        if place not in self._known:
            key = self._clean[fault.table].item(row, 0)
            own = of_patient(self._clean, patient)
            cells = told_cells(own, fault.table, fault.column, key, write=DIALECTS[self._dialect])
            is_read = any(self._is_read(fault.table, own, at) for at, _ in cells)
            self._known[place] = cells if is_read else []
        return self._known[place]

    def _is_read(self, table: str, own: Tables, row: int) -> bool:
        """Tell whether the mapping makes rows of a table of a row of the form."""
        cells = DIALECTS[self._dialect](own).rows.row(row, named=True)
        return any(
            all((cells.get(header) or "") in texts for header, texts in emit.where.items())
            for emit in self._emits
            if emit.table == table
        )

    def _restored(self, texts: dict[str, pl.DataFrame], place: Place) -> dict[str, pl.DataFrame]:
        """Return the tables with one cell as it was: the form has its words around the strange one."""
        table, column = str(place.table), str(place.column)
        is_row = pl.int_range(pl.len()) == place.row
        clean = pl.lit(self._spelled[table].item(place.row, column), pl.String)
        cell = pl.when(is_row).then(clean).otherwise(pl.col(column)).alias(column)
        return {**texts, table: texts[table].with_columns(cell)}

    def _replaced(
        self, places: list[Place], texts: dict[str, pl.DataFrame]
    ) -> dict[int, tuple[str, list[tuple[int, str]], str]]:
        """Return, by fault, patient, cells of the patient's rows and a text that no form has a word for."""
        found = {}
        for place in places:
            if place.cause != "planted" or place.row is None or place.number is None:
                continue
            fault = CELL_FAULTS[place.number]
            text = texts[fault.table].item(place.row, fault.column)
            if fault.copied is None and text is not None and not has_word(fault.table, fault.column, text):
                cells = self._cells(fault, place.row, str(place.patient_id))
                found[place.number] = (str(place.patient_id), cells, text)
        return {number: told for number, told in found.items() if told[1]}


def _with_word(
    sheet: Sheet, patients: pl.Series, patient: str, cells: list[tuple[int, str]], word: str
) -> Sheet:
    """Put a word into cells of a patient's rows, which are counted from 0."""
    own = (patients == patient).arg_true()
    if own.is_empty():
        return sheet
    lines = own.gather([row for row, _ in cells])
    header = cells[0][1]
    is_hit = pl.int_range(pl.len()).is_in(lines.implode())
    rows = sheet.rows.with_columns(pl.when(is_hit).then(pl.lit(word)).otherwise(pl.col(header)).alias(header))
    return Sheet(rows, sheet.encoding, sheet.line_terminator, sheet.quotes)
