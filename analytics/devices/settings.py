"""How devices were set, held against what is plausible and what is advised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.devices.setting_ranges import RATIO
from analytics.devices.shares import Share, count_share
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.devices.setting_ranges import Setting

POSITIONS = ("below", "within", "above")
"""Where a value lies against the judged range."""

TOLERANCE = 1e-9
"""A ratio such as 2.75 / 2.5 misses its decimal by a rounding error; limits belong to the range."""

FEWEST_USES = 10
"""Groups with fewer values take no part in the spread between groups."""

FEWEST_GROUPS = 5
"""With fewer groups a spread would tell about single ones."""


@dataclass(frozen=True)
class SettingSummary:
    """One setting in one group.

    Parameters
    ----------
    setting
        Key of the setting.
    group
        Values of the grouping columns; empty for all uses.
    n_uses
        Uses of the device in the group.
    n_recorded, n_missing, n_implausible
        Uses with a plausible value, without a value, and with a value outside the plausible range; together
        `n_uses`.
    median, lower_quartile, upper_quartile
        Of the plausible values, in the unit of the setting; None where there is none.
    positions
        Share below, within and above the judged range by key of `POSITIONS`; empty where nothing is judged.
        A share describes practice. It is no verdict on a use: indications differ, and so do models.
    """

    setting: str
    group: tuple[str, ...]
    n_uses: int
    n_recorded: int
    n_missing: int
    n_implausible: int
    median: float | None
    lower_quartile: float | None
    upper_quartile: float | None
    positions: dict[str, Share]


@dataclass(frozen=True)
class SettingSpread:
    """How one setting differs between groups, none of which is named.

    Parameters
    ----------
    setting, by
        Key of the setting, and the column whose groups differ.
    n_groups, n_left_out
        Groups with enough values, and groups with fewer.
    lowest, lower_quartile, median, upper_quartile, highest
        Of the medians of the groups.
    """

    setting: str
    by: str
    n_groups: int
    n_left_out: int
    lowest: float
    lower_quartile: float
    median: float
    upper_quartile: float
    highest: float


def derive_setting_values(uses: pl.DataFrame, settings: Sequence[Setting]) -> pl.DataFrame:
    """Read every setting off every use.

    Parameters
    ----------
    uses
        One row per device used: ``device_class``, the quantities of `setting_ranges.QUANTITIES` except the
        ratio, ``reference_diameter_mm`` (of the lesion, mm), and any columns to group by.
    settings
        The settings.

    Returns
    -------
    polars.DataFrame
        One row per use and setting of its class: the columns of `uses`, ``setting``, ``value`` (null where
        not recorded), ``is_plausible`` and ``position`` (of `POSITIONS`; null where not judged, missing or
        implausible).
    """
    ratio = (
        pl.when(pl.col("reference_diameter_mm") > 0)
        .then(pl.col("diameter_mm") / pl.col("reference_diameter_mm"))
        .alias(RATIO)
    )
    rows = uses.with_columns(ratio)
    parts = [_values_of(rows, setting) for setting in settings]
    return pl.concat(parts).drop(RATIO) if parts else rows.clear()


def _values_of(rows: pl.DataFrame, setting: Setting) -> pl.DataFrame:
    """Read one setting off the uses of its class."""
    value, (low, high) = pl.col("value"), setting.plausible
    of_class = rows.filter(pl.col("device_class") == setting.device_class)
    read = of_class.with_columns(
        setting=pl.lit(setting.key), value=pl.col(setting.quantity).cast(pl.Float64)
    ).with_columns(is_plausible=value.is_between(low - TOLERANCE, high + TOLERANCE))
    return read.with_columns(_position(setting).alias("position"))


def _position(setting: Setting) -> pl.Expr:
    """Say where a plausible value lies against the judged range."""
    if setting.judged is None:
        return pl.lit(None, dtype=pl.String)
    low, high = setting.judged
    value = pl.col("value")
    return (
        pl.when(~pl.col("is_plausible"))
        .then(None)
        .when(value < low - TOLERANCE)
        .then(pl.lit("below"))
        .when(value > high + TOLERANCE)
        .then(pl.lit("above"))
        .when(value.is_not_null())
        .then(pl.lit("within"))
    )


def estimate_settings(
    values: pl.DataFrame,
    settings: Sequence[Setting],
    *,
    by: Sequence[str] = (),
    clusters: str | None = None,
) -> tuple[SettingSummary | NotEstimable, ...]:
    """Summarise settings, over all uses or by group.

    Parameters
    ----------
    values
        Result of `derive_setting_values`.
    settings
        The settings, in the order of the answers.
    by
        Columns to group by, for example ``site_id`` or ``procedure_year``. Rows without a group form the
        group ``not recorded``.
    clusters
        Column whose rows may resemble one another; None for Wilson intervals of independent uses.

    Returns
    -------
    tuple of SettingSummary or NotEstimable
        One a setting and group, groups in ascending order; refused where the device was never used.
    """
    answers: list[SettingSummary | NotEstimable] = []
    for setting in settings:
        rows = values.filter(pl.col("setting") == setting.key)
        if not rows.height:
            reason = "The device was not used, or none of its uses is on record."
            answers.append(NotEstimable(setting.key, reason, "no_patients"))
            continue
        answers += [_summarise(part, setting, group, clusters) for group, part in _split(rows, by)]
    return tuple(answers)


def _split(rows: pl.DataFrame, by: Sequence[str]) -> list[tuple[tuple[str, ...], pl.DataFrame]]:
    """Split rows into groups, each with its values as text."""
    if not by:
        return [((), rows)]
    keyed = rows.with_columns(pl.col(*by).cast(pl.String).fill_null("not recorded")).sort(*by)
    parts = keyed.partition_by(*by, maintain_order=True, as_dict=True)
    return [(tuple(str(part) for part in key), frame) for key, frame in parts.items()]


def _summarise(
    rows: pl.DataFrame, setting: Setting, group: tuple[str, ...], clusters: str | None
) -> SettingSummary:
    """Summarise one setting in one group."""
    plausible = rows.filter(pl.col("is_plausible"))
    quartiles = [plausible["value"].quantile(share, interpolation="linear") for share in (0.25, 0.5, 0.75)]
    n_missing = rows["value"].null_count()
    label = " ".join((setting.key, *group))
    positions = {
        name: count_share(plausible, pl.col("position") == name, clusters=clusters, group=label)
        for name in (POSITIONS if setting.judged else ())
    }
    return SettingSummary(
        setting=setting.key,
        group=group,
        n_uses=rows.height,
        n_recorded=plausible.height,
        n_missing=n_missing,
        n_implausible=rows.height - plausible.height - n_missing,
        median=quartiles[1],
        lower_quartile=quartiles[0],
        upper_quartile=quartiles[2],
        positions=positions,
    )


def describe_spread(
    summaries: Sequence[SettingSummary | NotEstimable], setting: str, *, by: str
) -> SettingSpread | NotEstimable:
    """Describe how the median of a setting differs between groups, without naming any of them.

    Parameters
    ----------
    summaries
        Result of `estimate_settings` by one column.
    setting
        Key of the setting.
    by
        The column, for words.

    Returns
    -------
    SettingSpread or NotEstimable
        Over groups of at least `FEWEST_USES` values; refused for fewer than `FEWEST_GROUPS` of them.
    """
    groups = [
        item
        for item in summaries
        if isinstance(item, SettingSummary) and item.setting == setting and item.group != ("not recorded",)
    ]
    medians = pl.Series([item.median for item in groups if item.n_recorded >= FEWEST_USES], dtype=pl.Float64)
    if medians.len() < FEWEST_GROUPS:
        reason = f"Fewer than {FEWEST_GROUPS} groups have {FEWEST_USES} values each."
        return NotEstimable(f"{setting} by {by}", reason, "too_few_units")
    shares = (0.0, 0.25, 0.5, 0.75, 1.0)
    ends = [float(medians.quantile(share, interpolation="linear") or 0.0) for share in shares]
    return SettingSpread(setting, by, medians.len(), len(groups) - medians.len(), *ends)
