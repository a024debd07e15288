"""Faults planted into the text of a clean registry, one patient each, with a list of where they are.

Faults name rules of the quality catalogue. Each takes a patient of its own, so that a rejected row never
hides another fault among its children; faults of whole sites take one each, or share one where neither hides
the other. What a fault brings with it is listed too. A fault for which a small registry has no row or no site
left is not planted.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from schemas.rules.catalogue import RULES
from synthetic.faults import clinical, records
from synthetic.faults.added_patients import add_patients
from synthetic.faults.cells import AFTER_CUTOFF, CELL_FAULTS, CellFault
from synthetic.faults.children import fallen_children
from synthetic.faults.files import write_file_faults
from synthetic.faults.places import FAULT_SCHEMA, Place, list_places
from synthetic.faults.site_rows import exceed, forget_the_old
from synthetic.faults.sites import CROWDS, change_sites
from synthetic.faults.tipped import tipped_sites

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FAULT_SCHEMA", "plant_faults", "write_faults"]

Texts = dict[str, pl.DataFrame]

PATIENT_FAULTS = (*clinical.FAULTS, *records.FAULTS)
"""Faults of patients who are added to the registry."""


def plant_faults(tables_as_text: Texts, seed: int, *, of_sites: bool = True) -> tuple[Texts, pl.DataFrame]:
    """Plant each fault that lies in the tables.

    Parameters
    ----------
    tables_as_text
        Clean canonical tables as text, from `synthetic.writer.tables_as_text`.
    seed
        Non-negative integer that decides which rows are hit.
    of_sites
        Whether to plant faults of whole sites too; not where the tables are only a part of a registry.

    Returns
    -------
    tuple
        The tables with faults, and the list of faults in the columns of `FAULT_SCHEMA`.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    tables, places = dict(tables_as_text), []
    for change in (forget_the_old, exceed, change_sites) if of_sites else ():
        tables, found = change(tables)
        places += found
    tables, found = _plant_cells(tables, rng)
    places += found
    added = (*PATIENT_FAULTS, *CROWDS) if of_sites else PATIENT_FAULTS
    tables, found = add_patients(tables, added, rng)
    places += found
    if of_sites:
        places += tipped_sites(tables_as_text, tables, places)
    return tables, list_places(places)


def _plant_cells(clean: Texts, rng: np.random.Generator) -> tuple[Texts, list[Place]]:
    """Plant the faults of cells and rows into patients of the registry."""
    tables, places = dict(clean), []
    owners = _owners(clean)
    passive = _sites_without_cutoff(clean["sites"])
    late = _day_after_last_cutoff(clean["sites"])
    complicated = set(owners["complications"])
    used: set[str] = set()
    for fault in CELL_FAULTS:
        shunned = used | (complicated if _takes_devices(fault) else set())
        candidates = _candidates(clean[fault.table], owners[fault.table], fault, used=shunned)
        if fault.value == AFTER_CUTOFF and late is None:
            continue
        if fault.value == AFTER_CUTOFF and passive:
            candidates = candidates.filter(
                ~pl.col("owner").str.contains_any([f"{site}-P" for site in passive])
            )
        if candidates.is_empty():
            continue
        row, owner = candidates.row(int(rng.integers(len(candidates))))
        used.add(owner)
        value = late if fault.value == AFTER_CUTOFF else fault.value
        tables[fault.table], at = _break_row(tables[fault.table], row, fault, value)
        places.append(Place(fault.rule_id, fault.level, "planted", fault.table, fault.column, row=at))
        if fault.level == "ROW" and fault.copied is None:
            places += fallen_children(clean, fault.table, row)
    return tables, places


def write_faults(faults: pl.DataFrame, out: Path) -> pl.DataFrame:
    """Write the broken files into folders of their own and the list of all faults to ``faults.csv``.

    Parameters
    ----------
    faults
        List of the faults in the tables, from `plant_faults`.
    out
        Existing folder of the registry.

    Returns
    -------
    polars.DataFrame
        The list with the faults of files, in the columns of `FAULT_SCHEMA`; rules for which the registry had
        no room have the cause ``not_planted``.
    """
    listed = pl.concat([faults, list_places(write_file_faults(out))])
    listed = pl.concat([listed, _left_out(listed)])
    listed.write_csv(out / "faults.csv", line_terminator="\n")
    return listed


def _left_out(listed: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each rule of the catalogue that was not planted."""
    planted = set(listed.filter(cause="planted")["rule_id"])
    rows = [(rule.id, rule.level, "not_planted") for rule in RULES.values() if rule.id not in planted]
    frame = pl.DataFrame(rows, schema=["rule_id", "level", "cause"], orient="row")
    nothing = [pl.lit(None, dtype).alias(name) for name, dtype in FAULT_SCHEMA.items()]
    return frame.cast(pl.String).select(*frame.columns, *nothing[len(frame.columns) :])


def _takes_devices(fault: CellFault) -> bool:
    """Tell whether a fault costs rows of devices, which a complication may be attributed to."""
    return fault.level == "ROW" and fault.table in {"lesions", "device_uses"}


def _owners(tables: dict[str, pl.DataFrame]) -> dict[str, pl.Series]:
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


def _sites_without_cutoff(sites: pl.DataFrame) -> list[str]:
    """Return the sites that vouch for no end of follow-up."""
    return sites.filter(pl.col("data_cutoff_date").is_null())["site_id"].to_list()


def _day_after_last_cutoff(sites: pl.DataFrame) -> str | None:
    """Return the day after the latest cut-off; None where no site has one."""
    last = sites["data_cutoff_date"].drop_nulls().max()
    return None if last is None else (date.fromisoformat(str(last)) + timedelta(days=1)).isoformat()
