"""A large file through intake, beside plain reads of the same file and beside other validators."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS = 1_000_000
SMALL = 2_000
FLOORS = {"polars": "polars, all text", "duckdb": "DuckDB, all text"}
PEERS = ("pandera", "pointblank", "dataframely")
_GATE_IS_RED = 3
# A process counts what its parent held when it was born: a small one stands between.
_LAUNCHER = """
import os, subprocess, sys, time
began = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
wall = time.perf_counter() - began
process.returncode = os.waitstatus_to_exitcode(status)
print(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss, process.returncode)
"""


class Cost(NamedTuple):
    """CPU seconds of a process, seconds from its start to its end, and its peak resident memory in MB."""

    spent: float
    wall: float
    memory: float


def run(rows: int | None) -> None:
    """Print what intake costs, with its goals, and what reading alone and other validators cost."""
    n = rows or ROWS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size, records in (("large", n), ("small", SMALL)):
            words = ("-m", "benchmarks.intake_data", str(folder / size), str(records))
            subprocess.run((sys.executable, *words), check=True)  # noqa: S603 - our own module
        print(f"{n:,} procedures of 40 columns, a bad cell in every 50th row, their patients and sites")
        checked = measure(_calcpci("validate", folder / "large"))
        _row("validate", checked, f"{_ratio(checked.spent, 7)} CPU-s, {_ratio(checked.memory, 1_100)} MB")
        loaded = measure(_calcpci("load", folder / "large", "--db", folder / "registry.duckdb"))
        _row("load and publish", loaded, f"{_ratio(loaded.spent, 15)} CPU-s")
        small = measure(_calcpci("validate", folder / "small"))
        _row(f"validate {SMALL:,} rows", small, f"{_ratio(small.wall, 2)} s from a cold start")
        for task, label in FLOORS.items():
            _beside(folder / "large", (task, label), checked)
        for task in PEERS:
            _beside(folder / "large", (task, task), checked)


def _calcpci(*words: object) -> list[str]:
    """Return the command line of one command of ours."""
    return [sys.executable, "-m", "analytics.cli", *map(str, words)]


def _beside(folder: Path, task: tuple[str, str], checked: Cost) -> None:
    """Measure a floor or a peer, and print how many times as much our validation costs."""
    name, label = task
    if importlib.util.find_spec(name) is None:
        print(f"  {label:<24} not installed")
        return
    cost = measure([sys.executable, "-m", "benchmarks.intake_tasks", str(folder), name])
    _row(label, cost, f"validate costs {checked.spent / cost.spent:.1f} times the CPU")


def _ratio(value: float, goal: float) -> str:
    """Say how a measure stands to its goal."""
    return f"goal {goal:,}: {'met' if value <= goal else f'{value / goal:.1f} times that'}"


def _row(name: str, cost: Cost, note: str) -> None:
    """Print one line."""
    line = f"  {name:<24}{cost.spent:>8.2f} CPU-s{cost.wall:>8.2f} s{cost.memory:>8.0f} MB  {note}"
    print(line, flush=True)


def measure(words: Sequence[str]) -> Cost:
    """Run a program to its end; imports and the start of the interpreter count."""
    answer = subprocess.run(  # noqa: S603 - our own modules
        (sys.executable, "-I", "-S", "-c", _LAUNCHER, *words), check=True, capture_output=True, text=True
    )
    spent, wall, memory, code = (float(word) for word in answer.stdout.split())
    if code not in {0, _GATE_IS_RED}:
        raise subprocess.CalledProcessError(int(code), list(words))
    return Cost(spent, wall, memory / 1024)
