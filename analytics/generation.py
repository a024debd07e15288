"""`calcpci generate`: a synthetic registry as files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.errors import InputFileError
from synthetic.corruption import plant_faults, write_faults
from synthetic.registry import generate_registry
from synthetic.scenario import load_scenario
from synthetic.writer import tables_as_text, write_registry, write_text_tables

if TYPE_CHECKING:
    from pathlib import Path

TRUTH_SAMPLE = 50_000
"""Patients from which the true risks under each device are computed; their error is told beside them."""


def generate_files(
    out: Path, *, scenario: str, procedures: int, seed: int, faults: bool = False
) -> dict[str, Any]:
    """Write a synthetic registry into ``out`` and return what was written.

    Parameters
    ----------
    out
        Folder; made if absent. Files of the same names are replaced.
    scenario
        Name of a bundled scenario.
    procedures
        How many procedures.
    seed
        Seed of every random stream.
    faults
        Plant faults, and write ``faults.csv`` that says where.

    Returns
    -------
    dict
        ``out``, ``scenario``, ``seed``, ``rows`` by table and ``n_faults``.

    Raises
    ------
    InputFileError
        If ``out`` is a file.
    """
    if out.is_file():
        raise InputFileError(where=str(out), what="is a file", fix="Name a folder.")
    registry = generate_registry(
        load_scenario(scenario), procedures=procedures, seed=seed, truth_sample=TRUTH_SAMPLE
    )
    write_registry(registry, out)
    n_faults = 0
    if faults:
        texts, planted = plant_faults(tables_as_text(registry), seed)
        write_text_tables(texts, out)
        write_faults(planted, out)
        n_faults = planted.height
    rows = {name: frame.height for name, frame in registry.tables.items()}
    return {"out": str(out), "scenario": scenario, "seed": seed, "rows": rows, "n_faults": n_faults}
