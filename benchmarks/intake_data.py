"""The file that intake is measured on: synthetic procedures, repeated, a bad cell in every 50th row."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from synthetic.registry import generate_registry
from synthetic.scenario import load_scenario
from synthetic.writer import tables_as_text

BASE = 20_000
BAD_EVERY = 50
LEFT_OUT = (
    "procedure_day",
    "discharge_day",
    "calcium_mmol_l",
    "phosphate_mmol_l",
    "hs_crp_mg_l",
    "radiation_air_kerma_mgy",
    "troponin_pre_xuln",
    "ckmb_post_xuln",
    "hemoglobin_nadir_g_l",
    "creatinine_peak_umol_l",
)
# Not a number, another decimal sign, no such day, no such code, half a year, out of range, below zero.
BAD_CELLS = (
    ("lvef_pct", "55%"),
    ("bmi_kg_m2", "27,5"),
    ("procedure_date", "31/02/2024"),
    ("presentation", "chest pain"),
    ("age_years", "54.5"),
    ("contrast_ml", "99999"),
    ("creatinine_umol_l", "-5"),
    ("access_site", "arm"),
)
_KEYS = ("procedure_id", "patient_id")


def write_submission(folder: Path, rows: int) -> None:
    """Write sites, patients and so many procedures (40 columns) as canonical CSV files into a folder."""
    registry = generate_registry(load_scenario("default"), procedures=min(rows, BASE), seed=1)
    texts = tables_as_text(registry)
    copies = -(-rows // BASE)
    procedures = _repeated(texts["procedures"], copies).head(rows).drop(LEFT_OUT)
    patients = _repeated(texts["patients"], copies)
    patients = patients.join(procedures.select("patient_id").unique(), on="patient_id", how="semi")
    folder.mkdir(parents=True, exist_ok=True)
    texts["sites"].write_csv(folder / "sites.csv")
    patients.write_csv(folder / "patients.csv")
    _with_bad_cells(procedures).write_csv(folder / "procedures.csv")


def _repeated(frame: pl.DataFrame, copies: int) -> pl.DataFrame:
    """Put a table under itself, each copy with keys of its own."""
    keys = [name for name in _KEYS if name in frame.columns]
    return pl.concat(
        [frame.with_columns(pl.col(keys) + f"-{copy}") if copy else frame for copy in range(copies)]
    )


def _with_bad_cells(procedures: pl.DataFrame) -> pl.DataFrame:
    """Spoil one cell in every 50th row, each kind of fault in turn."""
    number = pl.int_range(pl.len())
    turn = (number // BAD_EVERY) % len(BAD_CELLS)
    is_bad = number % BAD_EVERY == BAD_EVERY - 1
    return procedures.with_columns(
        pl.when(is_bad & (turn == place)).then(pl.lit(text)).otherwise(pl.col(column)).alias(column)
        for place, (column, text) in enumerate(BAD_CELLS)
    )


if __name__ == "__main__":
    write_submission(Path(sys.argv[1]), int(sys.argv[2]))
