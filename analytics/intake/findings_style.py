"""Looks of the findings page: readable on a screen, on paper, and without telling colours apart."""

from __future__ import annotations

CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""The browser is told to load nothing and to run nothing."""

_WIDTHS = "\n".join(f".w{share} {{ background-size: {share}% 100%; }}" for share in range(0, 101, 5))

STYLE = (
    """
body { font: 15px/1.5 "Source Sans 3", "Helvetica Neue", Arial, "Noto Sans CJK SC", sans-serif;
       color: #1a1a1a; background: #fff; max-width: 1180px; margin: 0 auto; padding: 24px 40px; }
h1 { font-size: 26px; margin: 0 0 4px; }
h2 { font-size: 20px; margin: 36px 0 8px; border-bottom: 1px solid #ccc; }
p { max-width: 78ch; margin: 8px 0; }
.meta { color: #595959; }
.praise { font-size: 18px; font-weight: 600; }
.gate { border: 1px solid; border-left-width: 12px; padding: 8px 20px 12px; margin: 20px 0; }
.gate h2 { border: 0; margin: 4px 0; font-size: 24px; }
.gate ul { margin: 4px 0; padding-left: 20px; }
.gate.green { border-color: #1b6e3a; background: #eaf5ee; }
.gate.yellow { border-color: #8a6100; background: #fdf5dd; }
.gate.red { border-color: #a3160c; background: #fdebe9; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 14px 0; font-size: 13.5px; }
caption { text-align: left; font-weight: 600; padding-bottom: 4px; }
th, td { text-align: left; vertical-align: top; padding: 5px 14px 5px 4px; border-bottom: 1px solid #e0e0e0; }
thead th { border-bottom: 1px solid #8a8a8a; }
tbody th { font-weight: 600; white-space: nowrap; }
.todo { width: 100%; table-layout: fixed; }
.todo th, .todo td { box-sizing: border-box; overflow-wrap: anywhere; }
.todo th:nth-child(1) { width: 5%; }
.todo th:nth-child(2) { width: 14%; }
.todo th:nth-child(3) { width: 23%; }
.todo th:nth-child(4), .todo th:nth-child(5) { width: 21%; }
.todo th:nth-child(6) { width: 7%; text-align: right; }
.todo th:nth-child(7) { width: 9%; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tag { display: inline-block; padding: 0 7px; border: 1px solid #595959; border-radius: 3px;
       white-space: nowrap; color: #1a1a1a; background: #fff; }
.tag.green { background: #d5ecdc; }
.tag.yellow, .tag.null { background: #fbe7ab; }
.tag.red, .tag.file { background: #f6c4bf; font-weight: 600; }
.tag.row { background: #f8d9c8; }
.tag.warn { background: #dcebf7; }
.bar { min-width: 110px; background: linear-gradient(#c9dcee, #c9dcee) no-repeat; }
.legend { list-style: none; padding: 0; }
.legend li { margin: 4px 0; }
footer { margin-top: 40px; border-top: 1px solid #ccc; padding-top: 8px; color: #595959; font-size: 13px; }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  table { font-size: 8.5pt; }
  tr, .gate { break-inside: avoid; }
  h2, caption { break-after: avoid; }
  .scroll { overflow: visible; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
""".strip()
    + "\n"
    + _WIDTHS
)
