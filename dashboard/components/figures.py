"""Figures on a page: the specification that also goes into a report, its text alternative, its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import streamlit as st

from analytics.charts.export import render_png, render_svg
from analytics.charts.theme import fit_to_container, is_concatenated

if TYPE_CHECKING:
    from analytics.charts.theme import Spec


def show_figure(spec: Spec, *, key: str) -> None:
    """Draw a figure as wide as its place, and offer it as PNG and SVG.

    Parameters
    ----------
    spec
        Vega-Lite specification; its ``description`` is the text alternative.
    key
        Stable name; also the name of the files.
    """
    width: Literal["content", "stretch"] = "content" if is_concatenated(spec) else "stretch"
    drawn = {name: part for name, part in fit_to_container(spec).items() if name != "description"}
    st.vega_lite_chart(
        spec=drawn,
        width=width,
        theme=None,
        key=f"figure-{key}",
        alt=str(spec["description"]),
    )
    with st.container(horizontal=True):
        st.download_button(
            "Save as PNG",
            lambda: render_png(spec),
            file_name=f"{key}.png",
            mime="image/png",
            key=f"png-{key}",
            on_click="ignore",
        )
        st.download_button(
            "Save as SVG",
            lambda: render_svg(spec).encode(),
            file_name=f"{key}.svg",
            mime="image/svg+xml",
            key=f"svg-{key}",
            on_click="ignore",
        )
