"""Concordance, AUC, Brier score and optimism: small data by hand, laws, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.survival.cox_design import CoxSpec
from analytics.survival.discrimination import estimate_auc, estimate_concordance_index
from analytics.survival.discrimination_brier import estimate_brier_score, integrate_scores
from analytics.survival.discrimination_data import Predictions, read_predictions
from analytics.survival.discrimination_optimism import estimate_optimism
from analytics.survival.results import NotEstimable
from analytics.survival.results_prediction import BrierScore, ConcordanceIndex, HorizonAuc, Optimism

FOUR = pl.DataFrame(
    {
        "day": [1, 2, 3, 4],
        "event": [1, 0, 1, 0],
        "score": [3.0, 1.0, 1.0, 2.0],
        "risk": [0.8, 0.2, 0.4, 0.5],
    }
)


def read(frame: pl.DataFrame = FOUR) -> Predictions:
    return read_predictions(frame, time="day", event="event", marker="score", risks={3: "risk"})


def simulated(n: int = 200) -> pl.DataFrame:
    rng = np.random.default_rng(11)
    score = rng.normal(size=n)
    time = np.ceil(rng.exponential(100 * np.exp(-score)))
    censored = np.ceil(rng.exponential(150, n))
    risk = 1 - np.exp(-0.5 * np.exp(score))
    return pl.DataFrame(
        {"day": np.minimum(time, censored), "event": time <= censored, "score": score, "risk": risk}
    )


def test_harrell_counts_pairs_by_hand() -> None:
    # The event of day 1 outranks all three others; the event of day 3 loses to the one left.
    found = estimate_concordance_index(read())
    assert isinstance(found, ConcordanceIndex)
    assert (found.concordant, found.discordant, found.tied_score) == (3, 1, 0)
    assert found.index == 0.75


def test_uno_weighs_the_later_event_by_the_censoring_before_it() -> None:
    # G is 2/3 after the censoring on day 2 of three patients: the pair of day 3 weighs 9/4.
    found = estimate_concordance_index(read(), weights="uno")
    assert found.concordant == pytest.approx(3)
    assert found.discordant == pytest.approx(9 / 4)
    assert found.index == pytest.approx(3 / 5.25)


def test_events_after_the_horizon_make_no_pairs() -> None:
    assert estimate_concordance_index(read(), horizon=2).index == 1.0


def test_tied_scores_and_tied_events_are_told_apart() -> None:
    frame = pl.DataFrame({"day": [1, 1, 1, 2], "event": [1, 1, 0, 0], "score": [1.0, 1.0, 1.0, 0.0]})
    found = estimate_concordance_index(read(frame.with_columns(risk=0.5)))
    assert (found.concordant, found.tied_score, found.tied_time, found.tied_both) == (2, 2, 0, 1)


def test_auc_and_brier_by_hand() -> None:
    # Day 3: cases 1 (weight 1) and 3 (weight 3/2), control 4 (weight 3/2).
    auc = estimate_auc(read(), horizon=3)
    assert isinstance(auc, HorizonAuc)
    assert auc.auc == pytest.approx(1 / 2.5)
    assert (auc.n_cases, auc.n_controls) == (2, 1)
    brier = estimate_brier_score(read(), horizon=3)
    assert isinstance(brier, BrierScore)
    assert brier.score == pytest.approx((0.2**2 + 1.5 * 0.6**2 + 1.5 * 0.5**2) / 4)
    # One risk for everybody: 1 - 3/4 * 1/2.
    assert brier.null_score == pytest.approx(2.5 / 4 * 0.375**2 + 1.5 / 4 * 0.625**2)
    assert brier.ipa == pytest.approx(1 - brier.score / brier.null_score)


def test_an_event_on_the_horizon_is_no_case_for_the_strict_convention() -> None:
    assert estimate_auc(read(), horizon=3, by="marker", convention="strict").auc == 1.0


def test_auc_without_censoring_is_the_share_of_ordered_pairs() -> None:
    frame = simulated().with_columns(event=pl.lit(1))
    score, late = frame["score"].to_numpy(), frame["day"].to_numpy() > 40
    share = np.mean(score[~late][:, None] > score[late][None, :])
    assert estimate_auc(read(frame), horizon=40, by="marker").auc == pytest.approx(share, abs=1e-12)


def test_row_order_and_monotone_scores_change_nothing() -> None:
    frame = simulated()
    shuffled = frame.sample(fraction=1, shuffle=True, seed=5).with_columns(score=pl.col("score").exp())
    for weights in ("harrell", "uno"):
        first = estimate_concordance_index(read(frame), weights=weights)
        second = estimate_concordance_index(read(shuffled), weights=weights)
        assert first.std_error == pytest.approx(second.std_error, rel=1e-10)
        assert first.index == pytest.approx(second.index, rel=1e-12)
    first, second = (estimate_auc(read(rows), horizon=3, by="marker") for rows in (frame, shuffled))
    assert (first.auc, first.std_error) == pytest.approx((second.auc, second.std_error))


def test_standard_errors_are_near_the_bootstrap() -> None:
    frame, rng = simulated(300), np.random.default_rng(2)
    draws = [read(frame[rng.integers(300, size=300)]) for _ in range(150)]
    data = replace(read(frame), risks={60.0: frame["risk"].to_numpy()})
    draws = [replace(draw, risks={60.0: draw.risks[3.0]}) for draw in draws]
    areas = [estimate_auc(draw, horizon=60.0).auc for draw in draws]
    scores = [estimate_brier_score(draw, horizon=60.0).score for draw in draws]
    assert estimate_auc(data, horizon=60.0).std_error == pytest.approx(np.std(areas), rel=0.25)
    assert estimate_brier_score(data, horizon=60.0).std_error == pytest.approx(np.std(scores), rel=0.25)


def test_integrated_score_holds_each_score_until_the_next_horizon() -> None:
    assert integrate_scores((2, 4, 8), (0.1, 0.2, 0.3)) == pytest.approx((0.0, 0.05, 0.125))


def test_missing_predictions_are_left_out_and_counted() -> None:
    data = read(FOUR.with_columns(score=pl.Series([3.0, None, 1.0, 2.0])))
    assert len(data.time) == 3
    assert data.warnings == ("1 rows are left out: an outcome or a prediction is missing",)


@pytest.mark.parametrize(
    ("frame", "horizon", "code"),
    [
        (FOUR.clear(), 3, "no_patients"),
        (FOUR.with_columns(event=pl.lit(0)), 3, "no_events"),
        (FOUR.with_columns(day=pl.col("day") + 10), 3, "no_events"),
        (FOUR.head(3), 3, "follow_up_too_short"),
    ],
)
def test_a_horizon_that_data_cannot_reach_is_refused(frame: pl.DataFrame, horizon: int, code: str) -> None:
    for refused in (
        estimate_auc(read(frame), horizon=horizon),
        estimate_brier_score(read(frame), horizon=horizon),
    ):
        assert isinstance(refused, NotEstimable)
        assert refused.code == code


def test_predictions_that_are_none_are_an_error_without_a_value() -> None:
    with pytest.raises(SpecificationError, match="not between 0 and 1"):
        read(FOUR.with_columns(risk=pl.col("risk") * 7))
    with pytest.raises(SpecificationError, match="no column"):
        read_predictions(FOUR, time="day", event="event", marker="absent")
    with pytest.raises(SpecificationError, match="no risk by day 9"):
        read().risk(9)


def test_optimism_lowers_performance_and_repeats_with_its_seed() -> None:
    rng = np.random.default_rng(4)
    noise = {f"noise{number}": rng.normal(size=80) for number in range(5)}
    frame = simulated(80).with_columns(**noise)
    spec = CoxSpec("day", "event", ("score", *noise))
    found = estimate_optimism(frame, spec, seed=1, n_resamples=20)
    again = estimate_optimism(frame, spec, seed=1, n_resamples=20)
    assert isinstance(found, Optimism)
    assert found.n_resamples == 20
    assert (found.table["corrected"] < found.table["apparent"]).all()
    assert found.table.equals(again.table)


def test_optimism_knows_no_delayed_entry() -> None:
    spec = CoxSpec("day", "event", ("score",), entry="risk")
    with pytest.raises(SpecificationError):
        estimate_optimism(simulated(), spec, seed=1)
