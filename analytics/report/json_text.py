"""A report as JSON: every result in full precision, for programs."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING

from analytics.report.methods import ALL_DEFINITIONS, LIMITS, METHODS_VERSION
from analytics.report.serialise import serialise

if TYPE_CHECKING:
    from analytics.report.content import ReportContent

FORMAT = "calcpci-report/1"
"""Name and version of the layout; goes up when a key moves."""


def render_json(content: ReportContent) -> str:
    """Return the report as JSON text.

    Parameters
    ----------
    content
        Results and words. Keys are the fields of `ReportContent`; frames are dicts of columns; a refusal is
        ``{"not_estimable": {...}}``.
    """
    plain = [item.name for item in fields(content) if item.name not in {"analyses", "chapters"}]
    body = {name: serialise(getattr(content, name), by_column=True) for name in plain}
    body["analyses"] = [dict(one.values) for one in content.analyses]
    body["chapters"] = {one.name: serialise(one.values) for one in content.chapters}
    methods = {heading.lower(): serialise(definitions) for heading, definitions in ALL_DEFINITIONS}
    whole = {
        "format": FORMAT,
        "methods_version": METHODS_VERSION,
        **body,
        "methods": methods,
        "limits": list(LIMITS),
    }
    return json.dumps(whole, ensure_ascii=False, allow_nan=False) + "\n"
