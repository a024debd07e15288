"""Figures: pure functions from a result to a Vega-Lite 6 specification.

A specification is a plain dict that holds its own data as inline values, layer by layer. So one
specification is drawn by the dashboard, written into a report as SVG, and saved by an analyst, and nothing
outside it is needed to redraw it.
"""
