"""Figures as files: SVG and PNG from a specification, without a browser and without the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import vl_convert

if TYPE_CHECKING:
    from analytics.charts.theme import Spec

VEGA_LITE_VERSION = "6.4"
NOWHERE: list[str] = []
"""Base addresses a specification may load from: none, all data are inline."""


def render_svg(spec: Spec) -> str:
    """Return the figure as SVG text, ready to be placed inside an HTML page.

    Parameters
    ----------
    spec
        Vega-Lite 6 specification with inline data.
    """
    svg: str = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE_VERSION, allowed_base_urls=NOWHERE)
    return svg


def render_png(spec: Spec, *, scale: float = 2.0) -> bytes:
    """Return the figure as a PNG image.

    Parameters
    ----------
    spec
        Vega-Lite 6 specification with inline data.
    scale
        Pixels for each unit of the specification; 2 suits slides.
    """
    png: bytes = vl_convert.vegalite_to_png(
        spec, vl_version=VEGA_LITE_VERSION, scale=scale, allowed_base_urls=NOWHERE
    )
    return png
