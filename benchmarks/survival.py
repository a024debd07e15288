"""Survival estimates at registry size beside their peers: one file, one process, one after the other."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.survival_data import SMALL, write_outcomes
from benchmarks.survival_r import PROGRAMS, find_r, measure_r
from benchmarks.survival_tasks import TASKS

if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS = 100_000
# Peers whose cost grows faster than the rows are left out above so many.
LIMITS = {
    ("curves", "scikit-survival"): 1_000_000,
    ("curves", "lifelines"): 1_000_000,
    ("curves", "survival (Rust)"): 1_000_000,
    ("cox", "lifelines"): 1_000_000,
    ("stratified", "lifelines"): 300_000,
    ("stratified", "R survival"): 1_000_000,
    ("cluster", "lifelines"): 30_000,
    ("cluster", "R survival"): 30_000,
    ("fine-gray", "R cmprsk"): 10_000,
}
NEEDS = {
    "scikit-survival": "sksurv",
    "lifelines": "lifelines",
    "survival (Rust)": "survival",
    "comprisk": "comprisk",
}
GOALS = {
    ("curves", "scikit-survival"): 20,
    ("curves", "lifelines"): 40,
    ("curves", "survival (Rust)"): 1,
    ("cox", "lifelines"): 5,
    ("cox, 8 covariates", "survival (Rust)"): 1,
    ("stratified", "lifelines"): 25,
    ("stratified", "R survival"): 4,
    ("cluster", "lifelines"): 200,
    ("cluster", "R survival"): 80,
    ("cluster, 8 covariates", "survival (Rust)"): 1,
    ("fine-gray", "R cmprsk"): 200,
    ("fine-gray, 8 covariates", "comprisk"): 1,
}


class Cost(NamedTuple):
    """CPU seconds, seconds, and megabytes above the interpreter (0 where they are not known)."""

    spent: float
    wall: float
    memory: float


def run(rows: int | None) -> None:
    """Print CPU seconds, seconds, memory above the interpreter, and ratios to the peers with their goals."""
    n = rows or ROWS
    with tempfile.TemporaryDirectory() as folder:
        write_outcomes(Path(folder), n)
        (Path(folder) / SMALL).mkdir()
        write_outcomes(Path(folder) / SMALL, 2_000)
        for task in dict.fromkeys(name for name, _ in TASKS):
            ours = _measure(folder, (task, "calcpci"))
            print(f"{task}: {n:,} rows")
            _row("calcpci", ours, "")
            for way, peer in (*TASKS, *PROGRAMS):
                if way == task and peer != "calcpci":
                    _beside(folder, (task, peer), n, ours)


def _beside(folder: str, key: tuple[str, str], n: int, ours: Cost) -> None:
    """Measure one peer or one other way of ours, and print the ratios of CPU seconds and of seconds."""
    peer = key[1]
    if n > LIMITS.get(key, n):
        print(f"  {peer:<22} not run above {LIMITS[key]:,} rows")
        return
    if not _is_installed(key):
        print(f"  {peer:<22} not installed")
        return
    theirs = _measure(folder, key)
    goal = f" (goal {GOALS[key]})" if key in GOALS else ""
    ratios = f"{theirs.spent / ours.spent:>7.1f} times ours in CPU, {theirs.wall / ours.wall:.1f} in time"
    _row(peer, theirs, ratios + goal)


def _is_installed(key: tuple[str, str]) -> bool:
    """Tell whether a peer can be run here."""
    if key in PROGRAMS:
        return find_r(key[1].split()[-1]) is not None
    return key[1] not in NEEDS or importlib.util.find_spec(NEEDS[key[1]]) is not None


def _row(name: str, cost: Cost, note: str) -> None:
    """Print one line."""
    memory = f"{cost.memory:>8.0f} MB" if cost.memory else f"{'-':>11}"
    print(f"  {name:<22}{cost.spent:>9.3f} CPU s{cost.wall:>9.3f} s{memory}  {note}".rstrip(), flush=True)


def _measure(folder: str, key: tuple[str, str]) -> Cost:
    """Run one task in a process of its own: seconds without imports, and memory above them."""
    program = find_r(key[1].split()[-1]) if key in PROGRAMS else None
    if program is not None:
        return Cost(*measure_r(Path(folder), key, program), 0.0)
    words: Sequence[str] = (sys.executable, "-m", "benchmarks.survival_tasks", folder, *key)
    answer = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603 - our own module
    return Cost(*(float(word) for word in answer.stdout.split()))
