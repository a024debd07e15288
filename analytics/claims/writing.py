"""A run of claims as files and as text: HTML, Markdown, JSON, CSV, terminal."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from analytics.claims.results import Estimate
from analytics.claims.sections import build_sections, say_family, say_finding
from analytics.claims.wording import VERDICT_WORDS, say_published
from analytics.refusals import NotEstimable
from analytics.report.html_page import render_sections_html
from analytics.report.markdown import render_sections_markdown
from analytics.report.serialise import serialise

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.claims.results import ClaimsRun, ComponentResult

TITLE = "The review\u2019s claims, put to the test"
COLUMNS = (
    "claim", "title", "family", "unit", "component", "decides", "direction", "measure", "crude",
    "crude_lower", "crude_upper", "adjusted", "adjusted_lower", "adjusted_upper", "n", "n_events", "p_value",
    "p_adjusted", "verdict", "why", "claim_verdict",
)  # fmt: skip
"""Columns of the CSV file: one row per component, numbers in full precision, shares 0 to 1."""


def write_claims(run: ClaimsRun, out: Path) -> tuple[Path, ...]:
    """Write a run into a folder.

    Parameters
    ----------
    run
        The run, small cells hidden where readers are not the data holder.
    out
        Folder for ``claims.html``, ``claims.md``, ``claims.json`` and ``claims.csv``; made if absent.

    Returns
    -------
    tuple of Path
        The files, HTML first.
    """
    out.mkdir(parents=True, exist_ok=True)
    sections = build_sections(run)
    texts = {
        "claims.html": render_sections_html(TITLE, sections, line=run.source),
        "claims.md": render_sections_markdown(TITLE, sections),
        "claims.json": json.dumps(describe_run(run), indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        "claims.csv": render_csv(run),
    }
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8", newline="\n")
    return tuple(out / name for name in texts)


def describe_run(run: ClaimsRun) -> dict[str, Any]:
    """Return everything about a run, JSON-ready, floats in full precision."""
    described: dict[str, Any] = serialise(run)
    return described


def render_csv(run: ClaimsRun) -> str:
    """Return one row per component as CSV; a claim without any has a row of its own."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for result in run.results:
        claim = result.claim
        head = (claim.id, claim.title, claim.family, claim.unit)
        for part in result.components:
            writer.writerow((*head, *_cells(part), result.verdict))
        if not result.components:
            blank = ("",) * (len(COLUMNS) - len(head) - 3)
            writer.writerow((*head, *blank, result.verdict, result.why, result.verdict))
    return text.getvalue()


def _cells(part: ComponentResult) -> tuple[object, ...]:
    """Cells of one component."""
    crude, adjusted = _numbers(part.findings.crude), _numbers(part.findings.adjusted)
    basis = part.findings.crude
    counts = (basis.n, basis.n_events) if isinstance(basis, Estimate) else ("", "")
    measure = basis.measure if isinstance(basis, Estimate) else ""
    asked = part.component
    return (
        asked.key, asked.headline, asked.direction, measure, *crude, *adjusted, *counts, part.p_value,
        part.p_adjusted, part.verdict, part.why,
    )  # fmt: skip


def _numbers(found: Estimate | NotEstimable | None) -> tuple[object, object, object]:
    """Return number and limits, or blanks."""
    if not isinstance(found, Estimate):
        return "", "", ""
    return found.value, found.lower, "" if found.upper is None else found.upper


def render_run(run: ClaimsRun) -> str:
    """Return a run in words, for a terminal: claim, verdict, numbers, published figures."""
    lines = []
    for result in run.results:
        lines.append(f"{result.claim.id} {result.claim.title}: {VERDICT_WORDS[result.verdict].upper()}")
        lines.append(f"    The review: {result.claim.says}")
        found = say_finding(result)
        # A finding that is a refusal is its own reason: said once.
        why = "" if result.why.rstrip(".") in found else f" {result.why}"
        lines.append(f"    The registry: {found}{why}".rstrip())
        lines.append(f"    Published: {say_published(result.claim)}")
        lines.extend(f"    {words}" for words in (say_family(result),) if words)
    lines.append(f"Data: {run.source}. {run.n_run} claims were run.")
    return "\n".join(lines)
