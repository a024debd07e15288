"""Parts of the chapter on devices about how they were set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.chapters import device_words as words
from analytics.charts.device_labels import label_device
from analytics.charts.device_settings import setting_panels_chart
from analytics.charts.labels import label_severity
from analytics.charts.numbers import EN_DASH, format_count, format_percent
from analytics.devices.labels import LabelUse, estimate_cutting_label_use
from analytics.devices.setting_histograms import count_values
from analytics.devices.setting_ranges import read_settings
from analytics.devices.settings import (
    SettingSpread,
    SettingSummary,
    derive_setting_values,
    describe_spread,
    estimate_settings,
)
from analytics.report.document import Bullets, Figure, Paragraph, Section, Table
from analytics.report.serialise import serialise

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from analytics.chapters.device_rows import DeviceRows
    from analytics.devices.setting_ranges import Setting
    from analytics.refusals import NotEstimable
    from analytics.report.document import Block

PATIENT = "patient_id"
SHOWN = ("within", "below", "above")
"""Positions in the order of the table: what is asked first comes first."""
SMALL = 10
"""Fewest values of a year for which a share is printed."""


def build_settings(rows: DeviceRows) -> tuple[Section, dict[str, Any]]:
    """Hold settings against their ranges, over all uses, by year, and between sites and operators."""
    settings = read_settings()
    found = derive_setting_values(rows.uses, settings)
    overall = estimate_settings(found, settings, clusters=PATIENT)
    summaries = [item for item in overall if isinstance(item, SettingSummary)]
    by_key = {setting.key: setting for setting in settings}
    panels = [
        (count_values(found, by_key[item.setting]), item) for item in summaries if by_key[item.setting].judged
    ]
    yearly = estimate_settings(
        found, [setting for setting in settings if setting.judged], by=("procedure_year",)
    )
    spreads = _spreads(found, settings)
    blocks: list[Block] = [
        Paragraph(
            "Each setting is held against a range only where a text states one: as advice, on the label, or "
            "as a limit of the device. Values that cannot be true are counted as implausible and left out."
        ),
        _table(summaries, by_key),
        *(
            [Figure(setting_panels_chart(panels, title="Settings and what they are held against"))]
            if panels
            else []
        ),
        Bullets(tuple(_source(by_key[item.setting]) for item in summaries)),
        _year_table(yearly, by_key),
        _spread_table(spreads, by_key),
        Paragraph(words.OPERATORS),
    ]
    values = {"settings": serialise(overall), "by_year": serialise(yearly), "spread": serialise(spreads)}
    return Section("device-settings", "How devices were set", tuple(blocks), level=3), values


def _table(summaries: Sequence[SettingSummary], by_key: dict[str, Setting]) -> Table:
    """One row a setting."""
    header = (
        "Setting",
        "Median (middle half)",
        "Held against",
        *(name.capitalize() for name in SHOWN),
        "Recorded",
        "Missing",
        "Implausible",
    )
    rows = tuple(_row(item, by_key[item.setting]) for item in summaries)
    return Table("Settings, by use of the device; shares with 95 % intervals by patient", header, rows)


def _row(item: SettingSummary, setting: Setting) -> tuple[str, ...]:
    """Write one setting."""
    held = f"{setting.range_text} ({setting.basis})" if setting.judged else "not judged"
    return (
        setting.label,
        _median(item, setting),
        held,
        *(words.full_words(item.positions[name]) if item.positions else EN_DASH for name in SHOWN),
        f"{format_count(item.n_recorded)} of {format_count(item.n_uses)}",
        format_count(item.n_missing),
        format_count(item.n_implausible),
    )


def _median(item: SettingSummary, setting: Setting) -> str:
    """Write median and quartiles with their unit."""
    if item.median is None or item.lower_quartile is None or item.upper_quartile is None:
        return "not recorded"
    digits = setting.decimals
    unit = "" if setting.unit == "ratio" else f" {setting.unit}"
    ends = f"{item.lower_quartile:.{digits}f}{EN_DASH}{item.upper_quartile:.{digits}f}"
    return f"{item.median:.{digits}f} ({ends}){unit}"


def _source(setting: Setting) -> str:
    """Say what a setting is held against and where that stands."""
    parts = [f"{setting.label}, {label_device(setting.device_class).lower()}: {setting.note}".rstrip(": ")]
    if setting.sources:
        parts.append("Source: " + "; ".join(source.citation for source in setting.sources) + ".")
    return " ".join(parts)


def _year_table(yearly: Sequence[SettingSummary | NotEstimable], by_key: dict[str, Setting]) -> Table:
    """Share within the range by year."""
    items = [item for item in yearly if isinstance(item, SettingSummary)]
    years = sorted({item.group[0] for item in items})
    shares = {(item.setting, item.group[0]): item.positions["within"] for item in items}
    rows = tuple(
        (
            by_key[key].label,
            *(_year_cell(shares.get((key, year))) for year in years),
        )
        for key in dict.fromkeys(item.setting for item in items)
    )
    caption = f"Share within the range by year; a dot where fewer than {SMALL} values are on record"
    return Table(caption, ("Setting", *years), rows)


def _year_cell(share: Any) -> str:  # noqa: ANN401 - a Share or None
    """Write a share with its count, or a dot for few values."""
    if share is None or share.n_total < SMALL:
        return "\u00b7"
    return f"{format_percent(share.n_events / share.n_total, digits=0)} of {format_count(share.n_total)}"


def _spreads(found: pl.DataFrame, settings: Sequence[Setting]) -> list[SettingSpread | NotEstimable]:
    """Spread of each setting between sites and between operators."""
    spreads: list[SettingSpread | NotEstimable] = []
    for by, name in (("site_id", "sites"), ("operator_id", "operators")):
        grouped = estimate_settings(found, settings, by=(by,))
        spreads += [describe_spread(grouped, setting.key, by=name) for setting in settings]
    return spreads


def _spread_table(spreads: Sequence[SettingSpread | NotEstimable], by_key: dict[str, Setting]) -> Table:
    """Spread of medians; settings with too few groups are left out."""
    rows = []
    for item in spreads:
        if not isinstance(item, SettingSpread):
            continue
        digits = by_key[item.setting].decimals
        ends = (item.lowest, item.lower_quartile, item.median, item.upper_quartile, item.highest)
        rows.append(
            (
                by_key[item.setting].label,
                item.by,
                format_count(item.n_groups),
                format_count(item.n_left_out),
                *(f"{end:.{digits}f}" for end in ends),
            )
        )
    header = (
        "Setting",
        "Between",
        "Groups",
        "Left out",
        "Lowest",
        "Quarter",
        "Half",
        "Three quarters",
        "Highest",
    )
    caption = "How medians differ between sites and between operators with at least 10 values"
    return Table(caption, header, tuple(rows))


def build_label_note(rows: DeviceRows) -> tuple[Section, dict[str, Any]]:
    """Count cutting balloons in calcium that the angiogram shows."""
    found = estimate_cutting_label_use(rows.uses, grades=words.GRADES, clusters=PATIENT)
    blocks: tuple[Block, ...]
    if isinstance(found, LabelUse):
        grades = tuple((label_severity(grade), format_count(n)) for grade, n in found.by_grade.items())
        share = found.outside
        outside = (
            f"Of {format_count(share.n_total)} cutting balloons in lesions whose grade can tell, "
            f"{format_count(share.n_events)} were used in calcium that the angiogram shows: "
            f"{words.share_words(share)}. {format_count(share.n_unknown)} more were used in lesions whose "
            "grade cannot tell."
        )
        blocks = (
            Paragraph(outside),
            Paragraph(f"{found.note} Source: {found.source.citation}."),
            Table("Cutting balloons by angiographic grade", ("Grade", "Uses"), grades),
        )
    else:
        blocks = (Paragraph(words.refusal_words(found)),)
    title = "Cutting balloons and their label"
    return Section("device-label", title, blocks, level=3), {"label": serialise(found)}
