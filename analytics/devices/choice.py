"""Who was given which device: shares by feature of the lesion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.devices.shares import Share, count_share
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.devices.lesion_features import Feature


@dataclass(frozen=True)
class ChoiceCell:
    """How often lesions of one kind were meant to be treated with one strategy.

    Parameters
    ----------
    feature, level
        Key of the feature, and words of the level.
    strategy
        Code of the strategy.
    share
        Lesions of the level with the strategy, of those whose devices are on record; ``n_unknown`` are
        lesions of the level without.
    """

    feature: str
    level: str
    strategy: str
    share: Share


def estimate_choice(
    lesions: pl.DataFrame,
    features: Sequence[Feature],
    *,
    strategies: Sequence[str],
    clusters: str | None = None,
) -> tuple[ChoiceCell | NotEstimable, ...]:
    """Estimate the share of each strategy among lesions of each kind.

    Parameters
    ----------
    lesions
        One row per lesion: the columns of the features and ``strategy_intended``.
    features
        The features.
    strategies
        Codes of the strategies to show; lesions with others stay in the denominator.
    clusters
        Column whose rows may resemble one another, for example ``patient_id``, or None.

    Returns
    -------
    tuple of ChoiceCell or NotEstimable
        Features, levels and strategies in their order; levels without a lesion are left out. A feature that
        is on record for no lesion is refused. Lesions of unknown level are in no cell.
    """
    chosen = pl.when(pl.col("strategy_intended") != "unknown").then(pl.col("strategy_intended"))
    rows = lesions.with_columns(chosen=chosen)
    answers: list[ChoiceCell | NotEstimable] = []
    for feature in features:
        levelled = rows.with_columns(level=feature.level()).drop_nulls("level")
        if not levelled.height:
            reason = "This feature is on record for no lesion."
            answers.append(NotEstimable(feature.key, reason, "no_patients"))
            continue
        answers += _cells(levelled, feature, strategies, clusters)
    return tuple(answers)


def _cells(
    rows: pl.DataFrame, feature: Feature, strategies: Sequence[str], clusters: str | None
) -> list[ChoiceCell]:
    """Every cell of one feature."""
    cells = []
    for level in feature.level_labels:
        part = rows.filter(pl.col("level") == level)
        for strategy in strategies if part.height else ():
            claim = pl.col("chosen") == strategy
            share = count_share(part, claim, clusters=clusters, group=f"{feature.key} {level}")
            cells.append(ChoiceCell(feature.key, level, strategy, share))
    return cells
