"""How well a calcium score before treatment foretells an under-expanded stent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.imaging.accuracy import estimate_accuracy
from analytics.regression.discrimination import estimate_roc_area

if TYPE_CHECKING:
    from analytics.imaging.results import Accuracy
    from analytics.refusals import NotEstimable
    from analytics.regression.discrimination import RocArea


@dataclass(frozen=True)
class ScorePrediction:
    """A score set against the expansion that followed.

    Parameters
    ----------
    score
        Column of the score.
    high_from
        Smallest score that counts as high.
    n_scored
        Lesions with an expansion and one known score; the area rests on them.
    n_range
        Lesions with an expansion whose score is only a range. They take part in `high` where the range lies
        on one side of the cut.
    area
        Area under the ROC curve: how often a lesion that ended under-expanded had the higher score, ties
        counting half.
    high
        The call "score is high" against the call "stent is under-expanded".
    """

    score: str
    high_from: int
    n_scored: int
    n_range: int
    area: RocArea | NotEstimable
    high: Accuracy | NotEstimable


def estimate_score_prediction(
    rows: pl.DataFrame, *, score: str, high_from: int, cluster: str = "patient_id", confidence: float = 0.95
) -> ScorePrediction:
    """Set a score against under-expansion.

    Parameters
    ----------
    rows
        One row per lesion: `score`, and the same name with ``_lower`` and ``_upper`` (null where not read),
        ``is_underexpanded`` and `cluster`.
    score
        Column of the score.
    high_from
        Smallest score that counts as high.
    cluster
        Column by which lesions may resemble one another.
    confidence
        Level of the intervals.

    Returns
    -------
    ScorePrediction
        Area by DeLong, within patients where they give several lesions. It describes lesions as they were
        treated: calcium may have been modified because the score was high.
    """
    lower, upper = pl.col(f"{score}_lower"), pl.col(f"{score}_upper")
    read = rows.filter(lower.is_not_null()).with_columns(
        is_high=pl.when(lower >= high_from)
        .then(pl.lit(value=True))
        .when(upper < high_from)
        .then(pl.lit(value=False))
    )
    known = read.drop_nulls(score)
    is_repeated = known[cluster].n_unique() < known.height
    return ScorePrediction(
        score=score,
        high_from=high_from,
        n_scored=known.height,
        n_range=read.height - known.height,
        area=estimate_roc_area(
            known[score].to_numpy(),
            known["is_underexpanded"].to_numpy(),
            clusters=known[cluster] if is_repeated else None,
            confidence=confidence,
        ),
        high=estimate_accuracy(
            read, test="is_high", reference="is_underexpanded", cluster=cluster, confidence=confidence
        ),
    )
