"""A submission, its gates and its findings, JSON-ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.intake.findings import blocking_tables, summarise_files, summarise_findings
from analytics.intake.findings_csv import list_findings
from analytics.report.serialise import serialise

if TYPE_CHECKING:
    from analytics.intake.submission import PreparedSubmission

FORMAT = 1


def submission_as_json(prepared: PreparedSubmission) -> dict[str, Any]:
    """Return counts, gates, findings and the result of every rule; no cell value of a record is in it.

    ``format`` changes when a key goes or changes its meaning; keys may be added. ``docs/findings.md`` lists
    them.
    """
    report = prepared.report
    listed = list_findings(prepared)
    is_open = listed["status"] == "open"
    return {
        "format": FORMAT,
        "submission": serialise(prepared.submission),
        "gate": serialise(prepared.gate),
        "site_gates": serialise(prepared.site_gates),
        "file_gates": serialise(prepared.file_gates),
        "n_records": prepared.n_records,
        "n_input": report.n_input,
        "n_accepted": report.n_accepted,
        "n_rejected": report.n_rejected,
        "tables": {
            name: {
                "input": table.n_input,
                "accepted": table.accepted.height,
                "rejected": table.rejected.height,
            }
            for name, table in report.tables.items()
        },
        "files": serialise(summarise_files(prepared.findings, prepared.submission.files)),
        "rule_results": serialise(report.rule_results),
        "idle_waivers": list(prepared.idle_waivers),
        "waived": serialise(listed.filter(~is_open)),
        "summary": serialise(summarise_findings(prepared.findings, blocking=blocking_tables(prepared))),
        "findings": serialise(listed.filter(is_open)),
    }
