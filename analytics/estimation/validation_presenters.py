"""How a validation is shown: tables, and one calibration figure for each horizon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.charts.calibration import calibration_chart
from analytics.charts.numbers import format_days
from analytics.estimation.validation_tables import (
    auc_table,
    brier_table,
    calibration_table,
    concordance_table,
    optimism_table,
)
from analytics.report.document import Block, Figure
from analytics.survival.results import NotEstimable

if TYPE_CHECKING:
    from analytics.estimation.presentation_words import Words


def show_concordance(found: tuple[Any, ...], words: Words) -> tuple[Block, ...]:
    """Concordance indices."""
    del words
    return (concordance_table(found),)


def show_auc(found: tuple[Any, ...], words: Words) -> tuple[Block, ...]:
    """Areas under the curve."""
    return (auc_table(found, time_unit=words.unit),)


def show_brier(found: tuple[Any, ...], words: Words) -> tuple[Block, ...]:
    """Brier scores."""
    return (brier_table(found, time_unit=words.unit),)


def show_optimism(found: tuple[Any, ...], words: Words) -> tuple[Block, ...]:
    """Show performance corrected for optimism."""
    del words
    return tuple(optimism_table(one) for one in found)


def show_calibration(found: tuple[Any, ...], words: Words) -> tuple[Block, ...]:
    """Table and figure of each horizon."""
    blocks: list[Block] = []
    curves = {
        one.horizon_days: one
        for one in words.parts.get("calibration_curve", ())
        if not isinstance(one, NotEstimable)
    }
    spreads = {one["horizon_days"][0]: one for one in words.parts["predicted_risks"]}
    for one in found:
        by = (
            format_days(int(one.horizon_days))
            if words.unit == "days"
            else f"{one.horizon_days:g} {words.unit}"
        )
        figure = calibration_chart(
            one,
            curve=curves.get(one.horizon_days),
            spread=spreads[one.horizon_days],
            title=f"Calibration of predicted risk of {words.endpoint} by {by}",
            subtitle=words.subtitle,
        )
        blocks += [Figure(figure), calibration_table(one, time_unit=words.unit)]
    return tuple(blocks)
