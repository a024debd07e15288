"""The whole main job on bundled synthetic data, step by step, for a newcomer to watch."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from analytics import pipeline, reporting
from analytics.generation import generate_files
from analytics.store.publishing import find_current_snapshot, snapshot_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DEMO_PROCEDURES = 5000
DEMO_SEED = 2026
NOTICE = "Synthetic data: nobody's patients. Made to show the program, not to be believed."
FAULTY_PROCEDURES = 150
FAULTY_SEED = 7


def run_demo(out: Path, *, say: Callable[[str], object]) -> Path:
    """Generate, validate, load, analyse and report; return the path of the store.

    Parameters
    ----------
    out
        Folder for all that is made: ``registry/``, ``returned/``, the store, its snapshots, the report.
    say
        Called with one line per step.
    """
    registry, db = out / "registry", out / "registry.duckdb"
    with _step("1/5 generate a synthetic registry (nobody's data)", say):
        written = generate_files(registry, scenario="default", procedures=DEMO_PROCEDURES, seed=DEMO_SEED)
    rows = written["rows"]
    say(f"      {rows['procedures']:,} procedures of {rows['patients']:,} patients -> {registry}")
    with _step("2/5 validate: what a hospital's faulty file gets back", say):
        _return_faulty_file(out / "returned", say)
    with _step("3/5 load the good files in one transaction and publish a snapshot", say):
        prepared = pipeline.prepare_for_store((registry,), db=db)
        outcome = pipeline.load(prepared, db=db, notice=NOTICE)
    say(f"      {pipeline.render_load(outcome)}")
    with _step("4/5 analyse and write the report", say):
        paths = reporting.write_report(db, out / "report")
    say(f"      {paths[0]}")
    say(f"5/5 dashboard on snapshot {find_current_snapshot(snapshot_folder(db)).name}")
    return db


def _return_faulty_file(folder: Path, say: Callable[[str], object]) -> None:
    """Generate a small registry with planted faults and write the findings that its hospital would get."""
    sent = folder / "sent"
    written = generate_files(
        sent, scenario="default", procedures=FAULTY_PROCEDURES, seed=FAULTY_SEED, faults=True
    )
    prepared = pipeline.prepare((sent,))
    path = pipeline.write_findings(prepared, folder)
    say(f"      {written['n_faults']} faults planted; gate {prepared.gate.colour}; findings -> {path}")


@contextmanager
def _step(title: str, say: Callable[[str], object]) -> Iterator[None]:
    """Say what begins, and how long it took."""
    say(title)
    began = time.perf_counter()
    yield
    say(f"      done in {time.perf_counter() - began:.1f} s")
