"""Parts of the chapter on devices about volumes and running cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from analytics.chapters import device_words as words
from analytics.charts.device_labels import label_device
from analytics.charts.device_volume import device_volume_chart
from analytics.charts.learning_curve import learning_chart
from analytics.charts.numbers import EN_DASH, format_count
from analytics.devices.case_numbers import number_cases, read_case_bands
from analytics.devices.learning import CAUTION, LearningCurve, estimate_learning
from analytics.devices.volumes import UnitVolumes, count_by_period, estimate_unit_volumes, quarter_of
from analytics.refusals import NotEstimable
from analytics.report.document import Bullets, Figure, Paragraph, Section, Table
from analytics.report.serialise import serialise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.chapters.device_rows import DeviceRows
    from analytics.devices.case_numbers import CaseBands
    from analytics.report.document import Block

UNITS = {"site_id": "sites", "operator_id": "operators"}
OUTCOMES = {"worked": "Device worked as meant", "had_complication": "Complication"}
COMPLICATION_WORDS = (
    "Complication: dissection D to F, perforation, slow flow or no-reflow, abrupt closure or tamponade in "
    "the procedure, where the site states absence."
)
STARTERS = (
    "Starters: sites or operators with a year of other procedures on record before their first case with the "
    "device, so that the first case on record is likely their first. An odds ratio above 1 says that the "
    "outcome is more frequent later."
)
LEAST_BANDS = 2
"""A curve of one band is a number, not a curve: it stands in the table only."""


def build_volumes(rows: DeviceRows) -> tuple[Section, dict[str, Any]]:
    """Count procedures with each device by year and quarter, and between sites and operators."""
    dated = rows.procedures.with_columns(quarter=quarter_of("procedure_date"))
    by_year, by_quarter = (
        count_by_period(dated, rows.uses, period=period, devices=words.DEDICATED)
        for period in ("procedure_year", "quarter")
    )
    units = {
        unit: estimate_unit_volumes(rows.procedures, rows.uses, unit=unit, devices=words.DEDICATED)
        for unit in UNITS
    }
    header = ("Device", "Among", "Procedures with it", "Never used it", "Lowest", "Median", "Highest")
    table = Table(
        "Procedures with each device, among the sites and operators on record. Lowest to highest: of those "
        "who used it, where at least 5 did",
        header,
        tuple(_unit_row(item, UNITS[unit]) for unit, found in units.items() for item in found),
    )
    blocks: list[Block] = [table, Paragraph(words.OPERATORS)]
    if by_year.height:
        chart = device_volume_chart(by_year, title="Procedures with each device by year", period_title="Year")
        blocks.insert(0, Figure(chart))
    values = {"by_year": serialise(by_year), "by_quarter": serialise(by_quarter), "units": serialise(units)}
    return Section("device-volumes", "How often, where and by whom", tuple(blocks), level=3), values


def _unit_row(item: UnitVolumes | NotEstimable, among: str) -> tuple[str, ...]:
    """Write one device among sites or operators."""
    if not isinstance(item, UnitVolumes):
        return (item.group, among, words.NOT_ESTIMABLE, item.reason, EN_DASH, EN_DASH, EN_DASH)
    ends = (
        (EN_DASH,) * 3
        if item.lowest is None or item.median is None or item.highest is None
        else (format_count(item.lowest), f"{item.median:g}", format_count(item.highest))
    )
    return (
        label_device(item.device_class),
        among,
        f"{format_count(item.n_procedures)} of {format_count(item.n_all)}",
        words.full_words(item.without),
        *ends,
    )


def build_learning(rows: DeviceRows) -> tuple[Section, dict[str, Any]]:
    """Hold success and complications against the running case number."""
    bands = read_case_bands()
    pairs = {
        (unit, outcome): [
            _learn(rows, device, unit=unit, outcome=outcome, bands=bands) for device in words.DEDICATED
        ]
        for unit in UNITS
        for outcome in OUTCOMES
    }
    found = {key: [everybody for everybody, _ in items] for key, items in pairs.items()}
    blocks: list[Block] = [Paragraph(CAUTION), Paragraph(COMPLICATION_WORDS)]
    blocks += _figures(found)
    curves = [
        (unit, outcome, item)
        for (unit, outcome), items in found.items()
        for item in items
        if isinstance(item, LearningCurve)
    ]
    starters = {
        (unit, outcome, item.label): item
        for (unit, outcome), items in pairs.items()
        for _, item in items
        if isinstance(item, LearningCurve)
    }
    blocks += [_band_table(curves), _trend_table(curves, starters), Paragraph(STARTERS)]
    refused = dict.fromkeys(
        f"{item.group}, {OUTCOMES[outcome].lower()}, by {UNITS[unit]}: {item.reason}"
        for (unit, outcome), items in found.items()
        for item in items
        if not isinstance(item, LearningCurve)
    )
    if refused:
        blocks.append(Bullets(tuple(refused)))
    values = {f"{unit}:{outcome}": serialise(items) for (unit, outcome), items in found.items()}
    values["starters"] = serialise({"|".join(key): item for key, item in starters.items()})
    return Section("device-learning", "Outcomes by running case number", tuple(blocks), level=3), values


def _learn(
    rows: DeviceRows, device: str, *, unit: str, outcome: str, bands: CaseBands
) -> tuple[LearningCurve | NotEstimable, LearningCurve | NotEstimable]:
    """Count up the cases of one device and hold an outcome against the number: everybody, and starters."""
    cases = (
        rows.past_uses.filter(pl.col("device_class") == device)
        .group_by("procedure_id", maintain_order=True)
        .agg(worked=pl.col("device_success").all(ignore_nulls=False))
    )
    # Numbered over the whole registry first: a filter of years or grades must not make beginners.
    numbered = number_cases(rows.past, cases, unit=unit, lead_days=bands.lead_days).join(
        rows.procedures.select("procedure_id", "had_complication"),
        on="procedure_id",
        how="inner",
        maintain_order="left",
    )
    label = label_device(device)
    everybody = estimate_learning(numbered, outcome, unit=unit, bands=bands, label=label)
    starters = estimate_learning(numbered, outcome, unit=unit, bands=bands, label=label, starters=True)
    return everybody, starters


def _figures(found: dict[tuple[str, str], list[LearningCurve | NotEstimable]]) -> list[Block]:
    """Curves by site and by operator, where some device has two bands."""
    blocks: list[Block] = []
    for (unit, outcome), items in found.items():
        curves = [
            item for item in items if isinstance(item, LearningCurve) and len(item.bands) >= LEAST_BANDS
        ]
        if curves:
            title = f"{OUTCOMES[outcome]}, by running case number of {UNITS[unit]}"
            blocks.append(Figure(learning_chart(curves, title=title, y_title="Procedures, %")))
    return blocks


def _band_table(curves: Sequence[tuple[str, str, LearningCurve]]) -> Table:
    """One row a device, outcome, unit and band."""
    rows = tuple(
        (
            curve.label,
            OUTCOMES[outcome],
            UNITS[unit],
            band.label,
            format_count(band.n_owners),
            words.count_words(band.share),
            words.share_words(band.share),
        )
        for unit, outcome, curve in curves
        for band in curve.bands
    )
    header = (
        "Device",
        "Outcome",
        "Cases of",
        "Case number",
        "Sites or operators",
        "k/n",
        "Share (95 % interval)",
    )
    return Table("Outcomes by running case number; cases are taken as independent", header, rows)


def _trend_table(
    curves: Sequence[tuple[str, str, LearningCurve]], starters: dict[tuple[str, str, str], LearningCurve]
) -> Table:
    """One row a device, outcome and unit for which anything about a trend can be said."""
    rows = tuple(
        (
            curve.label,
            OUTCOMES[outcome],
            UNITS[unit],
            words.trend_words(curve.trend),
            words.ratio_words(curve.doubling),
            _starter_words(starters.get((unit, outcome, curve.label))),
            format_count(curve.n_unknown),
        )
        for unit, outcome, curve in curves
        if not (isinstance(curve.trend, NotEstimable) and isinstance(curve.doubling, NotEstimable))
    )
    header = (
        "Device",
        "Outcome",
        "Cases of",
        "Trend over bands",
        "Odds ratio per doubling",
        "Starters only",
        "Not recorded",
    )
    caption = (
        "Trend over the running case number; left out where nothing can be estimated (too few events, or one "
        "band). The odds ratio allows for sites or operators that differ"
    )
    return Table(caption, header, rows)


def _starter_words(curve: LearningCurve | None) -> str:
    """Write the odds ratio of starters with their number."""
    if curve is None or isinstance(curve.doubling, NotEstimable):
        return words.NOT_ESTIMABLE
    return f"{words.ratio_words(curve.doubling)}, {format_count(curve.doubling.n_owners)} of them"
