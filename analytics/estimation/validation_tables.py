"""Tables of a validation: discrimination, overall error, calibration, optimism."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.charts.numbers import EN_DASH, format_count, format_percent
from analytics.estimation.part_tables import BEYOND, number_text, percent_text
from analytics.report.document import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.results_prediction import (
        BrierScore,
        ConcordanceIndex,
        GroupCalibration,
        HorizonAuc,
        Optimism,
    )

MEASURES = {"concordance": "Concordance (Harrell)", "calibration_slope": "Calibration slope"}


def concordance_table(found: Sequence[ConcordanceIndex]) -> Table:
    """Return concordance indices; 0.5 is chance, 1 perfect order."""
    rows = tuple(
        (one.basis.method, _interval(one.index, one.lower, one.upper), format_count(one.basis.n_events))
        for one in found
    )
    return Table("Discrimination over the follow-up", ("Measure", "Estimate (interval)", "Events"), rows)


def auc_table(found: Sequence[HorizonAuc], *, time_unit: str) -> Table:
    """Return areas under the ROC curve by each horizon."""
    rows = tuple(
        (
            f"{one.horizon_days:g} {time_unit}",
            _interval(one.auc, one.lower, one.upper),
            format_count(one.n_cases),
            format_count(one.n_controls),
        )
        for one in found
    )
    header = ("By", "Area under the curve (interval)", "With the event", "Free of it")
    return Table("Discrimination by a day", header, rows)


def brier_table(found: Sequence[BrierScore], *, time_unit: str) -> Table:
    """Return Brier scores beside that of one risk for everybody."""
    rows = tuple(
        (
            f"{one.horizon_days:g} {time_unit}",
            _interval(one.score, one.lower, one.upper),
            f"{one.null_score:.3f}",
            format_percent(one.ipa),
        )
        for one in found
    )
    header = ("By", "Brier score (interval)", "One risk for all", "Gain over that")
    return Table("Overall error, 0 is perfect", header, rows)


def calibration_table(found: GroupCalibration, *, time_unit: str) -> Table:
    """Return predicted and observed risks of groups."""
    rows = tuple(
        (
            f"{row['group']}",
            format_count(row["n"]),
            format_percent(row["mean_predicted"]),
            percent_text(row, "observed"),
            BEYOND if row["is_beyond_follow_up"] else "",
        )
        for row in found.table.iter_rows(named=True)
    )
    caption = (
        f"Calibration by {found.horizon_days:g} {time_unit}: observed over predicted "
        f"{_interval(found.ratio, found.ratio_lower, found.ratio_upper)}"
    )
    return Table(caption, ("Group of risk", "Patients", "Predicted", "Observed (interval)", "Note"), rows)


def optimism_table(found: Optimism) -> Table:
    """Return performance as measured, and corrected for having been measured in the same patients."""
    rows = tuple(
        (
            MEASURES[row["measure"]],
            *(f"{row[name]:.3f}" for name in ("apparent", "optimism", "corrected")),
        )
        for row in found.table.iter_rows(named=True)
    )
    caption = (
        f"Corrected for optimism ({found.n_resamples} bootstrap samples, {found.n_failed} without a fit)"
    )
    return Table(caption, ("Measure", "As measured", "Optimism", "Corrected"), rows)


def _interval(value: float, lower: float, upper: float) -> str:
    """Write a number with limits, three decimals."""
    return number_text({"value": value, "lower": lower, "upper": upper}, "value", digits=3).replace(
        " to ", EN_DASH
    )
