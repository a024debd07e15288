"""Tables of an answer for a terminal: restricted means, pairs of groups, hierarchies, subdistributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.forest import hazard_ratio_text
from analytics.charts.labels import label_group, label_level
from analytics.charts.numbers import EN_DASH, format_count, format_p_value, format_percent
from analytics.report.document import Table
from analytics.survival.results import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.restricted_means import RestrictedMean, RestrictedMeanContrast
    from analytics.survival.results_win_ratio import WinRatio

CONTRAST_WORDS = {
    "difference": "Difference",
    "ratio": "Ratio of event-free time",
    "ratio_of_lost_days": "Ratio of time lost",
}


def mean_table(means: Sequence[RestrictedMean | NotEstimable], *, caption: str, time_unit: str) -> Table:
    """Return mean event-free times with limits; a refusal keeps its row and gives its reason."""
    rows = [_mean_row(one, time_unit) for one in means]
    level = next(
        (label_level(one.basis.interval) for one in means if not isinstance(one, NotEstimable)), "95 %"
    )
    return Table(caption, ("Group", "Up to", f"Mean ({level} interval)", "Lost"), tuple(rows))


def _mean_row(mean: RestrictedMean | NotEstimable, time_unit: str) -> tuple[str, ...]:
    """One row of the table of means."""
    if isinstance(mean, NotEstimable):
        return (label_group(mean.group), "", "not estimable", mean.reason)
    value = f"{mean.mean_days:.1f} ({mean.lower:.1f}{EN_DASH}{mean.upper:.1f})"
    horizon = f"{mean.horizon_days:g} {time_unit}"
    return (label_group(mean.group), horizon, value, f"{mean.lost_days:.1f}")


def contrast_table(contrasts: Sequence[RestrictedMeanContrast], *, time_unit: str) -> Table:
    """Return each group against the first, at every horizon."""
    rows = [
        (
            f"{label_group(one.group)} against {label_group(one.reference)}",
            f"{one.horizon_days:g} {time_unit}",
            CONTRAST_WORDS[row["contrast"]],
            _estimate_text(row),
            "" if row["p_value"] is None else format_p_value(row["p_value"]),
        )
        for one in contrasts
        for row in one.table.iter_rows(named=True)
    ]
    header = ("Groups", "Up to", "Contrast", "Estimate (interval)", "Test")
    return Table(f"Event-free time compared, in {time_unit}", header, tuple(rows))


def _estimate_text(row: dict[str, float | None]) -> str:
    """Estimate with limits; a ratio of or to zero has none."""
    estimate, lower, upper = row["estimate"], row["lower"], row["upper"]
    if estimate is None or lower is None or upper is None:
        return "not estimable"
    return f"{estimate:.2f} ({lower:.2f} to {upper:.2f})"


def pair_table(pairs: pl.DataFrame) -> Table:
    """Return the tests of every pair of groups, with adjusted p values."""
    rows = [
        (f"{label_group(row['first'])} against {label_group(row['second'])}", *_pair_cells(row))
        for row in pairs.iter_rows(named=True)
    ]
    header = ("Pair", "Chi-square", "Test", "Adjusted (Holm)")
    return Table("Every pair of groups", header, tuple(rows))


def _pair_cells(row: dict[str, float | None]) -> tuple[str, str, str]:
    """Statistic and p values of a pair; a refusal gives its reason."""
    statistic, p_value, adjusted = row["statistic"], row["p_value"], row["p_holm"]
    if statistic is None or p_value is None or adjusted is None:
        return ("not estimable", str(row["reason"]), "")
    return (f"{statistic:.2f}", format_p_value(p_value), format_p_value(adjusted))


def hierarchy_table(found: WinRatio) -> Table:
    """Return what became of the pairs at each outcome."""
    rows = [
        (
            row["outcome"],
            *(format_count(round(row[name])) for name in ("n_pairs", "n_win", "n_loss")),
            format_count(round(row["n_neutral"] + row["n_uninformative"])),
        )
        for row in found.table.iter_rows(named=True)
    ]
    caption = f"Pairs of {label_group(found.group)} (won or lost) against {label_group(found.reference)}"
    return Table(caption, ("Outcome", "Pairs", "Won", "Lost", "Open"), tuple(rows))


def hierarchy_sentence(found: WinRatio) -> str:
    """Return win ratio and net benefit with limits, and what they rest on."""
    row = found.table.row(-1, named=True)
    ratio = hazard_ratio_text(row["win_ratio"], row["win_ratio_lower"], row["win_ratio_upper"])
    share = (format_percent(row[name]) for name in ("net_benefit", "net_benefit_lower", "net_benefit_upper"))
    benefit, lower, upper = share
    counts = f"{format_count(found.basis.n_events)} of {format_count(found.basis.n)} patients with an event"
    return (
        f"Win ratio {ratio}, {format_p_value(row['win_ratio_p_value'])}; net benefit {benefit} "
        f"({lower} to {upper}); {counts}. Above 1, {label_group(found.group)} did better. "
        "Not adjusted for differences between the groups."
    )
