"""Tiles: one number with its interval, its counts and its unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from analytics.charts.complication_rates import count_text
from analytics.charts.labels import UNIT_PLURALS, label_complication
from analytics.charts.numbers import (
    DAYS_PER_YEAR,
    EN_DASH,
    format_count,
    format_fraction,
    format_percent,
    format_percent_interval,
)
from analytics.survival.results import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.complications.results import ComplicationRate
    from analytics.survival.follow_up import FollowUp
    from analytics.survival.results import HorizonRisk
    from dashboard.data_access import Population


@dataclass(frozen=True)
class Tile:
    """One tile.

    Parameters
    ----------
    label
        What is shown.
    value
        The number with its unit.
    detail
        Interval and counts.
    """

    label: str
    value: str
    detail: str


def show_tiles(tiles: Sequence[Tile]) -> None:
    """Show tiles side by side."""
    for column, tile in zip(st.columns(len(tiles)), tiles, strict=True):
        with column.container(border=True, height="stretch"):
            st.metric(tile.label, tile.value)
            st.markdown(tile.detail)


def volume_tile(population: Population) -> Tile:
    """How much there is."""
    detail = (
        f"{format_count(population.n_lesions)} lesions, {format_count(population.n_patients)} patients, "
        f"{format_count(population.n_sites)} sites"
    )
    return Tile("Index procedures", format_count(population.n_procedures), detail)


def rate_tile(rate: ComplicationRate | None) -> Tile:
    """Show a complication over the whole cohort."""
    if rate is None:
        return Tile("Complications", "not recorded", "No site states whether complications occurred.")
    label = label_complication(rate.complication)
    if rate.rate is None or rate.lower is None or rate.upper is None:
        return Tile(label, "not recorded", rate.note)
    counts = f"{count_text(rate)} {UNIT_PLURALS.get(rate.unit, rate.unit)}"
    if rate.status == "zero" and rate.n_unclear:
        return Tile(label, "none certain", f"{format_count(rate.n_unclear)} unclear, {counts}")
    if rate.status == "zero":
        return Tile(label, f"up to {format_percent(rate.upper)}", f"none seen, {counts}")
    interval = format_percent_interval(rate.lower, rate.upper)
    return Tile(label, format_percent(rate.rate), f"95 % interval {interval}; {counts}")


def risk_tile(risk: HorizonRisk | NotEstimable, *, label: str) -> Tile:
    """Show a risk by a fixed day."""
    if isinstance(risk, NotEstimable):
        return Tile(label, "not estimable", risk.reason)
    counts = (
        f"{format_fraction(risk.n_event, risk.basis.n)} patients; {format_count(risk.n_risk)} still at risk"
    )
    interval = format_percent_interval(risk.lower, risk.upper)
    return Tile(label, format_percent(risk.risk), f"95 % interval {interval}; {counts}")


def follow_up_tile(follow_up: FollowUp | NotEstimable) -> Tile:
    """Median length of follow-up."""
    label = "Median follow-up"
    if isinstance(follow_up, NotEstimable):
        return Tile(label, "not estimable", follow_up.reason)
    if follow_up.median_days is None:
        return Tile(label, "not reached", "More than half were followed to the end of the data.")
    interval = ""
    if follow_up.lower is not None and follow_up.upper is not None:
        low, high = follow_up.lower / DAYS_PER_YEAR, follow_up.upper / DAYS_PER_YEAR
        interval = f"95 % interval {low:.1f}{EN_DASH}{high:.1f}; "
    detail = f"{interval}{format_count(follow_up.basis.n)} patients, reverse Kaplan-Meier"
    return Tile(label, f"{follow_up.median_days / DAYS_PER_YEAR:.1f} years", detail)
