"""Parts of the chapter on devices about who was given which, and what the review says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.chapters import device_words as words
from analytics.charts.choice_matrix import choice_matrix_chart
from analytics.charts.labels import label_strategy
from analytics.charts.numbers import EN_DASH, format_count
from analytics.charts.share_rows import ShareRow, share_rows_chart
from analytics.devices.advice import Agreement, estimate_agreement, read_advice
from analytics.devices.choice import ChoiceCell, estimate_choice
from analytics.devices.choice_associations import (
    ChoiceOdds,
    OddsRatio,
    estimate_choice_odds,
    read_choice_claims,
)
from analytics.devices.lesion_features import read_features
from analytics.refusals import NotEstimable
from analytics.report.document import Bullets, Figure, Paragraph, Section, Table
from analytics.report.serialise import serialise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.chapters.device_rows import DeviceRows
    from analytics.devices.advice import AdviceRule
    from analytics.report.document import Block

PATIENT = "patient_id"
MODELLED = ("rotational_atherectomy", "intravascular_lithotripsy", "cutting_balloon", "elca")
KIND_WORDS = {"suits": "speaks for it", "cautions": "warns of it", "untestable": "cannot be tested"}


def build_choice(rows: DeviceRows) -> tuple[Section, dict[str, Any]]:
    """Tabulate who was meant for which device, and which features go with it."""
    features = read_features()
    found = estimate_choice(rows.lesions, features, strategies=words.STRATEGIES, clusters=PATIENT)
    cells = [cell for cell in found if isinstance(cell, ChoiceCell)]
    claims = read_choice_claims()
    odds = [
        row
        for strategy in MODELLED
        for row in estimate_choice_odds(rows.lesions, claims, strategy=strategy, clusters=PATIENT)
    ]
    labels = {feature.key: feature.label for feature in features}
    blocks: list[Block] = [Paragraph(_undecided(rows))]
    if cells:
        title = "Which lesions were meant for which device"
        chart = choice_matrix_chart(cells, labels=labels, strategies=words.STRATEGIES, title=title)
        blocks.append(Figure(chart))
    blocks += [Paragraph(words.ASSOCIATION), *_odds_tables(odds)]
    values = {"cells": serialise(found), "odds": serialise(odds)}
    return Section(
        "device-choice", "Which lesions were meant for which device", tuple(blocks), level=3
    ), values


def _undecided(rows: DeviceRows) -> str:
    """Say how many lesions have no device on record."""
    n_unknown = rows.lesions.filter(rows.lesions["strategy_intended"] == "unknown").height
    return (
        f"The strategy is the one intended first. {format_count(n_unknown)} of "
        f"{format_count(rows.lesions.height)} lesions have none on record and stand in no share. Features "
        "of calcium come from imaging before treatment, which few lesions have."
    )


def _odds_tables(odds: Sequence[ChoiceOdds]) -> list[Block]:
    """Odds ratios alone and together, one row a feature and one column a device."""
    grid = {(item.claim, item.strategy): item for item in odds}
    labels = {item.claim: item.label for item in odds}
    header = ("Feature", *(label_strategy(code) for code in MODELLED))
    alone = tuple(
        (label, *(words.ratio_words(grid[claim, code].alone) for code in MODELLED))
        for claim, label in labels.items()
    )
    joint = [claim for claim in labels if grid[claim, MODELLED[0]].together is not None]
    together = tuple(
        (labels[claim], *(words.ratio_words(grid[claim, code].together) for code in MODELLED))
        for claim in joint
    )
    counts = ("Lesions with the device, of all", *(_n(grid[joint[0], code].together) for code in MODELLED))
    return [
        Table("Odds ratio of being meant for the device, each feature alone", header, alone),
        Table("The same with the other features held fixed", header, (*together, counts)),
        *_refusals(odds),
    ]


def _n(ratio: OddsRatio | NotEstimable | None) -> str:
    """Write on how many lesions a model rests."""
    if not isinstance(ratio, OddsRatio):
        return EN_DASH
    return f"{format_count(ratio.n_events)} of {format_count(ratio.n)}"


def _refusals(odds: Sequence[ChoiceOdds]) -> list[Block]:
    """Say once why an odds ratio is missing."""
    reasons = dict.fromkeys(
        f"{label_strategy(item.strategy)}: {ratio.reason}"
        for item in odds
        for ratio in (item.alone, item.together)
        if isinstance(ratio, NotEstimable)
    )
    return [Bullets(tuple(reasons))] if reasons else []


def build_agreement(rows: DeviceRows) -> tuple[Section, dict[str, Any]]:
    """Hold the choice of devices against the sentences of the review."""
    rules = read_advice()
    found = estimate_agreement(rows.lesions, rules, clusters=PATIENT)
    pairs = list(zip(rules, found, strict=True))
    counted = [item for item in found if isinstance(item, Agreement)]
    blocks: list[Block] = [
        Paragraph(f"{words.DESCRIBES} {words.OPTIONS}"),
        Paragraph(f"Text: {words.REVIEW}"),
    ]
    if counted:
        blocks.append(Figure(_agreement_chart(counted)))
    blocks += [_number_table(pairs), _text_table(pairs)]
    values = {rule.key: _values(item) for rule, item in pairs}
    return Section("device-advice", "The choice beside the review", tuple(blocks), level=3), values


def _agreement_chart(counted: Sequence[Agreement]) -> dict[str, Any]:
    """Draw the shares among lesions that a sentence is about, and among the others."""
    shares = [
        ShareRow(item.rule.label, label, share.interval, kind)
        for item in counted
        for kind, (label, share) in enumerate(
            (("lesions it is about", item.given), ("other lesions", item.given_otherwise))
        )
    ]
    return share_rows_chart(
        shares,
        title="How often lesions were treated with the device that the review speaks of",
        subtitle="By sentence of the review: among lesions that it is about, and among all others.",
        axis_title="Lesions treated with the device, %",
    )


def _number_table(pairs: Sequence[tuple[AdviceRule, Agreement | NotEstimable]]) -> Table:
    """Numbers of each sentence."""
    rows = tuple((rule.label, *_cells(item)) for rule, item in pairs)
    header = ("Sentence", "Lesions it is about", "Other lesions", "With the device, outside it", "Undecided")
    return Table("Lesions treated with the device of the sentence, 95 % intervals by patient", header, rows)


def _cells(item: Agreement | NotEstimable) -> tuple[str, ...]:
    """Write the numbers of one sentence."""
    if isinstance(item, NotEstimable):
        return (words.NOT_ESTIMABLE, EN_DASH, EN_DASH, EN_DASH)
    return (
        words.full_words(item.given),
        words.full_words(item.given_otherwise),
        words.full_words(item.outside),
        format_count(item.n_undecided),
    )


def _text_table(pairs: Sequence[tuple[AdviceRule, Agreement | NotEstimable]]) -> Table:
    """Words of each sentence, and what lesions that it is about were given instead."""
    rows = tuple(
        (
            rule.text,
            f"{rule.claim}, {rule.place}",
            KIND_WORDS[rule.kind],
            _instead(item),
            item.reason if isinstance(item, NotEstimable) else rule.note or EN_DASH,
        )
        for rule, item in pairs
    )
    header = ("The review says", "Claim, place", "Of the device", "Given instead, most frequent", "Note")
    return Table("The sentences, and how they were made testable", header, rows)


def _instead(item: Agreement | NotEstimable) -> str:
    """Write the most frequent other strategies."""
    if isinstance(item, NotEstimable):
        return EN_DASH
    first = list(item.instead.items())[:4]
    return "; ".join(f"{label_strategy(code)} {format_count(n)}" for code, n in first) or EN_DASH


def _values(item: Agreement | NotEstimable) -> Any:  # noqa: ANN401  # any JSON value
    """Return the numbers of one sentence, JSON-ready."""
    if isinstance(item, NotEstimable):
        return serialise(item)
    names = ("n_lesions", "n_undecided", "given", "given_otherwise", "outside", "instead")
    return {name: serialise(getattr(item, name)) for name in names}
