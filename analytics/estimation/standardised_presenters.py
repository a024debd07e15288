"""Standardised risks as tables: crude and standardised side by side, never one without the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.charts.labels import label_group
from analytics.charts.numbers import (
    format_count,
    format_fraction,
    format_p_value,
    format_percent,
    format_percent_interval,
    format_ratio,
)
from analytics.comparison.covariates import label_covariate
from analytics.report.document import Block, Paragraph, Table

if TYPE_CHECKING:
    from analytics.comparison.results import StandardisedComparison
    from analytics.estimation.presentation_words import Words
    from analytics.regression.results import ModelTest


def show_standardised_risk(found: tuple[Any, ...], words: Words) -> tuple[Block, ...]:
    """Show risks, differences and ratios, and what they rest on."""
    (one,) = found
    return (
        Paragraph(basis_sentence(one)),
        level_table(one, caption=f"Risk of {words.endpoint}"),
        contrast_table(one, caption=f"{words.endpoint}: each group against the first"),
        *(() if one.estimates.height < 3 else (Paragraph(equality_sentence(one.test)),)),
        *(Paragraph(f"{label_group(none.group)}: not estimable. {none.reason}") for none in one.refused),
    )


def basis_sentence(one: StandardisedComparison) -> str:
    """Say whose risks were averaged, adjusted for what, from how many."""
    basis = one.basis
    held = ", ".join(label_covariate(name) for name in basis.adjusted_for)
    clusters = f" in {format_count(basis.n_clusters)} clusters" if basis.n_clusters is not None else ""
    left_out = "".join(f" {format_count(n)} rows left out: {why}." for why, n in basis.left_out.items())
    return (
        f"Standardised to {basis.population} ({format_count(basis.n)} rows{clusters}), adjusted for {held}. "
        f"Intervals: {basis.interval}.{left_out} An association, given these covariates."
    )


def equality_sentence(test: ModelTest) -> str:
    """Say whether the standardised risks differ at all."""
    told = f"chi-square {test.statistic:.2f}, df {test.degrees_of_freedom}, {format_p_value(test.p_value)}"
    return f"All standardised risks equal: {told}."


def level_table(one: StandardisedComparison, *, caption: str) -> Table:
    """Return one row per group: events, crude and standardised risk."""
    rows = [
        (
            label_group(row["level"]),
            format_fraction(row["n_events"], row["n"]),
            _percent(row["crude"], row["crude_lower"], row["crude_upper"]),
            _percent(row["estimate"], row["lower"], row["upper"]),
        )
        for row in one.estimates.iter_rows(named=True)
    ]
    level = f"{100 * one.plan.confidence:g} % interval"
    return Table(caption, ("Group", "Events", f"Crude ({level})", f"Standardised ({level})"), tuple(rows))


def contrast_table(one: StandardisedComparison, *, caption: str) -> Table:
    """Return differences in percentage points and ratios, crude and standardised."""
    rows = [
        (
            f"{label_group(row['level'])} against {label_group(row['reference'])}",
            "Difference, points" if row["measure"] == "difference" else "Ratio",
            _contrast(row, "crude", "crude_lower", "crude_upper"),
            _contrast(row, "estimate", "lower", "upper"),
            format_p_value(row["p_value"]),
        )
        for row in one.contrasts.iter_rows(named=True)
    ]
    return Table(caption, ("Groups", "Contrast", "Crude", "Standardised", "Test"), tuple(rows))


def _percent(value: float, lower: float, upper: float) -> str:
    """Write a risk with its limits."""
    return f"{format_percent(value)} ({format_percent_interval(lower, upper)})"


def _contrast(row: dict[str, Any], *names: str) -> str:
    """Write a difference in percentage points, or a ratio, with its limits."""
    values = [row[name] for name in names]
    if row["measure"] == "ratio":
        value, lower, upper = (format_ratio(number) for number in values)
    else:
        value, lower, upper = (f"{100 * number:+.1f}" for number in values)
    return f"{value} ({lower} to {upper})"
