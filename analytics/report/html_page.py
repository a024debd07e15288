"""A report as one HTML file: figures inside as SVG, no script, no request to anywhere, fit for printing."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from analytics.charts.export import render_svg
from analytics.report.document import Block, Bullets, Figure, Paragraph, Section, Table
from analytics.report.methods import NO_ADVICE
from analytics.report.sections import build_sections

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.report.content import ReportContent

CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""The browser is told to load nothing: a report opened years later looks the same."""

STYLE = """
body { font: 15px/1.5 "Source Sans 3", "Helvetica Neue", Arial, sans-serif; color: #1a1a1a;
       background: #fff; max-width: 1080px; margin: 0 auto; padding: 24px 40px; }
h1 { font-size: 26px; margin: 0 0 4px; }
h2 { font-size: 20px; margin: 40px 0 8px; border-bottom: 1px solid #ccc; }
h3 { font-size: 16px; margin: 28px 0 6px; }
nav ul { columns: 2; padding-left: 18px; margin: 8px 0; }
a { color: #0b4f8a; }
p { max-width: 78ch; margin: 8px 0; }
.meta { color: #595959; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 12px 0; font-size: 13.5px; }
caption { text-align: left; font-weight: 600; padding-bottom: 4px; }
th, td { text-align: left; vertical-align: top; padding: 4px 14px 4px 0; border-bottom: 1px solid #e0e0e0; }
th { border-bottom: 1px solid #8a8a8a; }
figure { margin: 14px 0; }
figure svg { max-width: 100%; height: auto; overflow: visible; }
footer { margin-top: 40px; border-top: 1px solid #ccc; padding-top: 8px; color: #595959; font-size: 13px; }
@media print {
  body { max-width: none; padding: 0; font-size: 11pt; }
  nav { display: none; }
  figure, tr { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  .scroll { overflow: visible; }
}
""".strip()


def render_html(content: ReportContent) -> str:
    """Return the report as the text of one HTML file.

    Parameters
    ----------
    content
        Results and words. All text is escaped.
    """
    snapshot = next(iter(content.manifest.items()), ("snapshot", "unknown"))
    line = f"{snapshot[0]}: {snapshot[1]}"
    return render_sections_html(content.title, build_sections(content), line=line)


def render_sections_html(title: str, sections: Sequence[Section], *, line: str) -> str:
    """Return sections as the text of one HTML file.

    Parameters
    ----------
    title
        Title of the page.
    sections
        What it holds.
    line
        What the data are, shown at head and foot. All text is escaped.
    """
    body = "\n".join(_section(section) for section in sections)
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="en-GB"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{STYLE}</style></head>",
            f'<body><header><h1>{escape(title)}</h1><p class="meta">{escape(line)}</p></header>',
            _contents(sections),
            f"<main>{body}</main>",
            f"<footer>{escape(line)}. {escape(NO_ADVICE)}</footer></body></html>",
            "",
        )
    )


def _contents(sections: Sequence[Section]) -> str:
    """List of the sections, as links."""
    items = "".join(
        f'<li><a href="#{escape(section.key)}">{escape(section.title)}</a></li>'
        for section in sections
        if section.level == 2
    )
    return f'<nav aria-label="Contents"><ul>{items}</ul></nav>'


def _section(section: Section) -> str:
    """One section with its heading."""
    heading = f'<h{section.level} id="{escape(section.key)}">{escape(section.title)}</h{section.level}>'
    return "\n".join((heading, *(_block(block) for block in section.blocks)))


def _block(block: Block) -> str:
    """One block as HTML."""
    if isinstance(block, Paragraph):
        return f"<p>{escape(block.text)}</p>"
    if isinstance(block, Bullets):
        return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in block.items) + "</ul>"
    if isinstance(block, Table):
        return _table(block)
    return _figure(block)


def _table(table: Table) -> str:
    """One table; wide ones scroll on a screen and wrap on paper."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.header)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    return (
        f'<div class="scroll" tabindex="0"><table><caption>{escape(table.caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _figure(figure: Figure) -> str:
    """One figure as inline SVG with its text alternative."""
    alt = escape(str(figure.spec.get("description", "")), quote=True)
    caption = f"<figcaption>{escape(figure.caption)}</figcaption>" if figure.caption else ""
    # The label speaks for the whole picture; its parts would only be read out as loose numbers.
    svg = render_svg(figure.spec).replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
    return f'<figure><div role="img" aria-label="{alt}">{svg}</div>{caption}</figure>'
