"""Synthetic registries of growing size: processor time and memory, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile

SIZES = (100_000, 1_000_000)
_TASK = """
import resource, sys
from pathlib import Path
from analytics.generation import generate_files
generate_files(Path(sys.argv[1]), scenario="national", procedures=int(sys.argv[2]), seed=1, kind=sys.argv[3])
used = resource.getrusage(resource.RUSAGE_SELF)
print(f"{used.ru_utime + used.ru_stime:.1f} CPU s, {used.ru_maxrss / 1024:,.0f} MB")
"""


def run(rows: int | None) -> None:
    """Print what it costs to draw and write all nine tables of the national scenario."""
    for procedures in (rows,) if rows else SIZES:
        for kind in ("csv", "parquet"):
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "-c", _TASK, folder, str(procedures), kind]
                answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ourselves
            print(f"{procedures:>12,} procedures, {kind}: {answer.stdout.strip()}")
