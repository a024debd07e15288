"""Part of the chapter on imaging about calcium scores and stent expansion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from analytics.chapters import imaging_words as words
from analytics.charts.labels import label_strategy, order_strategies
from analytics.charts.numbers import format_count
from analytics.charts.share_rows import ShareRow, share_rows_chart, share_text
from analytics.imaging.results import Accuracy
from analytics.imaging.score_prediction import ScorePrediction, estimate_score_prediction
from analytics.imaging.underexpansion import estimate_underexpansion
from analytics.regression.discrimination import RocArea
from analytics.report.document import Figure, Paragraph, Section, Table
from analytics.report.serialise import serialise

if TYPE_CHECKING:
    from analytics.imaging.expansion import Expansions
    from analytics.imaging.underexpansion import GroupExpansion
    from analytics.report.document import Block

OCT_HIGH = 4
"""OCT score that Fujino et al (2018) set against lower ones."""
IVUS_HIGH = 2
"""IVUS score commonly quoted as high; not confirmed."""
IVUS_NAME = "IVUS score (criteria not verified)"


@dataclass(frozen=True)
class Grouping:
    """One way of grouping lesions by which expansion is shown.

    Parameters
    ----------
    column
        Column of the lesions.
    title
        Heading of its rows.
    levels
        Levels in order, the first being the reference, with their words.
    is_compared
        Whether differences from the first level are given.
    """

    column: str
    title: str
    levels: dict[str, str]
    is_compared: bool = True


GROUPINGS = (
    Grouping("oct_group", "OCT score", {"low": "0 to 3", "high": "4"}),
    Grouping("oct_each", "OCT score, each", {one: one for one in "01234"}, is_compared=False),
    Grouping("ivus_group", IVUS_NAME, {"low": "0 to 1", "high": "2 to 4"}),
    Grouping(
        "depth",
        "Depth of calcium",
        {"superficial": "Superficial", "mixed": "Superficial and deep", "deep": "Deep", "none": "No calcium"},
    ),
    Grouping("nodule", "Calcified nodule", {"no nodule": "None seen", "nodule": "Seen"}),
    Grouping("expansion_method", "Expansion measured by", {"ivus": "IVUS", "oct": "OCT"}),
)


def build_scores(scored: pl.DataFrame) -> tuple[Section, dict[str, Any]]:
    """Count lesions by recomputed score.

    Parameters
    ----------
    scored
        One row per lesion with ``oct_score``, ``ivus_score``, their bounds, and the modalities.
    """
    values: dict[str, Any] = {}
    rows: list[tuple[str, ...]] = []
    for method, name in (("oct", "OCT score"), ("ivus", IVUS_NAME)):
        read = scored.filter(pl.col(f"{method}_modality").is_not_null())
        known = read[f"{method}_score"].drop_nulls()
        n_open = read.filter(pl.col(f"{method}_score_lower").is_not_null()).height - len(known)
        counts = {score: int((known == score).sum()) for score in range(5)}
        values[method] = {"n": read.height, "counts": counts, "n_range": n_open}
        n_none = read.height - len(known) - n_open
        cells = [*counts.values(), n_open, n_none]
        rows.append((name, format_count(read.height), *(words.counted(n, read.height) for n in cells)))
    header = ("Score", "Lesions read", "0", "1", "2", "3", "4", "A range", "Nothing measured")
    blocks: tuple[Block, ...] = (
        Paragraph(words.OCT_SCORE_WORDS),
        Paragraph(words.IVUS_SCORE_WORDS),
        Table("Lesions by calcium score before treatment", header, tuple(rows)),
    )
    return Section("imaging-scores", "What are the calcium scores?", blocks, level=3), values


def build_expansion(expansions: Expansions) -> tuple[Section, dict[str, Any]]:
    """Describe stent expansion by score, depth, nodule, method and device.

    Parameters
    ----------
    expansions
        Result of `derive_expansions` over lesions with scores, ``depth``, ``nodule`` and ``strategy``.
    """
    rows = _add_groups(expansions.table)
    title = "Which lesions end with an under-expanded stent?"
    if rows.is_empty():
        text = (
            "No lesion of this cohort has a stent area and a reference area from IVUS or OCT after stenting."
        )
        return Section("imaging-expansion", title, (Paragraph(text),), level=3), {}
    groupings = (*GROUPINGS, _devices(rows))
    found = {
        one.column: (one, estimate_underexpansion(rows, by=one.column, levels=tuple(one.levels)))
        for one in groupings
    }
    overall = estimate_underexpansion(rows.with_columns(every=pl.lit("all")), by="every", levels=("all",))[0]
    predictions = {
        "OCT score": estimate_score_prediction(rows, score="oct_score", high_from=OCT_HIGH),
        IVUS_NAME: estimate_score_prediction(rows, score="ivus_score", high_from=IVUS_HIGH),
    }
    blocks: list[Block] = [
        Paragraph(words.EXPANSION_WORDS),
        Paragraph(_counts(expansions)),
        _figure(overall, tuple(found.values())),
        _table(overall, tuple(found.values())),
        Paragraph(words.CRUDE_WORDS),
    ]
    blocks += [Paragraph(text) for text in map(_prediction_words, predictions, predictions.values()) if text]
    values = {column: serialise(groups) for column, (_, groups) in found.items()}
    values |= {"all": serialise(overall), "scores": serialise(predictions)}
    values["counts"] = {
        "n_imaged": expansions.n_imaged,
        "n_without_area": expansions.n_without_area,
        "n_entered": expansions.n_entered,
        "n_entered_differs": expansions.n_entered_differs,
        "n_other_basis": expansions.n_other_basis,
    }
    return Section("imaging-expansion", title, tuple(blocks), level=3), values


def _add_groups(table: pl.DataFrame) -> pl.DataFrame:
    """Group scores as far as their range decides; a range across the cut-off has no group."""
    cuts = {"oct": OCT_HIGH, "ivus": IVUS_HIGH}
    return table.with_columns(
        pl.when(pl.col(f"{method}_score_lower") >= cut)
        .then(pl.lit("high"))
        .when(pl.col(f"{method}_score_upper") < cut)
        .then(pl.lit("low"))
        .alias(f"{method}_group")
        for method, cut in cuts.items()
    ).with_columns(pl.col("strategy").fill_null("unknown"), oct_each=pl.col("oct_score").cast(pl.String))


def _devices(rows: pl.DataFrame) -> Grouping:
    """Group by device strategy; devices are not compared crudely."""
    codes = order_strategies(rows["strategy"].unique())
    levels = {code: label_strategy(code) for code in codes}
    return Grouping("strategy", "Device strategy", levels, is_compared=False)


def _counts(expansions: Expansions) -> str:
    """Say what was measured and what was left out."""
    text = (
        f"{format_count(expansions.n_imaged)} lesions have an IVUS or OCT run after stenting; "
        f"{format_count(expansions.n_without_area)} of them lack the stent area or the reference area and "
        "are left out."
    )
    if expansions.n_entered:
        text += (
            f" The expansion entered by the site was checked in {format_count(expansions.n_entered)} runs "
            f"and differs from the recomputed one by more than 5 percentage points in "
            f"{words.counted(expansions.n_entered_differs, expansions.n_entered)}."
        )
    if expansions.n_other_basis:
        text += (
            f" In {format_count(expansions.n_other_basis)} runs the entered expansion refers to another "
            "reference, and was not checked."
        )
    return text


def _figure(
    overall: GroupExpansion, found: tuple[tuple[Grouping, tuple[GroupExpansion, ...]], ...]
) -> Figure:
    """Shares under-expanded, a row for each group that has lesions."""
    rows = [ShareRow("All lesions", "", overall.underexpanded)]
    for grouping, groups in found:
        rows += [
            ShareRow(grouping.title, grouping.levels[group.group], group.underexpanded)
            for group in groups
            if group.n_lesions
        ]
    chart = share_rows_chart(
        rows,
        title="Under-expanded stents",
        subtitle="Expansion below 80 % of the mean reference lumen area; k/n counts lesions.",
        axis_title="Under-expanded, % (95 % interval)",
    )
    return Figure(chart)


def _table(overall: GroupExpansion, found: tuple[tuple[Grouping, tuple[GroupExpansion, ...]], ...]) -> Table:
    """Shares, differences and medians of every group."""
    rows = [_row("All lesions", overall, difference="")]
    for grouping, groups in found:
        for group in groups:
            difference = words.difference_words(group.difference) if grouping.is_compared else ""
            name = f"{grouping.title}: {grouping.levels[group.group]}"
            if group.n_lesions:
                rows.append(_row(name, group, difference=difference))
    header = (
        "Group",
        "Lesions (patients)",
        "Under-expanded",
        "Difference, points",
        "Expansion, %",
        "Stent area, mm\u00b2",
    )
    caption = (
        "Stent expansion by group, crude: share with 95 % interval, difference from the first of its kind in "
        "percentage points, medians with quartiles"
    )
    return Table(caption, header, tuple(rows))


def _row(name: str, group: GroupExpansion, *, difference: str) -> tuple[str, ...]:
    """One row of the table."""
    return (
        name,
        f"{format_count(group.n_lesions)} ({format_count(group.n_patients)})",
        share_text(group.underexpanded),
        difference,
        _spread(group.expansion_median, group.expansion_quartiles, digits=0),
        _spread(group.msa_median, group.msa_quartiles, digits=1),
    )


def _spread(median: float | None, quartiles: tuple[float, float] | None, *, digits: int) -> str:
    """Return a median with quartiles."""
    if median is None or quartiles is None:
        return ""
    return f"{median:.{digits}f} ({quartiles[0]:.{digits}f}\u2013{quartiles[1]:.{digits}f})"


def _prediction_words(name: str, answer: ScorePrediction) -> str:
    """Say how well a score foretells an under-expanded stent; nothing where too few lesions tell."""
    if not isinstance(answer.high, Accuracy) or not isinstance(answer.area, RocArea):
        return ""
    shares = answer.high.by_patient or (answer.high.sensitivity, answer.high.specificity)
    area = f"{answer.area.area:.2f} ({answer.area.lower:.2f} to {answer.area.upper:.2f})"
    return (
        f"{name} before treatment and an under-expanded stent: area under the ROC curve {area} over "
        f"{format_count(answer.n_scored)} lesions; 0.5 is chance. A score of {answer.high_from} or more was "
        f"present in {share_text(shares[0])} of lesions that ended under-expanded, and absent in "
        f"{share_text(shares[1])} of those that did not. The calcium may have been modified in between."
    )
