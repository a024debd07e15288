"""What made a snapshot or a report: program, methods and libraries."""

from __future__ import annotations

import datetime as dt
import platform
from importlib.metadata import version

from analytics.report.methods import METHODS_VERSION

_LIBRARIES = ("calcpci", "polars", "duckdb", "pandera", "lifelines", "numpy", "scipy")


def describe_versions() -> dict[str, str]:
    """Return what made a snapshot: versions of program, methods and libraries, and the day."""
    made = {f"version_{name}": version(name) for name in _LIBRARIES}
    day = dt.datetime.now(tz=dt.UTC).date().isoformat()
    return {"published": day, "methods": METHODS_VERSION, "python": platform.python_version(), **made}
