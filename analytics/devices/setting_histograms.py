"""How the values of a setting are spread: counts in bars of a fixed width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.devices.settings import TOLERANCE

if TYPE_CHECKING:
    from analytics.devices.setting_ranges import Setting


@dataclass(frozen=True)
class SettingHistogram:
    """Counts of the plausible values of a setting.

    Parameters
    ----------
    setting
        The setting.
    starts
        Lower end of each bar, ascending and without gaps; each is ``setting.step`` wide.
    counts
        Uses in each bar; the lower end belongs to it.
    """

    setting: Setting
    starts: tuple[float, ...]
    counts: tuple[int, ...]


def count_values(values: pl.DataFrame, setting: Setting) -> SettingHistogram:
    """Count the plausible values of a setting in bars.

    Parameters
    ----------
    values
        Result of `derive_setting_values`.
    setting
        The setting.

    Returns
    -------
    SettingHistogram
        From the lowest to the highest bar with a value; empty where there is none.
    """
    step = setting.step
    shift = step / 2 if setting.centred else 0.0
    place = ((pl.col("value") + shift) / step + TOLERANCE).floor().cast(pl.Int64)
    counts = dict(
        values.filter((pl.col("setting") == setting.key) & pl.col("is_plausible"))
        .group_by(place=place)
        .agg(n=pl.len())
        .iter_rows()
    )
    if not counts:
        return SettingHistogram(setting, (), ())
    places = range(min(counts), max(counts) + 1)
    return SettingHistogram(
        setting,
        tuple(round(place * step - shift, 9) for place in places),
        tuple(counts.get(place, 0) for place in places),
    )
