"""How models are shown: tables of coefficients and forests, each with the right name of its ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.charts.forest import (
    HAZARD_RATIO,
    ODDS_RATIO,
    RATE_RATIO,
    TIME_RATIO,
    RatioTable,
    RatioWords,
    ratio_chart,
)
from analytics.charts.labels import label_term
from analytics.charts.numbers import format_count
from analytics.estimation.part_tables import capitalise, interval_table, ratio_table
from analytics.report.document import Block, Figure, Paragraph
from analytics.survival.results_parametric import (
    AcceleratedFailureTimeFit,
    PiecewiseExponentialFit,
    RoystonParmarFit,
)

if TYPE_CHECKING:
    import polars as pl

    from analytics.estimation.presentation_words import Words
    from analytics.survival.results import Basis


def forest_block(
    table: pl.DataFrame, basis: Basis, ratio: RatioWords, words: Words, *, note: str = ""
) -> Figure:
    """Draw the ratios of a model."""
    bends = table["term"].str.extract(r"^(.*) \(bend ").drop_nulls().unique()
    # A coefficient of a spline means nothing alone: its curve does.
    of_splines = table["term"].is_in(bends.implode()) | table["term"].str.contains(r"\(bend ")
    straight = table.filter(~of_splines)
    left_out = f"Not drawn: {', '.join(map(label_term, sorted(bends)))} (spline)." if len(bends) else ""
    labels = {term: words.term(term) for term in table["term"]}
    subtitle = " ".join(filter(None, (words.subtitle, note, left_out)))
    ratios = RatioTable(straight if straight.height else table, basis, ratio, labels)
    return Figure(ratio_chart(ratios, title=words.title, subtitle=subtitle))


def counts_sentence(basis: Basis, unit: str) -> str:
    """Say what a model rests on: events, rows, time at risk, method, variance."""
    time = f"{format_count(round(basis.person_days))} {unit} at risk"
    return (
        f"{format_count(basis.n_events)} events in {format_count(basis.n)} rows, {time}. "
        f"{basis.method}; variance: {basis.variance}."
    )


def show_cause_specific(found: tuple[Any, ...], words: Words) -> tuple[Block, ...]:
    """Tables and forests of the models of all causes."""
    (fit,) = found
    blocks: list[Block] = []
    for cause, model in zip(fit.causes, fit.models, strict=True):
        caption = f"Cause-specific Cox model: {capitalise(cause)}"
        blocks += [
            Paragraph(f"{capitalise(cause)}: {counts_sentence(model.basis, words.unit)}"),
            forest_block(model.table, model.basis, HAZARD_RATIO, words, note=f"{caption}."),
            ratio_table(model.table, model.basis, HAZARD_RATIO, caption=caption, label=words.term),
        ]
    return tuple(blocks)


def show_parametric(found: tuple[Any, ...], words: Words) -> tuple[Block, ...]:
    """Table and forest of a parametric model, and the rates of a piecewise one."""
    (fit,) = found
    table, ratio = _coefficients(fit)
    blocks: list[Block] = [Paragraph(counts_sentence(fit.basis, words.unit))]
    if isinstance(fit, PiecewiseExponentialFit):
        blocks.append(interval_table(fit, time_unit=words.unit))
    else:
        blocks.append(Paragraph(f"Log-likelihood {fit.log_likelihood:.2f}, AIC {fit.aic:.2f}."))
    if table.height and ratio is not None:
        blocks += [
            forest_block(table, fit.basis, ratio, words),
            ratio_table(table, fit.basis, ratio, caption=fit.basis.method, label=words.term),
        ]
    return tuple(blocks)


def _coefficients(fit: object) -> tuple[pl.DataFrame, RatioWords | None]:
    """Covariates of a model and what their ratio is called; a probit model has no ratio."""
    if isinstance(fit, AcceleratedFailureTimeFit):
        return fit.table.filter(fit.table["term"] != "(Intercept)"), TIME_RATIO
    if isinstance(fit, RoystonParmarFit):
        own = fit.table.filter(~fit.table["term"].str.contains(r"^gamma\d+$"))
        hazard = RatioWords("Hazard ratio", "ratio", HAZARD_RATIO.left, HAZARD_RATIO.right)
        return own, {"hazard": hazard, "odds": ODDS_RATIO}.get(fit.scale)
    if isinstance(fit, PiecewiseExponentialFit):
        return fit.table, RATE_RATIO
    message = "not a parametric model"
    raise TypeError(message)
