"""How each kind of result is shown: a registry from the key of a part to its tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from analytics.charts.forest import HAZARD_RATIO, SUBDISTRIBUTION_RATIO, RatioTable, RatioWords, ratio_chart
from analytics.charts.hazard import hazard_chart
from analytics.charts.labels import label_term
from analytics.charts.mean_count import cumulative_hazard_chart, mean_count_chart
from analytics.charts.predicted_risk import predicted_risk_chart
from analytics.estimation.binary_presenters import show_contrasts, show_shares, show_trend
from analytics.estimation.model_presenters import show_cause_specific, show_parametric
from analytics.estimation.part_tables import (
    conditional_table,
    follow_up_table,
    hazard_table,
    label_contrast,
    lost_contrast_table,
    lost_table,
    mean_count_table,
    profile_table,
    ratio_table,
)
from analytics.estimation.presentation_words import Words
from analytics.estimation.standardised_presenters import show_standardised_risk
from analytics.estimation.validation_presenters import (
    show_auc,
    show_brier,
    show_calibration,
    show_concordance,
    show_optimism,
)
from analytics.report.document import Block, Figure

if TYPE_CHECKING:
    from analytics.survival.model_contrasts import ModelContrasts

Presenter: TypeAlias = "Callable[[tuple[Any, ...], Words], tuple[Block, ...]]"


def _follow_up(found: tuple[Any, ...], words: Words) -> tuple[Block, ...]:
    """Potential follow-up."""
    return (follow_up_table(found, time_unit=words.unit),)


def _cumulative_hazards(found: tuple[Any, ...], words: Words) -> tuple[Block, ...]:
    """Cumulative hazards and their figure."""
    text = words.curve_text(f"Cumulative hazard of {words.endpoint} \N{MULTIPLICATION SIGN} 100")
    figure = cumulative_hazard_chart(found, text=text, horizon_days=words.horizon)
    return (Figure(figure), hazard_table(found, time_unit=words.unit))


def _hazards(found: tuple[Any, ...], words: Words) -> tuple[Block, ...]:
    """Hazards over time."""
    per = "100 patient-years" if words.unit == "days" else f"36,525 {words.unit}"
    text = words.curve_text(f"{words.endpoint} per {per}")
    return (Figure(hazard_chart(found, text=text, horizon_days=words.horizon)),)


def _conditional(found: tuple[Any, ...], words: Words) -> tuple[Block, ...]:
    """Conditional survival."""
    return (conditional_table(found, time_unit=words.unit),)


def _time_lost(found: tuple[Any, ...], words: Words) -> tuple[Block, ...]:
    """Time lost to each cause."""
    return (lost_table(found, time_unit=words.unit),)


def _lost_contrasts(found: tuple[Any, ...], words: Words) -> tuple[Block, ...]:
    """Differences of time lost."""
    return tuple(lost_contrast_table(one, time_unit=words.unit) for one in found)


def _mean_count(found: tuple[Any, ...], words: Words) -> tuple[Block, ...]:
    """Mean cumulative counts."""
    caption = f"{words.endpoint} per 100 patients, every event counted"
    figure = mean_count_chart(
        found, text=words.curve_text(f"{words.endpoint} per 100 patients"), horizon_days=words.horizon
    )
    return (
        Figure(figure),
        mean_count_table(found, words.days, caption=caption, time_unit=words.unit),
    )


def _contrasts(found: tuple[ModelContrasts, ...], words: Words) -> tuple[Block, ...]:
    """Contrasts of coefficients."""
    ratio = SUBDISTRIBUTION_RATIO if words.estimator == "fine_gray" else HAZARD_RATIO
    blocks: list[Block] = []
    for one in found:
        caption = f"Contrasts{f', {one.model}' if one.model else ''}"
        blocks.append(ratio_table(one.table, one.basis, ratio, caption=caption))
    return tuple(blocks)


def _by_period(found: tuple[ModelContrasts, ...], words: Words) -> tuple[Block, ...]:
    """Ratios by period of follow-up."""
    (one,) = found
    return (
        Figure(ratio_figure(one, HAZARD_RATIO, words, note="By period of follow-up.")),
        ratio_table(
            one.table,
            one.basis,
            HAZARD_RATIO,
            caption="Hazard ratios by period of follow-up",
            label=words.term,
        ),
    )


def ratio_figure(one: ModelContrasts, ratio: RatioWords, words: Words, *, note: str) -> dict[str, Any]:
    """Draw contrasts as a forest."""
    table = one.table.rename({"contrast": "term"})
    labels = {name: label_contrast(name, words.term) for name in table["term"]}
    ratios = RatioTable(table, one.basis, ratio, {**{t: label_term(t) for t in table["term"]}, **labels})
    return ratio_chart(ratios, title=words.title, subtitle=" ".join(filter(None, (words.subtitle, note))))


def _absolute_risk(found: tuple[Any, ...], words: Words) -> tuple[Block, ...]:
    """Risks of profiles: a figure of the endpoint, and a table of all causes."""
    (one,) = found
    own = one.curve.filter(cause=one.curve["cause"][0])
    blocks: list[Block] = [profile_table(one, time_unit=words.unit)]
    if not any(own["stratum"]):
        figure = predicted_risk_chart(
            own, text=words.curve_text(f"{words.endpoint}, %"), horizon_days=words.horizon
        )
        blocks.insert(0, Figure(figure))
    return tuple(blocks)


def _nothing(found: tuple[Any, ...], words: Words) -> tuple[Block, ...]:
    """Show nothing of what another part draws."""
    del found, words
    return ()


@dataclass(frozen=True)
class Shown:
    """One kind of result: its heading in a report, and what shows it."""

    heading: str
    present: Presenter


PRESENTERS: Mapping[str, Shown] = {
    "follow_up": Shown("Follow-up", _follow_up),
    "bands": Shown("Bands", _nothing),
    "cumulative_hazards": Shown("Cumulative hazard", _cumulative_hazards),
    "hazards": Shown("Hazard over time", _hazards),
    "conditional_survival": Shown("Conditional survival", _conditional),
    "time_lost": Shown("Time lost", _time_lost),
    "time_lost_contrasts": Shown("Time lost compared", _lost_contrasts),
    "mean_cumulative_count": Shown("Mean cumulative count", _mean_count),
    "contrasts": Shown("Contrasts", _contrasts),
    "by_period": Shown("Ratios by period", _by_period),
    "absolute_risk": Shown("Predicted risk", _absolute_risk),
    "cause_specific": Shown("Models of all causes", show_cause_specific),
    "model": Shown("Model", show_parametric),
    "concordance": Shown("Concordance", show_concordance),
    "auc": Shown("Area under the curve", show_auc),
    "brier_score": Shown("Brier score", show_brier),
    "calibration": Shown("Calibration", show_calibration),
    "calibration_curve": Shown("Calibration curve", _nothing),
    "predicted_risks": Shown("Spread of predictions", _nothing),
    "optimism": Shown("Optimism", show_optimism),
    "standardised_risk": Shown("Standardised risk", show_standardised_risk),
    "proportions": Shown("Shares", show_shares),
    "proportion_contrasts": Shown("Shares compared", show_contrasts),
    "proportion_trend": Shown("Trend", show_trend),
}
"""Every kind of part by its key."""
