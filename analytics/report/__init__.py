"""Reports: results -> HTML, Markdown and JSON. Nothing is estimated here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analytics.report.content import CoxBlock, ReportContent, SurvivalBlock
    from analytics.report.html_page import render_html
    from analytics.report.json_text import render_json
    from analytics.report.markdown import render_markdown

__all__ = ["CoxBlock", "ReportContent", "SurvivalBlock", "render_html", "render_json", "render_markdown"]

_MODULES = {
    "CoxBlock": "content",
    "ReportContent": "content",
    "SurvivalBlock": "content",
    "render_html": "html_page",
    "render_json": "json_text",
    "render_markdown": "markdown",
}


def __getattr__(name: str) -> object:
    """Import what is asked for: who validates a file needs no chart and no statistics."""
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
