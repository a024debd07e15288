"""Faults planted into the text of a clean registry, one patient each, with a list of where they are.

Faults name rules of the quality catalogue. Each takes a patient of its own, so that a rejected row never
hides another fault among its children; faults of whole sites take one each, or share one where neither hides
the other. What a fault brings with it is listed too. A fault for which a small registry has no row or no site
left is not planted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from schemas.rules.catalogue import RULES
from synthetic.faults import clinical, records
from synthetic.faults.added_patients import add_patients
from synthetic.faults.cell_planting import plant_cells
from synthetic.faults.files import write_file_faults
from synthetic.faults.places import FAULT_SCHEMA, TOO_SMALL, Place, list_places
from synthetic.faults.site_rows import exceed, forget_the_old
from synthetic.faults.sites import CROWDS, change_sites
from synthetic.faults.tipped import tipped_rules

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FAULT_SCHEMA", "plant_faults", "write_faults"]

Texts = dict[str, pl.DataFrame]

PATIENT_FAULTS = (*clinical.FAULTS, *records.FAULTS)
"""Faults of patients who are added to the registry."""


def plant_faults(tables_as_text: Texts, seed: int) -> tuple[Texts, pl.DataFrame]:
    """Plant each fault that lies in the tables.

    Parameters
    ----------
    tables_as_text
        Clean canonical tables of a whole registry as text, from `synthetic.writer.tables_as_text`.
    seed
        Non-negative integer that decides which rows are hit.

    Returns
    -------
    tuple
        The tables with faults, and the list of faults in the columns of `FAULT_SCHEMA`.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    tables, places = dict(tables_as_text), []
    for change in (forget_the_old, exceed, change_sites):
        tables, found = change(tables)
        places += found
    tables, found = plant_cells(tables, rng)
    places += found
    tables, found = add_patients(tables, (*PATIENT_FAULTS, *CROWDS), rng)
    places += found
    places += tipped_rules(tables_as_text, tables, places)
    return tables, list_places(places)


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
    """Return a row for each rule of the catalogue that the list does not name as planted or not."""
    named = set(listed.filter(pl.col("cause") != "consequence")["rule_id"])
    places = [
        Place(rule.id, rule.level, "not_planted", None, None, reason=TOO_SMALL)
        for rule in RULES.values()
        if rule.id not in named
    ]
    return list_places(places)
