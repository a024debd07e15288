"""Survival estimates at registry size beside their peers: one file, one process, one after the other."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.survival_data import SMALL, write_outcomes
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
    ("cluster", "lifelines"): 10_000,
}
NEEDS = {"scikit-survival": "sksurv", "lifelines": "lifelines", "survival (Rust)": "survival"}
GOALS = {
    ("curves", "scikit-survival"): 20,
    ("curves", "lifelines"): 40,
    ("curves", "survival (Rust)"): 1,
    ("cox", "lifelines"): 5,
    ("stratified", "lifelines"): 25,
    ("cluster", "lifelines"): 200,
}


def run(rows: int | None) -> None:
    """Print seconds, memory above the interpreter, and ratios to the peers with their goals."""
    n = rows or ROWS
    with tempfile.TemporaryDirectory() as folder:
        write_outcomes(Path(folder), n)
        (Path(folder) / SMALL).mkdir()
        write_outcomes(Path(folder) / SMALL, 2_000)
        for task in dict.fromkeys(name for name, _ in TASKS):
            ours = _measure(folder, task, "calcpci")
            print(f"{task}: {n:,} rows")
            _row("calcpci", ours, "")
            for way, peer in TASKS:
                if way == task and peer != "calcpci":
                    _beside(folder, (task, peer), n, ours)


def _beside(folder: str, key: tuple[str, str], n: int, ours: tuple[float, float]) -> None:
    """Measure one peer or one other way of ours, and print the ratio."""
    peer = key[1]
    if peer in NEEDS and importlib.util.find_spec(NEEDS[peer]) is None:
        print(f"  {peer:<22} not installed")
        return
    if n > LIMITS.get(key, n):
        print(f"  {peer:<22} not run above {LIMITS[key]:,} rows")
        return
    theirs = _measure(folder, *key)
    goal = f" (goal {GOALS[key]})" if key in GOALS else ""
    _row(peer, theirs, f"{theirs[0] / ours[0]:>7.1f} times ours{goal}")


def _row(name: str, cost: tuple[float, float], note: str) -> None:
    """Print one line."""
    print(f"  {name:<22}{cost[0]:>9.3f} s{cost[1]:>8.0f} MB  {note}".rstrip())


def _measure(folder: str, task: str, way: str) -> tuple[float, float]:
    """Run one task in a process of its own: seconds without imports, and memory above them."""
    words: Sequence[str] = (sys.executable, "-m", "benchmarks.survival_tasks", folder, task, way)
    answer = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603 - our own module
    seconds, memory = answer.stdout.split()
    return float(seconds), float(memory)
