"""Tables of results beyond curves and plain models: results -> rows of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.charts.forest import hazard_ratio_text
from analytics.charts.hazard import PER_100_YEARS
from analytics.charts.labels import label_group, label_level, label_term
from analytics.charts.numbers import EN_DASH, format_count, format_p_value, format_percent
from analytics.report.document import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from analytics.charts.forest import RatioWords
    from analytics.estimation.model_predictions import ProfileRisk
    from analytics.survival.conditional_survival import ConditionalSurvival
    from analytics.survival.cumulative_hazards import CumulativeHazard
    from analytics.survival.follow_up import FollowUp
    from analytics.survival.results import Basis
    from analytics.survival.results_parametric import PiecewiseExponentialFit
    from analytics.survival.results_recurrence import MeanCumulativeCount
    from analytics.survival.results_restricted import TimeLost

BEYOND = "beyond follow-up"


def percent_text(row: dict[str, float], name: str) -> str:
    """Return a share with its limits in percent; limits that are not defined are left out."""
    if row["lower"] is None or row["upper"] is None:
        return format_percent(row[name])
    return f"{format_percent(row[name])} ({100 * row['lower']:.1f}{EN_DASH}{100 * row['upper']:.1f})"


def capitalise(text: str) -> str:
    """Begin a text with a capital and leave the rest as it is."""
    return text[:1].upper() + text[1:]


def number_text(row: dict[str, float], name: str, *, digits: int) -> str:
    """Return a number with its limits."""
    value, lower, upper = (f"{row[key]:.{digits}f}" for key in (name, "lower", "upper"))
    return f"{value} ({lower} to {upper})"


def ratio_table(
    table: pl.DataFrame,
    basis: Basis,
    words: RatioWords,
    *,
    caption: str,
    label: Callable[[str], str] = label_term,
) -> Table:
    """Return ratios of a model with limits, coefficients and tests.

    Parameters
    ----------
    table
        ``term`` (or ``contrast``), ``coefficient``, ``std_error``, ``p_value``, the ratio, ``lower``,
        ``upper``.
    basis
        What they rest on; its interval names the level.
    words
        What the ratio is called, and its column.
    caption
        What the table shows.
    label
        Gives the words of a coefficient.
    """
    name = "contrast" if "contrast" in table.columns else "term"
    rows = tuple(
        (
            label(row[name]) if name == "term" else label_contrast(row[name], label),
            hazard_ratio_text(row[words.column], row["lower"], row["upper"]),
            f"{row['coefficient']:.3f} ({row['std_error']:.3f})",
            format_p_value(row["p_value"]),
        )
        for row in table.iter_rows(named=True)
    )
    header = ("Term", f"{words.name} ({label_level(basis.interval)} interval)", "Coefficient (SE)", "Test")
    return Table(caption, header, rows)


def label_contrast(name: str, label: Callable[[str], str] = label_term) -> str:
    """Return the words for a contrast; one made for a period names a coefficient and the period."""
    term, found, period = name.partition(" in ")
    return f"{label(term)}, {period}" if found and ("=" in term or "_" in term) else name


def profile_table(risk: ProfileRisk, *, time_unit: str) -> Table:
    """Return predicted risks of profiles, marked where they go beyond what was observed."""
    rows = tuple(
        (
            f"{row['profile']}{', ' + row['stratum'] if row['stratum'] else ''}",
            capitalise(row["cause"]),
            f"{row['time_days']:g} {time_unit}",
            percent_text(row, "risk"),
            BEYOND if row["is_beyond_follow_up"] else "",
        )
        for row in risk.table.iter_rows(named=True)
    )
    header = ("Patient", "Event", "By", f"Risk ({label_level(risk.basis.interval)} interval)", "Note")
    return Table("Risk that the model predicts", header, rows)


def follow_up_table(found: Sequence[FollowUp], *, time_unit: str) -> Table:
    """Return the potential follow-up of groups by the reverse Kaplan-Meier method."""
    rows = tuple(
        (
            label_group(one.group),
            format_count(one.basis.n),
            "not reached" if one.median_days is None else f"{one.median_days:,.0f}",
            _limits(one),
        )
        for one in found
    )
    header = ("Group", "Patients", f"Median, {time_unit}", "Interval")
    return Table("Potential follow-up (reverse Kaplan-Meier)", header, rows)


def _limits(one: FollowUp) -> str:
    """Limits of a median; a limit that the curve does not reach is open."""
    if one.median_days is None:
        return ""
    upper = "open" if one.upper is None else f"{one.upper:,.0f}"
    return "" if one.lower is None else f"{one.lower:,.0f} to {upper}"


def hazard_table(found: Sequence[CumulativeHazard], *, time_unit: str) -> Table:
    """Return cumulative hazards at the horizons."""
    rows = tuple(
        (
            label_group(one.group),
            f"{row['time_days']:g} {time_unit}",
            number_text(row, "cumulative_hazard", digits=3),
            BEYOND if row["is_beyond_follow_up"] else "",
        )
        for one in found
        for row in one.at_days.iter_rows(named=True)
    )
    level = label_level(found[0].basis.interval)
    return Table(
        "Cumulative hazard (Nelson-Aalen)", ("Group", "By", f"Estimate ({level} interval)", "Note"), rows
    )


def conditional_table(found: Sequence[ConditionalSurvival], *, time_unit: str) -> Table:
    """Return the chance of staying free, given freedom up to a day."""
    rows = tuple(
        (
            label_group(one.group),
            f"{row['time_days']:g} {time_unit}",
            percent_text(row, "survival"),
            format_count(one.n_at_start),
        )
        for one in found
        for row in one.table.iter_rows(named=True)
    )
    level, start = label_level(found[0].basis.interval), found[0].from_day
    caption = f"Chance of staying free, of those free on {time_unit.rstrip('s')} {start:g}"
    return Table(caption, ("Group", "Up to", f"Free ({level} interval)", "Patients then"), rows)


def lost_table(found: Sequence[TimeLost], *, time_unit: str) -> Table:
    """Return mean time lost to each cause up to each horizon."""
    rows = tuple(
        (
            label_group(one.group),
            f"{one.horizon_days:g} {time_unit}",
            capitalise(row["cause"]),
            number_text(row, "lost_days", digits=1),
        )
        for one in found
        for row in one.table.iter_rows(named=True)
    )
    level = label_level(found[0].basis.interval)
    return Table(
        f"Mean time lost, in {time_unit}", ("Group", "Up to", "To", f"Lost ({level} interval)"), rows
    )


def lost_contrast_table(table: pl.DataFrame, *, time_unit: str) -> Table:
    """Return differences of time lost between groups."""
    rows = tuple(
        (
            f"{label_group(row['group'])} against {label_group(row['reference'])}",
            f"{row['horizon_days']:g} {time_unit}",
            capitalise(row["cause"]),
            number_text(row, "difference", digits=1),
            "" if row["p_value"] is None else format_p_value(row["p_value"]),
        )
        for row in table.iter_rows(named=True)
    )
    header = ("Groups", "Up to", "To", "Difference (interval)", "Test")
    return Table(f"Time lost compared, in {time_unit}", header, rows)


def mean_count_table(
    found: Sequence[MeanCumulativeCount], days: Sequence[int], *, caption: str, time_unit: str
) -> Table:
    """Return mean numbers of events per 100 patients at the horizons."""
    rows = []
    for one in found:
        last = one.table["time_days"].max()
        for day in days:
            reached = one.table.filter(one.table["time_days"] <= day)
            row = reached.row(-1, named=True) if reached.height else None
            value = (
                "0.0"
                if row is None
                else number_text(
                    {name: 100 * row[name] for name in ("mean_count", "lower", "upper")},
                    "mean_count",
                    digits=1,
                )
            )
            note = BEYOND if day > last else ""  # type: ignore[operator]  # days are numbers
            events = format_count(int(reached["n_event"].sum()))
            rows.append(
                (
                    label_group(one.group),
                    f"{day:g} {time_unit}",
                    value,
                    events,
                    format_count(one.n_patients),
                    note,
                )
            )
    level = label_level(found[0].basis.interval)
    header = ("Group", "By", f"Per 100 patients ({level} interval)", "Events", "Patients", "Note")
    return Table(caption, header, tuple(rows))


def _rate_text(row: dict[str, float], time_unit: str) -> str:
    """Rate with its limits: per 100 patient-years where time is in days."""
    if time_unit != "days":
        return number_text(row, "rate", digits=5)
    per_years = {name: PER_100_YEARS * row[name] for name in ("rate", "lower", "upper")}
    return number_text(per_years, "rate", digits=2)


def interval_table(fit: PiecewiseExponentialFit, *, time_unit: str) -> Table:
    """Return rates between days, at covariates zero where there are covariates."""
    rows = tuple(
        (
            row["interval"],
            format_count(int(row["n_event"])),
            format_count(round(row["person_days"])),
            _rate_text(row, time_unit),
        )
        for row in fit.intervals.iter_rows(named=True)
    )
    unit = "per 100 patient-years" if time_unit == "days" else f"per {time_unit.rstrip('s')}"
    where = ", at covariates zero" if fit.spec.terms else ""
    header = ("Interval", "Events", f"Person-time, {time_unit}", f"Rate {unit}")
    return Table(f"Event rates between cuts{where}", header, rows)
