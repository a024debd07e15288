"""Reports: results -> HTML, Markdown and JSON. Nothing is estimated here."""

from __future__ import annotations

from analytics.report.content import CoxBlock, ReportContent, SurvivalBlock
from analytics.report.html_page import render_html
from analytics.report.json_text import render_json
from analytics.report.markdown import render_markdown

__all__ = ["CoxBlock", "ReportContent", "SurvivalBlock", "render_html", "render_json", "render_markdown"]
