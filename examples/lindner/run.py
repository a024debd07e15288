"""Check the Lindner file and say what it holds: ``python examples/lindner/run.py PATH/TO/lindner.csv``."""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path

from analytics.intake.findings import render_findings_text
from analytics.intake.mapping import SECRET_VARIABLE
from analytics.intake.submission import PreparedSubmission, prepare_submission

MAPPING = Path(__file__).with_name("lindner.toml")
# The numbers in this public file identify nobody, so a known secret does no harm. A registry sets its own.
EXAMPLE_SECRET = "lindner-example"  # noqa: S105


def check(path: Path) -> PreparedSubmission:
    """Read, map, validate and gate a copy of the file."""
    secret = os.environ.get(SECRET_VARIABLE, EXAMPLE_SECRET).encode()
    return prepare_submission([path], mapping=MAPPING, secret=secret, load_date=date(2026, 1, 1))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: python {sys.argv[0]} PATH/TO/lindner.csv")
    prepared = check(Path(sys.argv[1]))
    print(render_findings_text(prepared.report, prepared.gate))
