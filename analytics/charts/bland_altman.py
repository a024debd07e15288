"""Bland-Altman figure: differences of two measurements against their mean, with limits of agreement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.numbers import format_count, format_percent
from analytics.charts.theme import INK, MUTED, REFERENCE, SERIES_COLOURS, Spec, frame, text_layer

if TYPE_CHECKING:
    from analytics.imaging.results import Estimate, LimitsOfAgreement

MOST_POINTS = 2000
"""Above this number of lesions squares are drawn whose shade counts them."""
BINS = (36, 28)
"""Squares across and down."""
FILLS = ("#dcd3f2", "#3B0F55")
WIDE_SPREAD = 10.0
"""From this standard deviation on, whole units are printed."""
MINUS = "\u2212"
LABEL_GAP = 16
"""Least vertical distance between two labels, pixels."""


@dataclass(frozen=True)
class MeasurementWords:
    """How the two measurements are called.

    Parameters
    ----------
    first, second
        Names of the methods, for example ``IVUS`` and ``OCT``.
    quantity
        What is measured, for example ``calcium arc``.
    unit
        Its unit in words, for example ``degrees``.
    """

    first: str
    second: str
    quantity: str
    unit: str


def bland_altman_chart(
    limits: LimitsOfAgreement, rows: pl.DataFrame, *, words: MeasurementWords, height: int = 340
) -> Spec:
    """Draw the differences of two measurements against their means.

    Parameters
    ----------
    limits
        The result; its `first` and `second` name columns of `rows`.
    rows
        The lesions it rests on.
    words
        Names, quantity and unit.
    height
        Height of the plot in pixels.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data: points, or counts of squares above 2,000 lesions; lines of
        bias and limits with their intervals as bands, and their values beside them.
    """
    points = _points(limits, rows)
    low, high = _domain(limits, points)
    y = _y(f"{words.second} minus {words.first}, {words.unit}", low, high)
    x = _x(f"Mean of {words.first} and {words.second}, {words.unit}", points)
    cloud = _squares(points, x, y, (low, high)) if len(points) > MOST_POINTS else [_dots(points, x, y)]
    title = f"{words.quantity[:1].upper()}{words.quantity[1:]}: {words.second} against {words.first}"
    outer = frame(title=title, subtitle=_subtitle(limits, len(points)), alt=bland_altman_alt(limits, words))
    lines = [_zero(y), *_lines(limits, y)]
    return {
        **outer,
        "width": 460,
        "height": height,
        "layer": [*_bands(limits, y), *cloud, *lines, *_labels(limits, (low, high), height)],
    }


def bland_altman_alt(limits: LimitsOfAgreement, words: MeasurementWords) -> str:
    """Return the figure in words."""
    between = format_percent(limits.share_between, digits=0)
    return (
        f"{words.second} minus {words.first}, {words.quantity} in {words.unit}, "
        f"{format_count(limits.n_lesions)} lesions. {'; '.join(_named(limits))}. {between} of the "
        "differences lie between the limits."
    )


def signed(value: float, *, digits: int = 1) -> str:
    """Return a measurement with a true minus sign."""
    text = f"{abs(value):.{digits}f}"
    return f"{MINUS}{text}" if value < 0 and float(text) else text


def estimate_text(estimate: Estimate, *, digits: int = 1) -> str:
    """Return a measurement with its limits, where it has some."""
    value = signed(estimate.estimate, digits=digits)
    if estimate.lower is None or estimate.upper is None:
        return value
    low, high = (signed(end, digits=digits) for end in (estimate.lower, estimate.upper))
    return f"{value} ({low} to {high})"


def _named(limits: LimitsOfAgreement) -> tuple[str, str, str]:
    """Words of the three lines."""
    digits = 0 if limits.standard_deviation >= WIDE_SPREAD else 1
    upper, mean, lower = (estimate_text(part, digits=digits) for part in _parts(limits))
    return f"Upper limit {upper}", f"Mean {mean}", f"Lower limit {lower}"


def _points(limits: LimitsOfAgreement, rows: pl.DataFrame) -> list[Spec]:
    """Mean and difference of each lesion with both measurements."""
    first, second = pl.col(limits.first), pl.col(limits.second)
    both = rows.drop_nulls([limits.first, limits.second])
    return both.select(middle=(first + second) / 2.0, difference=second - first).to_dicts()


def _domain(limits: LimitsOfAgreement, points: list[Spec]) -> tuple[float, float]:
    """Return the ends of the vertical axis, alike above and below zero so that bias is seen."""
    parts = (limits.lower_limit, limits.upper_limit)
    ends = [abs(end) for part in parts for end in (part.estimate, part.lower, part.upper) if end is not None]
    reach = 1.06 * max([*ends, *(abs(point["difference"]) for point in points), 1e-9])
    return -reach, reach


def _x(title: str, points: list[Spec]) -> Spec:
    """Encode the mean."""
    top = 1.02 * max([point["middle"] for point in points] or [1.0])
    return {
        "field": "middle",
        "type": "quantitative",
        "title": title,
        "scale": {"domain": [0, top or 1.0], "nice": False},
        "axis": {"grid": False, "tickCount": 8, "orient": "bottom"},
    }


def _y(title: str, low: float, high: float) -> Spec:
    """Encode the difference."""
    return {
        "field": "difference",
        "type": "quantitative",
        "title": title,
        "scale": {"domain": [low, high], "nice": False},
        "axis": {"tickCount": 8},
    }


def _dots(points: list[Spec], x: Spec, y: Spec) -> Spec:
    """One point a lesion, seen through where many fall together."""
    tooltip = [
        {"field": "middle", "type": "quantitative", "format": ".1f", "title": "Mean"},
        {"field": "difference", "type": "quantitative", "format": ".1f", "title": "Difference"},
    ]
    return {
        "data": {"values": points},
        "mark": {
            "type": "point",
            "filled": True,
            "size": 26,
            "opacity": 0.45,
            "color": SERIES_COLOURS[0],
            "aria": False,
        },
        "encoding": {"x": x, "y": y, "tooltip": tooltip},
    }


def _squares(points: list[Spec], x: Spec, y: Spec, ends: tuple[float, float]) -> list[Spec]:
    """Draw counts of lesions on a grid."""
    left, right = x["scale"]["domain"]
    across, down = (right - left) / BINS[0], (ends[1] - ends[0]) / BINS[1]
    place = pl.DataFrame(points).select(
        column=((pl.col("middle") - left) / across).floor().clip(0, BINS[0] - 1),
        row=((pl.col("difference") - ends[0]) / down).floor().clip(0, BINS[1] - 1),
    )
    cells = place.group_by("column", "row").len("n").sort("row", "column")
    values = cells.select(
        middle=left + pl.col("column") * across,
        right=left + (pl.col("column") + 1) * across,
        difference=ends[0] + pl.col("row") * down,
        top=ends[0] + (pl.col("row") + 1) * down,
        n="n",
    ).to_dicts()
    colour = {
        "field": "n",
        "type": "quantitative",
        "scale": {"type": "sqrt", "range": list(FILLS)},
        "legend": {"title": "Lesions", "orient": "bottom", "direction": "horizontal"},
    }
    return [
        {
            "data": {"values": values},
            "mark": {"type": "rect", "aria": False},
            "encoding": {
                "x": x,
                "x2": {"field": "right"},
                "y": y,
                "y2": {"field": "top"},
                "color": colour,
                "tooltip": [{"field": "n", "type": "quantitative", "title": "Lesions"}],
            },
        }
    ]


def _parts(limits: LimitsOfAgreement) -> tuple[Estimate, Estimate, Estimate]:
    """Upper limit, bias and lower limit."""
    return limits.upper_limit, limits.bias, limits.lower_limit


def _bands(limits: LimitsOfAgreement, y: Spec) -> list[Spec]:
    """Intervals of the three lines across the plot."""
    bands = [
        {"difference": part.lower, "top": part.upper} for part in _parts(limits) if part.lower is not None
    ]
    return [
        {
            "data": {"values": bands},
            "mark": {"type": "rect", "color": MUTED, "opacity": 0.14, "aria": False},
            "encoding": {"x": {"value": 0}, "x2": {"value": "width"}, "y": y, "y2": {"field": "top"}},
        }
    ]


def _zero(y: Spec) -> Spec:
    """Line of no difference."""
    return {
        "data": {"values": [{"difference": 0.0}]},
        "mark": {"type": "rule", "color": REFERENCE, "strokeWidth": 1, "aria": False},
        "encoding": {"y": y},
    }


def _lines(limits: LimitsOfAgreement, y: Spec) -> list[Spec]:
    """Bias as a full line, limits dashed."""
    return [
        {
            "data": {"values": [{"difference": part.estimate}]},
            "mark": {"type": "rule", "color": INK, "strokeWidth": 1.8, "strokeDash": dash, "aria": False},
            "encoding": {"y": y},
        }
        for part, dash in zip(_parts(limits), ([6, 4], [1, 0], [6, 4]), strict=True)
    ]


def _labels(limits: LimitsOfAgreement, ends: tuple[float, float], height: int) -> list[Spec]:
    """Words right of the plot, moved apart where lines lie close together."""
    per_unit = height / (ends[1] - ends[0])
    pixels = [(ends[1] - part.estimate) * per_unit for part in _parts(limits)]
    pixels[0] = min(pixels[0], pixels[1] - LABEL_GAP)
    pixels[2] = max(pixels[2], pixels[1] + LABEL_GAP)
    return [
        text_layer(
            [{"text": text}],
            x={"value": "width"},
            y={"value": pixel},
            align="left",
            baseline="middle",
            dx=8,
            color=INK,
        )
        for text, pixel in zip(_named(limits), pixels, strict=True)
    ]


def _subtitle(limits: LimitsOfAgreement, n_drawn: int) -> str:
    """Say what is drawn and how it was had."""
    patients = f"{format_count(limits.n_lesions)} lesions of {format_count(limits.n_patients)} patients"
    drawn = "shade counts lesions" if n_drawn > MOST_POINTS else "one point a lesion"
    seen = format_percent(limits.share_between, digits=0)
    return (
        f"{patients}, {drawn}. Full line: mean difference. Dashes: limits between which 95 % of the "
        f"differences would lie if they were normal (seen: {seen}). Bands: 95 % intervals."
    )
