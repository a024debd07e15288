"""A calcium score against the expansion that followed: R's area, ranges, several lesions a patient."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.imaging.results import Accuracy
from analytics.imaging.score_prediction import ScorePrediction, estimate_score_prediction
from analytics.refusals import NotEstimable
from analytics.regression.discrimination import RocArea

SCORES = [0, 0, 1, 2, 2, 3, 4, 4, 4, 4, 1, 2]
ENDED = [0, 0, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0]


def lesions(scores: list[int] | None = None, ended: list[int] | None = None) -> pl.DataFrame:
    values = scores or SCORES
    return pl.DataFrame(
        {
            "patient_id": range(len(values)),
            "oct_score": values,
            "oct_score_lower": values,
            "oct_score_upper": values,
            "is_underexpanded": [value == 1 for value in ended or ENDED],
        }
    )


def predict(rows: pl.DataFrame) -> ScorePrediction:
    return estimate_score_prediction(rows, score="oct_score", high_from=4)


def test_area_and_error_are_those_of_r() -> None:
    # R 4.2, pROC 1.18.0: roc(y, s, direction = "<"); sqrt(var(roc)).
    found = predict(lesions())
    assert isinstance(found.area, RocArea)
    assert found.area.area == pytest.approx(0.742857142857143, abs=1e-14)
    assert found.area.std_error == pytest.approx(0.151859225896209, abs=1e-14)


def test_a_high_score_is_a_call_at_the_cut() -> None:
    found = predict(lesions()).high
    assert isinstance(found, Accuracy)
    assert (found.n_both, found.n_test_only, found.n_reference_only, found.n_neither) == (3, 1, 2, 6)


def test_ranges_count_where_they_decide() -> None:
    ranges = pl.DataFrame(
        {
            "patient_id": [20, 21, 22],
            "oct_score": [None, None, None],
            # Below the cut for certain; open; not read at all.
            "oct_score_lower": [2, 3, None],
            "oct_score_upper": [3, 4, None],
            "is_underexpanded": [True, True, True],
        },
        schema_overrides={"oct_score": pl.Int64},
    )
    found = predict(pl.concat([lesions(), ranges]))
    assert (found.n_scored, found.n_range) == (12, 2)
    assert isinstance(found.high, Accuracy)
    assert (found.high.n_reference_only, found.high.n_left_out) == (3, 1)


def test_doubled_lesions_of_a_patient_keep_the_error_of_the_area() -> None:
    once, twice = predict(lesions()), predict(pl.concat([lesions(), lesions()]))
    assert isinstance(once.area, RocArea)
    assert isinstance(twice.area, RocArea)
    assert twice.area.n_clusters == 12
    assert twice.area.area == pytest.approx(once.area.area)
    assert twice.area.std_error == pytest.approx(once.area.std_error, rel=0.15)


def test_lesions_that_all_end_alike_have_no_area() -> None:
    found = predict(lesions(ended=[0] * 12))
    assert isinstance(found.area, NotEstimable)
