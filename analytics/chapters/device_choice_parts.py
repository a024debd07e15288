"""Parts of the chapter on devices about who was given which, and what followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.chapters import device_words as words
from analytics.charts.choice_matrix import choice_matrix_chart
from analytics.charts.device_labels import label_device
from analytics.charts.labels import label_severity, label_strategy
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
from analytics.devices.crossover import (
    Crossover,
    DeviceSuccess,
    count_plans,
    estimate_crossover,
    estimate_success,
)
from analytics.devices.lesion_features import read_features
from analytics.refusals import NotEstimable
from analytics.report.document import Figure, Paragraph, Section, Table
from analytics.report.serialise import serialise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.chapters.device_rows import DeviceRows
    from analytics.devices.advice import AdviceRule
    from analytics.report.document import Block

PATIENT = "patient_id"
MODELLED = ("rotational_atherectomy", "intravascular_lithotripsy", "cutting_balloon", "elca")
KIND_WORDS = {"suits": "names it", "cautions": "warns of it", "untestable": "cannot be tested"}


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
    blocks += [Paragraph(words.ASSOCIATION), _odds_table(odds)]
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


def _odds_table(odds: Sequence[ChoiceOdds]) -> Table:
    """One row a device and feature."""
    header = ("Device", "Feature", "Alone", "Lesions (alone)", "With the others", "Lesions (with the others)")
    rows = tuple(
        (
            label_strategy(item.strategy),
            item.label,
            words.ratio_words(item.alone),
            _n(item.alone),
            words.ratio_words(item.together),
            _n(item.together),
        )
        for item in odds
    )
    caption = (
        "Odds ratio of being meant for the device, with 95 % intervals by patient. Lesions: with the device "
        "of all in the model"
    )
    return Table(caption, header, rows)


def _n(ratio: OddsRatio | NotEstimable | None) -> str:
    """Write on how many lesions a ratio rests, or why there is none."""
    if ratio is None:
        return EN_DASH
    if isinstance(ratio, NotEstimable):
        return ratio.reason
    return f"{format_count(ratio.n_events)} of {format_count(ratio.n)}"


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
    blocks.append(_agreement_table(pairs))
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


def _agreement_table(pairs: Sequence[tuple[AdviceRule, Agreement | NotEstimable]]) -> Table:
    """One row a sentence."""
    header = (
        "The review says",
        "Claim, place",
        "The text",
        "Lesions it is about",
        "Other lesions",
        "Of those with the device, outside it",
        "Undecided",
        "Treated instead",
        "Note",
    )
    rows = tuple(
        (rule.text, f"{rule.claim}, {rule.place}", KIND_WORDS[rule.kind], *_cells(rule, item))
        for rule, item in pairs
    )
    return Table(
        "Lesions treated with the device that the review speaks of, 95 % intervals by patient", header, rows
    )


def _cells(rule: AdviceRule, item: Agreement | NotEstimable) -> tuple[str, ...]:
    """Write the numbers of one sentence, or why there are none."""
    if isinstance(item, NotEstimable):
        return (words.NOT_ESTIMABLE, EN_DASH, EN_DASH, EN_DASH, EN_DASH, item.reason)
    instead = "; ".join(
        f"{label_strategy(code)} {format_count(n)}" for code, n in list(item.instead.items())[:4]
    )
    return (
        words.full_words(item.given),
        words.full_words(item.given_otherwise),
        words.full_words(item.outside),
        format_count(item.n_undecided),
        instead or EN_DASH,
        rule.note or EN_DASH,
    )


def _values(item: Agreement | NotEstimable) -> Any:  # noqa: ANN401  # any JSON value
    """Return the numbers of one sentence, JSON-ready."""
    if isinstance(item, NotEstimable):
        return serialise(item)
    names = ("n_lesions", "n_undecided", "given", "given_otherwise", "outside", "instead")
    return {name: serialise(getattr(item, name)) for name in names}


def build_crossover(rows: DeviceRows) -> tuple[Section, dict[str, Any]]:
    """Count rescues, bail-outs, and whether devices worked."""
    followed = estimate_crossover(rows.lesions, rows.uses, strategies=words.STRATEGIES, clusters=PATIENT)
    worked = estimate_success(rows.uses, devices=words.MODIFYING, severities=words.GRADES, clusters=PATIENT)
    plans = count_plans(rows.uses, devices=words.MODIFYING)
    blocks: tuple[Block, ...] = (
        Paragraph(
            "A rescue is a device taken up because the one before had failed. Lesions in which neither role "
            "nor plan of a device is on record may hide one: they are not known, and in no share."
        ),
        _crossover_table(followed),
        Table(
            "Uses by plan",
            ("Device", "Planned", "Bail-out", "Not recorded"),
            tuple(
                (
                    label_device(row["device_class"]),
                    *(format_count(row[f"n_{name}"]) for name in ("planned", "bailout", "unknown")),
                )
                for row in plans.iter_rows(named=True)
            ),
        ),
        _success_table(worked),
    )
    values = {"crossover": serialise(followed), "success": serialise(worked), "plans": serialise(plans)}
    return Section("device-crossover", "Rescue, bail-out and success", blocks, level=3), values


def _crossover_table(followed: Sequence[Crossover | NotEstimable]) -> Table:
    """One row a strategy that was meant for some lesion."""
    rows = tuple(
        (
            label_strategy(item.strategy),
            words.full_words(item.rescued),
            "; ".join(f"{label_device(code)} {format_count(n)}" for code, n in item.rescuers.items())
            or EN_DASH,
            format_count(item.rescued.n_unknown),
            words.full_words(item.bailout_stent),
        )
        for item in followed
        if isinstance(item, Crossover)
    )
    header = ("Intended first", "Rescued by another device", "With", "Not known", "Bail-out stent")
    return Table("What followed the first device, by lesion", header, rows)


def _success_table(worked: Sequence[DeviceSuccess | NotEstimable]) -> Table:
    """One row a device and grade."""
    rows = tuple(
        (
            label_device(item.device_class),
            label_severity(item.severity),
            words.count_words(item.worked),
            words.share_words(item.worked),
            format_count(item.worked.n_unknown),
        )
        for item in worked
        if isinstance(item, DeviceSuccess)
    )
    header = ("Device", "Calcification", "Worked", "Share (95 % interval)", "Not recorded")
    return Table("Uses in which the device reached the lesion and worked as meant", header, rows)
