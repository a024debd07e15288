"""The study's results as files: a CSV per scenario, and one page that shows them all."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import polars as pl

from synthetic.scenario import load_scenario
from synthetic.study.estimators import ESTIMATORS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from synthetic.study.summary import Performance

_HEADER = "| estimator | truth | bias | empirical SE | model SE | coverage, % | refused |"
_BROKEN = 3.0
"""Monte-Carlo errors beyond which bias or coverage is called off."""


def write_table(found: Mapping[str, Performance], out: Path, *, scenario: str, procedures: int) -> Path:
    """Write the performance of every estimator in one scenario, and return the file."""
    out.mkdir(parents=True, exist_ok=True)
    rows = [
        {"scenario": scenario, "procedures": procedures, "estimator": name, **asdict(performance)}
        for name, performance in found.items()
    ]
    path = out / f"{scenario}.csv"
    pl.DataFrame(rows).write_csv(path, float_precision=8, line_terminator="\n")
    return path


def write_readme(out: Path) -> Path:
    """Write the page that shows all tables of a folder, and return it."""
    parts = [_INTRODUCTION, _estimators()]
    parts += [_section(path) for path in sorted(out.glob("*.csv"))]
    page = out / "README.md"
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8", newline="\n")
    return page


_INTRODUCTION = """# Do the estimators recover the truth?

Made by `python -m synthetic.study`. Registries are drawn from a scenario whose truth is known
(`docs/synthetic.md`), each is analysed as an analyst would, knowing only its tables, and the answers are
set against the truth. Bias is the mean estimate less the truth; the empirical standard error is the spread
of the estimates, the model standard error what the estimator claims (root mean square); coverage is the
share of 95 % intervals that hold the truth. In brackets the Monte-Carlo error (Morris, White & Crowther
2019, doi:10.1002/sim.8086). **Bold**: off by more than three Monte-Carlo errors.

Hospitals are drawn anew in every replicate, and the truth is that of average hospitals; standard errors
that take patients as independent do not see that."""


def _estimators() -> str:
    """List what is studied."""
    lines = ["| estimator | what it does |", "|---|---|"]
    lines += [f"| `{name}` | {estimator.says} |" for name, estimator in ESTIMATORS.items()]
    return "\n".join(lines)


def _section(path: Path) -> str:
    """Show the table of one scenario."""
    table = pl.read_csv(path)
    scenario = str(table["scenario"][0])
    first = table.row(0, named=True)
    size = f"{first['n'] + first['n_refused']} registries of {first['procedures']:,} procedures."
    lines = [f"## `{scenario}`", "", f"{load_scenario(scenario).description}. {size}", "", _HEADER]
    lines.append("|" + "---|" * 7)
    lines += [_line(row) for row in table.iter_rows(named=True)]
    return "\n".join(lines)


def _line(row: dict[str, Any]) -> str:
    """Show one estimator."""
    bias = f"{row['bias']:+.4g} ({row['bias_error']:.2g})"
    coverage = f"{100 * row['coverage']:.1f} ({100 * row['coverage_error']:.1f})"
    if abs(row["bias"]) > _BROKEN * row["bias_error"]:
        bias = f"**{bias}**"
    if abs(row["coverage"] - 0.95) > _BROKEN * max(row["coverage_error"], 1 / row["n"]):
        coverage = f"**{coverage}**"
    name = str(row["estimator"])
    cells = (
        f"`{name}`",
        f"{row['truth']:.4g}",
        bias,
        f"{row['empirical_error']:.4g} ({row['empirical_error_error']:.2g})",
        f"{row['model_error']:.4g} ({row['model_error_error']:.2g})",
        coverage,
        f"{row['n_refused']:.0f}",
    )
    return "| " + " | ".join(cells) + " |"
