"""One estimate of ours or of a peer, timed in its own process: FOLDER TASK WAY."""

from __future__ import annotations

import importlib
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.curve_tasks import CURVE_TASKS
from benchmarks.model_tasks import MODEL_TASKS
from benchmarks.survival_data import SMALL

if TYPE_CHECKING:
    from collections.abc import Callable

MODULES = {
    "lifelines": ("lifelines",),
    "scikit-survival": ("sksurv.nonparametric",),
    "survival (Rust)": ("survival",),
    "comprisk": ("comprisk",),
}


TASKS: dict[tuple[str, str], Callable[[Path], None]] = {**CURVE_TASKS, **MODEL_TASKS}


def _peak() -> float:
    """Give the largest resident memory so far, in MB; 0 where the system does not tell."""
    # The resource module would count what the parent held before this process began.
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    words = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(words["VmHWM"].split()[0]) / 1024


def main(folder: str, task: str, way: str) -> None:
    """Run one estimate and print its CPU seconds, seconds, and the memory above the interpreter's."""
    for name in MODULES.get(way, ()):
        importlib.import_module(name)
    warnings.simplefilter("ignore")
    before = _peak()
    if task == "curves":
        # Some milliseconds are at stake: what each library does once in a process is left out for all.
        TASKS[task, way](Path(folder) / SMALL)
    began, spent = time.perf_counter(), time.process_time()
    TASKS[task, way](Path(folder))
    print(time.process_time() - spent, time.perf_counter() - began, _peak() - before)


if __name__ == "__main__":
    main(*sys.argv[1:4])
