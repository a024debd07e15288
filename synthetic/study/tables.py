"""The study's results as files: two CSVs and a page per scenario, and one page that sums them up."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.export import render_png
from synthetic.study.figures import device_figure
from synthetic.study.pages import FIGURE, scenario_page, summary_page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from synthetic.study.running import Study
    from synthetic.study.summary import Performance, RejectionRate

ESTIMATES, TESTS = "estimates", "tests"
"""Folders of the CSV files."""


def write_study(found: Study, out: Path, *, scenario: str, procedures: int) -> tuple[Path, ...]:
    """Write how every analysis did in one scenario, and return the files."""
    written = [_write(found.estimators, out / ESTIMATES, scenario=scenario, procedures=procedures)]
    if found.tests:
        written.append(_write(found.tests, out / TESTS, scenario=scenario, procedures=procedures))
    return tuple(written)


def _write(
    found: Mapping[str, Performance] | Mapping[str, RejectionRate],
    out: Path,
    *,
    scenario: str,
    procedures: int,
) -> Path:
    """Write one table."""
    out.mkdir(parents=True, exist_ok=True)
    rows = [
        {"scenario": scenario, "procedures": procedures, "analysis": name, **asdict(performance)}
        for name, performance in found.items()
    ]
    path = out / f"{scenario}.csv"
    pl.DataFrame(rows, infer_schema_length=None).write_csv(path, float_precision=8, line_terminator="\n")
    return path


def write_pages(out: Path) -> Path:
    """Write a page per scenario from the tables in a folder, and the summary, which is returned."""
    estimates, tests = read_tables(out / ESTIMATES), read_tables(out / TESTS)
    for name, table in estimates.items():
        _write_page(out / f"{name}.md", scenario_page(name, table, tests.get(name)))
    (out / FIGURE).write_bytes(render_png(device_figure(estimates)))
    return _write_page(out / "README.md", summary_page(estimates, tests))


def _write_page(path: Path, text: str) -> Path:
    """Write a page."""
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def read_tables(folder: Path) -> dict[str, pl.DataFrame]:
    """Read the tables of a folder by scenario."""
    return {path.stem: pl.read_csv(path, infer_schema_length=None) for path in sorted(folder.glob("*.csv"))}
