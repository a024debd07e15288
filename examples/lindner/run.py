"""A hospital's own file, start to end: ``python examples/lindner/run.py PATH/TO/lindner.csv [FOLDER]``.

Checks the file, loads it into a store in FOLDER (a temporary one if not given), and estimates six-month
mortality by stent and by diabetes.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from analytics import pipeline
from analytics.analyses import Answer, render_answer, run_on_store
from analytics.estimation.specification import read_specification
from analytics.intake.mapping import SECRET_VARIABLE

HERE = Path(__file__).parent
# The numbers in this public file identify nobody, so a known secret does no harm. A registry sets its own.
EXAMPLE_SECRET = "lindner-example"  # noqa: S105
ANALYSES = ("mortality_by_stent", "mortality_by_diabetes")


def run(path: Path, folder: Path) -> tuple[Answer, ...]:
    """Load a copy of the file into a store and answer the questions."""
    secret = os.environ.get(SECRET_VARIABLE, EXAMPLE_SECRET).encode()
    db = folder / "lindner.duckdb"
    prepared = pipeline.prepare_for_store((path,), db=db, mapping=str(HERE / "lindner.toml"), secret=secret)
    print(pipeline.render_submission(prepared))
    print(pipeline.render_load(pipeline.load(prepared, db=db)))
    return tuple(run_on_store(read_specification(HERE / f"{name}.toml"), db) for name in ANALYSES)


if __name__ == "__main__":
    if len(sys.argv) not in {2, 3}:
        sys.exit(f"usage: python {sys.argv[0]} PATH/TO/lindner.csv [FOLDER]")
    with tempfile.TemporaryDirectory() as temporary:
        for answer in run(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) == 3 else temporary)):
            print("\n" + render_answer(answer))
