"""Plants the faults of single cells and rows into patients that the registry has."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from synthetic.faults.cells import AFTER_CUTOFF, CELL_FAULTS, CellFault
from synthetic.faults.children import fallen_children
from synthetic.faults.places import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    import numpy as np

    IsTold = Callable[[CellFault, int, str], bool]

Texts = dict[str, pl.DataFrame]

_TRIES = 12
_FILLED_BESIDE = 3


def plant_cells(
    clean: Texts,
    rng: np.random.Generator,
    *,
    leave_out: Container[int] = (),
    is_told: IsTold | None = None,
) -> tuple[Texts, list[Place]]:
    """Overwrite a cell, or append a copy of a row, for each fault; every patient has one at most.

    Parameters
    ----------
    clean
        Canonical tables as text.
    rng
        Decides on the rows.
    leave_out
        Faults, counted from 0, that are drawn but not planted: the others lie where they would lie with them.
    is_told
        Whether a fault may hit a row (its number and its patient): a few rows are tried. Where it is not
        given any row may be hit.

    Returns
    -------
    tuple
        The tables, and where each fault and its consequences are. A fault for which there is no row is left
        out.
    """
    tables, places = dict(clean), []
    owners = row_owners(clean)
    late = _day_after_last_cutoff(clean["sites"])
    complicated = set(owners["complications"])
    used: set[str] = set()
    for number, fault in enumerate(CELL_FAULTS):
        shunned = used | (complicated if _takes_devices(fault) else set())
        candidates = _candidates(clean[fault.table], owners[fault.table], fault, used=shunned)
        if fault.value == AFTER_CUTOFF:
            candidates = _with_cutoff(candidates, clean["sites"])
        if candidates.is_empty():
            continue
        row, owner = _drawn(candidates, fault, rng, is_told)
        used.add(owner)
        if number in leave_out:
            continue
        value = late if fault.value == AFTER_CUTOFF else fault.value
        tables[fault.table], at = _break_row(tables[fault.table], row, fault, value)
        found = [Place(fault.rule_id, fault.level, "planted", fault.table, fault.column, row=at)]
        if fault.level == "ROW" and fault.copied is None:
            found += fallen_children(clean, fault.table, row)
        places += [replace(place, number=number, patient_id=owner) for place in found]
    return tables, places


def _drawn(
    candidates: pl.DataFrame, fault: CellFault, rng: np.random.Generator, is_told: IsTold | None
) -> tuple[int, str]:
    """Draw row and patient of a fault."""
    row, owner = candidates.row(int(rng.integers(len(candidates))))
    for _ in range(_TRIES):
        if is_told is None or is_told(fault, row, owner):
            break
        row, owner = candidates.row(int(rng.integers(len(candidates))))
    return row, owner


def _takes_devices(fault: CellFault) -> bool:
    """Tell whether a fault costs rows of devices, which a complication may be attributed to."""
    return fault.level == "ROW" and fault.copied is None and fault.table in {"lesions", "device_uses"}


def row_owners(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.Series]:
    """Return the patient of every row of every table; of a site, the site itself."""
    patient = dict(tables["procedures"].select("procedure_id", "patient_id").iter_rows())
    of_lesion = {
        lesion: patient[procedure]
        for lesion, procedure in tables["lesions"].select("lesion_id", "procedure_id").iter_rows()
    }
    return {
        "sites": tables["sites"]["site_id"],
        **{name: tables[name]["patient_id"] for name in ("patients", "procedures", "follow_up", "events")},
        "lesions": tables["lesions"]["procedure_id"].replace_strict(patient),
        "complications": tables["complications"]["procedure_id"].replace_strict(
            patient, return_dtype=pl.String
        ),
        **{
            name: tables[name]["lesion_id"].replace_strict(of_lesion, return_dtype=pl.String)
            for name in ("imaging", "device_uses")
        },
    }


def _candidates(table: pl.DataFrame, owner: pl.Series, fault: CellFault, *, used: set[str]) -> pl.DataFrame:
    """Return row and owner of the rows that the fault may hit."""
    fits = pl.col(fault.column).is_not_null()
    if fault.where is not None:
        fits &= pl.col(fault.where[0]).str.contains(fault.where[1]).fill_null(value=False)
    if fault.table == "lesions" and _takes_devices(fault):
        # Without the last lesion of a procedure the others are still numbered in order.
        fits &= pl.col("lesion_number") == pl.len().over("procedure_id").cast(pl.String)
    if fault.value is None and fault.copied is None:
        # A hospital that never sends a value is let be: others of it must have one.
        site = pl.col("owner").str.split("-P").list.first()
        fits &= pl.col(fault.column).count().over(site) >= _FILLED_BESIDE
    return (
        table.with_columns(owner.alias("owner"))
        .with_row_index("place")
        .filter(fits & ~pl.col("owner").is_in(sorted(used)))
        .select(pl.col("place").cast(pl.Int64), "owner")
    )


def _break_row(
    table: pl.DataFrame, row: int, fault: CellFault, value: str | None
) -> tuple[pl.DataFrame, int]:
    """Overwrite the cell, or append the changed copy; also return the row of the fault."""
    if fault.copied is not None:
        changes = [pl.lit(text).alias(column) for column, text in fault.copied.items()]
        return pl.concat([table, table[row].with_columns(changes)]), len(table)
    here = pl.int_range(pl.len()) == row
    cell = pl.when(here).then(pl.lit(value, dtype=pl.String)).otherwise(pl.col(fault.column))
    return table.with_columns(cell.alias(fault.column)), row


def _with_cutoff(candidates: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of the sites that vouch for an end of follow-up."""
    known = sites.drop_nulls("data_cutoff_date")["site_id"]
    prefixes = [f"{site}-P" for site in known]
    return candidates.filter(pl.col("owner").str.contains_any(prefixes)) if prefixes else candidates.clear()


def _day_after_last_cutoff(sites: pl.DataFrame) -> str | None:
    """Return the day after the latest cut-off; None where no site has one."""
    last = sites["data_cutoff_date"].drop_nulls().max()
    return None if last is None else (date.fromisoformat(str(last)) + timedelta(days=1)).isoformat()
