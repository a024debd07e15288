"""Time a step in wall and CPU seconds, with the memory it left behind."""

from __future__ import annotations

import resource
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print wall seconds, CPU seconds and the peak resident memory so far (MB)."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds, spent = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{name:<34}{seconds:>8.2f} s{spent:>8.2f} CPU-s{peak:>8.0f} MB")


def best(function: Callable[[], object], repeats: int = 3) -> float:
    """Return the shortest wall time of a call, in seconds."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)
