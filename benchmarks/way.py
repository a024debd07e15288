"""The whole way of the data: generate, validate, load, publish, report."""

from __future__ import annotations

import tempfile
from pathlib import Path

from analytics import pipeline, reporting
from analytics.generation import generate_files
from benchmarks.timing import step

PROCEDURES = 5_000


def run(rows: int | None) -> None:
    """Print each step of the way for a synthetic registry."""
    with tempfile.TemporaryDirectory() as folder:
        registry, db = Path(folder) / "registry", Path(folder) / "registry.duckdb"
        with step(f"generate {rows or PROCEDURES:,} procedures"):
            generate_files(registry, scenario="default", procedures=rows or PROCEDURES, seed=1)
        with step("validate nine tables"):
            prepared = pipeline.prepare_for_store((registry,), db=db)
        with step("load, derive, publish"):
            pipeline.load(prepared, db=db)
        with step("the same file again"):
            pipeline.load(pipeline.prepare_for_store((registry,), db=db), db=db)
        with step("publish another snapshot"):
            pipeline.publish(db)
        with step("report of the bundled plan"):
            reporting.write_report(db, Path(folder) / "report")
