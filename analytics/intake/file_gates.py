"""The gate of each file of a submission: by its own rows and findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.intake.gate import DEFAULT_GATE, Gate, GateSettings, decide_gate
from schemas.submission import SubmissionReport, TableReport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def decide_file_gates(
    report: SubmissionReport, files: Sequence[str], *, settings: GateSettings = DEFAULT_GATE
) -> Mapping[str, Gate]:
    """Return the colour of each file in a submission, by file name.

    Parameters
    ----------
    report
        The submission after validation.
    files
        Names of its files.
    settings
        Limits.

    Returns
    -------
    Mapping of str to Gate
        As `analytics.intake.gate.decide_gate` would judge the rows and findings of the file alone. Follow-up
        is judged for sites, not for files. A file without rows and without a finding against it is green.
    """
    names = list(dict.fromkeys(files))
    return {name: _gate(_of_file(report, name), settings) for name in names}


def _gate(part: SubmissionReport, settings: GateSettings) -> Gate:
    """Judge a part; nothing sent is nothing wrong, unless a finding says so."""
    return decide_gate(part, settings=settings) if part.n_input or part.is_refused else Gate("green")


def _of_file(report: SubmissionReport, file: str) -> SubmissionReport:
    """Return the part of a report that one file sent."""
    tables = {}
    for name, table in report.tables.items():
        accepted = table.accepted.filter(pl.col("file") == file)
        rejected = table.rejected.filter(pl.col("file") == file)
        tables[name] = TableReport(name, accepted, rejected, accepted.height + rejected.height)
    return SubmissionReport(tables, report.findings.filter(pl.col("file") == file))
