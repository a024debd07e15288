"""Faults planted into the text of a clean registry, one patient each, with a list of where they are.

Faults name rules of the quality catalogue. Each takes a patient of its own, so that a rejected row never
hides another fault among its children. A fault for which a small registry has no row left is not planted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from pathlib import Path

_STRANGER = "ZZ-P9999999"
_AFTER_CUTOFF = "<after cut-off>"
_HEADER_LINES = 2  # the header itself, and lines count from 1

FAULT_SCHEMA: dict[str, type[pl.DataType]] = {
    "rule_id": pl.String,
    "level": pl.String,
    "table": pl.String,
    "column": pl.String,
    "row": pl.Int64,
    "line": pl.Int64,
}
"""Columns of the list of faults: 0-based row of the table and 1-based line of the written file."""


@dataclass(frozen=True)
class Fault:
    """One fault: a cell overwritten, or a row sent twice.

    Parameters
    ----------
    rule_id, level
        Rule that the fault breaks, and what the rule does.
    table, column
        Where the finding is expected.
    value
        New content of the cell; None empties it. Of no meaning where a row is copied.
    where
        Column and prefix that a row must have; none for any row whose cell is filled.
    copied
        Append a copy of the row instead, with these columns changed; the fault then lies in the copy.
    """

    rule_id: str
    level: str
    table: str
    column: str
    value: str | None = None
    where: tuple[str, str] | None = None
    copied: dict[str, str] | None = field(default=None)


FAULTS = (
    Fault("C01", "NULL", "sites", "on_site_surgery", "perhaps"),
    Fault("C01", "NULL", "patients", "research_use_allowed", "perhaps"),
    Fault("C02", "ROW", "patients", "sex", "W"),
    Fault("C05", "ROW", "patients", "sex"),
    Fault("K01", "ROW", "patients", "patient_id", copied={}),
    Fault("C01", "NULL", "procedures", "lvef_pct", "good"),
    Fault("C03", "NULL", "procedures", "lvef_pct", "155"),
    Fault("C04", "WARN", "procedures", "bmi_kg_m2", "52.5"),
    Fault("C02", "ROW", "procedures", "presentation", "chest pain"),
    Fault("C05", "ROW", "procedures", "age_years"),
    Fault("K02", "ROW", "procedures", "patient_id", _STRANGER),
    Fault("T02", "NULL", "procedures", "discharge_date", "2006-01-02", where=("discharge_status", "alive")),
    Fault("C01", "NULL", "lesions", "lesion_length_mm", "long"),
    Fault("C02", "ROW", "lesions", "calcification_angio", "heavy"),
    Fault("C03", "NULL", "lesions", "reference_diameter_mm", "30"),
    Fault("K01", "ROW", "lesions", "lesion_id", copied={}),
    Fault("K02", "ROW", "lesions", "procedure_id", f"{_STRANGER}-1"),
    Fault("C02", "ROW", "imaging", "modality", "mri"),
    Fault("C03", "NULL", "imaging", "calcium_arc_deg", "400"),
    Fault("K02", "ROW", "imaging", "lesion_id", f"{_STRANGER}-1-L1"),
    Fault("C01", "NULL", "device_uses", "max_pressure_atm", "high"),
    Fault("C02", "ROW", "device_uses", "device_class", "drill"),
    Fault("C03", "NULL", "device_uses", "diameter_mm", "9.5", where=("device_class", "stent")),
    Fault("K02", "ROW", "device_uses", "lesion_id", f"{_STRANGER}-1-L1"),
    Fault("C02", "NULL", "complications", "timing", "later"),
    Fault("C02", "ROW", "complications", "complication_type", "bad luck"),
    Fault("K02", "ROW", "complications", "procedure_id", f"{_STRANGER}-1"),
    Fault("X31", "NULL", "complications", "grade", "Z", where=("complication_type", "dissection")),
    Fault("C01", "ROW", "follow_up", "contact_date", "soon"),
    Fault("C05", "ROW", "follow_up", "vital_status"),
    Fault("K01", "ROW", "follow_up", "contact_id", copied={}),
    Fault("K02", "ROW", "follow_up", "patient_id", _STRANGER),
    Fault("C02", "ROW", "events", "event_type", "collapse", where=("event_type", "mi")),
    Fault("K02", "ROW", "events", "patient_id", _STRANGER, where=("event_type", "mi")),
    Fault("T04", "ROW", "events", "event_date", "2006-01-02", where=("event_type", "mi")),
    Fault("T05", "ROW", "events", "event_date", _AFTER_CUTOFF, where=("event_type", "mi")),
)
"""Every fault that is planted, parents before children."""


def plant_faults(
    tables_as_text: dict[str, pl.DataFrame], seed: int
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Plant each fault of `FAULTS` once.

    Parameters
    ----------
    tables_as_text
        Clean canonical tables as text, from `synthetic.writer.tables_as_text`.
    seed
        Non-negative integer that decides which rows are hit.

    Returns
    -------
    tuple
        The tables with faults, and the list of faults in the columns of `FAULT_SCHEMA`.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    tables = dict(tables_as_text)
    owners = _owners(tables_as_text)
    passive = _sites_without_cutoff(tables_as_text["sites"])
    late = _day_after_last_cutoff(tables_as_text["sites"])
    used: set[str] = set()
    planted = []
    for fault in FAULTS:
        candidates = _candidates(tables_as_text[fault.table], owners[fault.table], fault, used=used)
        if fault.value == _AFTER_CUTOFF:
            candidates = candidates.filter(
                ~pl.col("owner").str.contains_any([f"{site}-" for site in passive])
            )
        if candidates.is_empty():
            continue
        row, owner = candidates.row(int(rng.integers(len(candidates))))
        used.add(owner)
        value = late if fault.value == _AFTER_CUTOFF else fault.value
        tables[fault.table], at = _break_row(tables[fault.table], row, fault, value)
        planted.append((fault.rule_id, fault.level, fault.table, fault.column, at, at + _HEADER_LINES))
    return tables, pl.DataFrame(planted, schema=FAULT_SCHEMA, orient="row")


def write_faults(faults: pl.DataFrame, out: Path) -> None:
    """Write the list of faults to ``faults.csv`` in an existing folder."""
    faults.write_csv(out / "faults.csv", line_terminator="\n")


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


def _candidates(table: pl.DataFrame, owner: pl.Series, fault: Fault, *, used: set[str]) -> pl.DataFrame:
    """Return row and owner of the rows that the fault may hit."""
    fits = pl.col(fault.column).is_not_null()
    if fault.where is not None:
        fits &= pl.col(fault.where[0]).str.starts_with(fault.where[1]).fill_null(value=False)
    return (
        table.with_columns(owner.alias("owner"))
        .with_row_index("place")
        .filter(fits & ~pl.col("owner").is_in(sorted(used)))
        .select(pl.col("place").cast(pl.Int64), "owner")
    )


def _break_row(table: pl.DataFrame, row: int, fault: Fault, value: str | None) -> tuple[pl.DataFrame, int]:
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


def _day_after_last_cutoff(sites: pl.DataFrame) -> str:
    """Return the day after the latest cut-off."""
    last = sites["data_cutoff_date"].drop_nulls().max()
    return (date.fromisoformat(str(last)) + timedelta(days=1)).isoformat()
