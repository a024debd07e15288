"""Tables of curves, risks, tests and models: results -> rows of text, for the report and the pages alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.charts.forest import hazard_ratio_text
from analytics.charts.labels import label_group, label_level, label_variance
from analytics.charts.numbers import (
    format_count,
    format_days,
    format_fraction,
    format_p_value,
    format_percent,
    format_percent_interval,
)
from analytics.report.document import Table
from analytics.survival.results import CoxFit, GroupTest, HorizonRisk, NotEstimable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.survival.results import ProportionalityTest

NOT_ESTIMABLE = "not estimable"


def risk_rows(
    risks: Sequence[HorizonRisk | NotEstimable], *, time_unit: str = "days"
) -> tuple[tuple[str, ...], ...]:
    """Return one row a risk: group, horizon, percent with limits, events by then, still at risk.

    A refusal keeps its row and gives its reason instead of a number.
    """
    return tuple(_risk_row(risk, time_unit) for risk in risks)


def _risk_row(risk: HorizonRisk | NotEstimable, time_unit: str) -> tuple[str, ...]:
    """One row of the risk table."""
    if isinstance(risk, NotEstimable):
        return (label_group(risk.group), "", NOT_ESTIMABLE, "", risk.reason)
    value = f"{format_percent(risk.risk)} ({format_percent_interval(risk.lower, risk.upper)})"
    return (
        label_group(risk.group),
        _horizon_words(risk, time_unit),
        value,
        format_fraction(risk.n_event, risk.basis.n),
        "" if risk.period else format_count(risk.n_risk),
    )


def _horizon_words(risk: HorizonRisk, time_unit: str) -> str:
    """Words for the end of a period: its name, a clinic's days and years, or the unit of the data."""
    if risk.period:
        return risk.period
    return format_days(risk.horizon_days) if time_unit == "days" else f"{risk.horizon_days} {time_unit}"


def risk_table(
    risks: Sequence[HorizonRisk | NotEstimable], *, caption: str, time_unit: str = "days"
) -> Table:
    """Return risks at fixed days as a table.

    Parameters
    ----------
    risks
        Risks or refusals, in the order to show.
    caption
        What the table shows.
    time_unit
        Unit of the data; a registry has days.
    """
    return Table(caption, risk_header(risks), risk_rows(risks, time_unit=time_unit))


def risk_header(risks: Sequence[HorizonRisk | NotEstimable]) -> tuple[str, ...]:
    """Return the headings of a table of risks, with the level of their intervals."""
    level = next((label_level(one.basis.interval) for one in risks if isinstance(one, HorizonRisk)), "95 %")
    return ("Group", "By", f"Risk ({level} interval)", "Events/patients", "Still at risk")


def comparison_sentence(test: GroupTest | NotEstimable, *, competing: bool = False) -> str:
    """Return a test with what it rests on; never a p value alone.

    Parameters
    ----------
    test
        The test.
    competing
        Whether another kind of event competes. Then a log-rank test compares rates, not the curves of risk.
    """
    if isinstance(test, NotEstimable):
        return f"No test: {test.reason}"
    name = f"{test.basis.method[:1].upper()}{test.basis.method[1:]}"
    if competing and not _compares_incidences(test):
        name += " test of the rates (competing events censored; it does not compare the risks)"
    counts = f"{format_count(test.basis.n_events)} events in {format_count(test.basis.n)}"
    return (
        f"{name}: chi-square {test.statistic:.2f} on {test.degrees_of_freedom} degrees of freedom, "
        f"{format_p_value(test.p_value)}, from {counts}. Not adjusted for differences between the groups."
    )


def _compares_incidences(test: GroupTest) -> bool:
    """Whether a test compares cumulative incidences (Gray's) and not hazards."""
    return test.basis.method.startswith("Gray")


def comparison_table(test: GroupTest) -> Table:
    """Return observed and expected events of each group."""
    rows = tuple(
        (
            label_group(row["group"]),
            format_count(int(row["n"])),
            format_count(int(row["observed"])),
            f"{row['expected']:.1f}",
        )
        for row in test.table.iter_rows(named=True)
    )
    common = "one incidence" if _compares_incidences(test) else "one common hazard"
    return Table(
        f"Observed events, and expected if all groups had {common}",
        ("Group", "Patients", "Observed", "Expected"),
        rows,
    )


def cox_table(fit: CoxFit, labels: Mapping[str, str]) -> Table:
    """Return hazard ratios with limits and tail probabilities."""
    rows = tuple(
        (
            labels.get(row["term"], row["term"]),
            hazard_ratio_text(row["hazard_ratio"], row["lower"], row["upper"]),
            f"{row['coefficient']:.3f} ({row['std_error']:.3f})",
            format_p_value(row["p_value"]),
        )
        for row in fit.table.iter_rows(named=True)
    )
    level = label_level(fit.basis.interval)
    header = ("Term", f"Hazard ratio ({level} interval)", "Coefficient (SE)", "Wald test")
    return Table(f"Cox model, ties: {fit.ties}, variance: {label_variance(fit.basis.variance)}", header, rows)


def proportionality_table(test: ProportionalityTest, labels: Mapping[str, str]) -> Table:
    """Return the test of proportional hazards, term by term and over all terms."""
    rows = tuple(
        (
            "All terms" if row["term"] == "GLOBAL" else labels.get(row["term"], row["term"]),
            f"{row['statistic']:.2f}",
            f"{row['degrees_of_freedom']:.0f}",
            format_p_value(row["p_value"]),
        )
        for row in test.table.iter_rows(named=True)
    )
    caption = f"Test of proportional hazards (time transform: {test.transform})"
    return Table(caption, ("Term", "Chi-square", "Degrees of freedom", "Test"), rows)


def warning_sentences(results: Sequence[object]) -> tuple[str, ...]:
    """Return the warnings of all results, each once, with its group."""
    found: dict[str, None] = {}
    for result in results:
        basis = getattr(result, "basis", None)
        group = getattr(result, "group", "")
        for warning in getattr(basis, "warnings", ()):
            found[f"{label_group(group)}: {warning}" if group else warning] = None
    return tuple(found)
