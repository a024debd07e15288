"""Adds the patients with a fault to the text of a registry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from synthetic.faults.patients import BLAMELESS
from synthetic.faults.places import Place

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    import numpy as np

    from synthetic.faults.patients import PatientFault

Texts = dict[str, pl.DataFrame]
Row = dict[str, str | None]

_LOCAL_KEYS = frozenset(
    ("procedure_id", "lesion_id", "imaging_id", "device_use_id", "complication_id", "contact_id", "event_id")
)
_FIRST_DAY = date(2021, 3, 1)
_DAYS_APART = 6  # so that two of these patients are never taken for one
_SPREAD = 3
_VALUES = 11  # of each measurement, so that none of them fills a column


def add_patients(
    texts: Texts,
    faults: Sequence[PatientFault],
    rng: np.random.Generator,
    *,
    counted_from: int = 0,
    leave_out: Container[int] = (),
) -> tuple[Texts, list[Place]]:
    """Append the patients of each fault to their tables.

    Parameters
    ----------
    texts
        Canonical tables as text.
    faults
        What to plant; one whose kind of site the registry lacks is left out.
    rng
        Decides on sites and days.
    counted_from
        Number of the first fault.
    leave_out
        Numbers of faults that are drawn but not added: the others lie where they would lie with them.

    Returns
    -------
    tuple
        The tables, and where each fault and its consequences are.
    """
    rows: dict[str, list[Row]] = {name: [] for name in BLAMELESS}
    planted: list[Place] = []
    quarter = _newest_quarter(texts)
    number = 0
    for place, fault in enumerate(faults, start=counted_from):
        sites = _drawn_sites(texts, fault, rng)
        step = int(rng.integers(_SPREAD))
        usual = (_FIRST_DAY + timedelta(days=_DAYS_APART * number + step)).isoformat()
        if not sites:
            continue
        first = {name: texts[name].height + len(rows[name]) for name in rows}
        again = -(-int(sites[0]["len"]) // fault.per) if fault.per else 1
        patients = [
            _Patient(sites, number + at, _day(start, quarter))
            for at, start in enumerate((fault.starts or (usual,)) * again)
        ]
        number += len(patients)
        if place in leave_out:
            continue
        for patient in patients:
            for name, cells in patient.rows(fault).items():
                rows[name] += cells
        found = _places(fault, first, sites[0]["site_id"])
        planted += [replace(at, number=place, patient_id=patients[0].patient_id) for at in found]
    return {name: _with_rows(table, rows.get(name, [])) for name, table in texts.items()}, planted


def sites_by_size(texts: Texts, source: Sequence[str]) -> list[dict[str, Any]]:
    """Return the sites that send real dates and have one of these follow-up sources, the largest first."""
    sizes = texts["procedures"].group_by("site_id").len()
    sites = texts["sites"].filter(date_policy="actual").join(sizes, on="site_id")
    sites = sites.filter(pl.col("followup_source").is_in(list(source)))
    return sites.sort("len", "site_id", descending=[True, False]).to_dicts()


def _drawn_sites(texts: Texts, fault: PatientFault, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return the site of a fault and another one (or the same again); none where the registry lacks them."""
    fitting = sites_by_size(texts, fault.source)
    order: list[int] = rng.permutation(len(fitting)).tolist()
    if len(fitting) < 1 + _is_of_two_sites(fault):
        return []
    if fault.rank is not None:
        order = [fault.rank % len(fitting), *range(len(fitting))]
    first, second = fitting[order[0]], fitting[order[min(1, len(order) - 1)]]
    return [first, second] if first["len"] >= fault.fewest else []


def _is_of_two_sites(fault: PatientFault) -> bool:
    """Tell whether a fault is about two hospitals."""
    return any("B" in cells.values() for _, _, cells in fault.edits)


def _newest_quarter(texts: Texts) -> date:
    """Return the first day of the newest quarter that ends before the last procedure."""
    last = date.fromisoformat(str(texts["procedures"]["procedure_date"].drop_nulls().max()))
    quarter = last.year * 4 + (last.month - 1) // 3 - 1
    return date(quarter // 4, quarter % 4 * 3 + 1, 1)


def _day(start: str, quarter: date) -> date:
    """Return the day of a procedure."""
    is_counted = start.startswith("+")
    return quarter + timedelta(days=int(start[1:])) if is_counted else date.fromisoformat(start)


@dataclass(frozen=True)
class _Patient:
    """Sites, number and day of the procedure of one added patient."""

    sites: list[dict[str, Any]]
    number: int
    start: date

    @property
    def patient_id(self) -> str:
        """Name of the patient."""
        return f"{self.sites[0]['site_id']}-P90{self.number:05d}"

    def rows(self, fault: PatientFault) -> dict[str, list[Row]]:
        """Return the patient's rows with the fault, by table."""
        rows: dict[str, list[Row]] = {name: [dict(row) for row in table] for name, table in BLAMELESS.items()}
        for table, at, cells in fault.edits:
            if at < len(rows[table]):
                rows[table][at].update(cells)
            else:
                rows[table].append(dict(cells))
        # A second person is of the second site only where the fault is about two sites.
        other = next((row["site_id"] for row in rows["patients"][1:]), "A")
        return {
            name: [
                {column: self._spelled(column, cell, other) for column, cell in row.items()} for row in own
            ]
            for name, own in rows.items()
        }

    def _spelled(self, column: str, cell: str | None, other: str | None) -> str | None:
        """Return a cell with the names and days of this patient."""
        if cell is None:
            return None
        sites = {"A": self.sites[0]["site_id"], "B": self.sites[1]["site_id"]}
        patients = {
            "P1": self.patient_id,
            "P2": f"{sites[str(other)]}-P91{self.number:05d}",
        }
        named = {"site_id": sites, "patient_id": patients}.get(column)
        if named is not None:
            return str(named[cell])
        if column in _LOCAL_KEYS:
            return f"{patients['P1']}-{cell}"
        return self._counted(cell)

    def _counted(self, cell: str) -> str:
        """Return a cell with its day or its number."""
        if cell.startswith("#"):
            return str(int(cell[1:]) + self.number % _VALUES)
        if cell == "@end":
            return str(self.sites[0]["data_cutoff_date"])
        is_day = cell.startswith("@")
        return (self.start + timedelta(days=int(cell[1:]))).isoformat() if is_day else cell


def _places(fault: PatientFault, first: dict[str, int], site: str) -> Iterator[Place]:
    """Return where the fault and its consequences lie, given the row at which the patient begins."""
    own = (fault.rule_id, fault.level, fault.place)
    for cause, found in (("planted", (own, *fault.also)), ("consequence", fault.brings)):
        for rule_id, level, place in found:
            table, row, column = place.split()
            at = None if row == "-" else first[table] + int(row)
            yield Place(rule_id, level, cause, table, column, row=at, site_id=site)


def _with_rows(table: pl.DataFrame, rows: list[Row]) -> pl.DataFrame:
    """Append rows; columns that they lack are empty."""
    if not rows:
        return table
    cells = [[row.get(name) for name in table.columns] for row in rows]
    return pl.concat([table, pl.DataFrame(cells, schema=table.schema, orient="row")])
