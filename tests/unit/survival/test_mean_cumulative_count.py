"""Mean cumulative counts: by hand, and against the derivative of the estimate in every patient's weight."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.mean_cumulative_count import RecurrentColumns, estimate_mean_cumulative_count
from analytics.survival.results import EventCurve, NotEstimable
from analytics.survival.results_recurrence import MeanCumulativeCount

TOY = pl.DataFrame(
    {
        "patient_id": ["a", "a", "b", "b"],
        "start_days": [0, 2, 0, 3],
        "time_days": [2, 6, 3, 4],
        "event": [1, 0, 1, 1],
        "died": [False, False, False, True],
    }
)
COLUMNS, WITH_DEATH = RecurrentColumns(), RecurrentColumns(terminal="died")


def count(frame: pl.DataFrame, columns: RecurrentColumns = COLUMNS, **options: str) -> MeanCumulativeCount:
    result = estimate_mean_cumulative_count(frame, columns=columns, group="ivl", **options)
    assert isinstance(result, MeanCumulativeCount)
    return result


def many() -> pl.DataFrame:
    """Patients with gaps, ties, several events a day and deaths."""
    draw = np.random.default_rng(11)
    rows = []
    for patient in range(40):
        day = int(draw.integers(0, 3))
        for _ in range(int(draw.integers(1, 5))):
            stop = day + int(draw.integers(1, 9))
            rows.append((patient, day, stop, int(draw.integers(0, 3)), False))
            day = stop + int(draw.integers(0, 2))
        rows[-1] = (*rows[-1][:4], bool(draw.random() < 0.5))
    return pl.DataFrame(rows, schema=["patient_id", "start_days", "time_days", "event", "died"], orient="row")


def weighted_mean(frame: pl.DataFrame, weights: np.ndarray, *, has_death: bool) -> np.ndarray:
    """Estimate with a weight per patient, straight from the definition."""
    start, stop, event, died = (
        frame[name].to_numpy().astype(float) for name in ("start_days", "time_days", "event", "died")
    )
    own = weights[frame["patient_id"].to_numpy()]
    alive, mean, path = 1.0, 0.0, []
    for day in np.unique(stop):
        at_risk = own[(start < day) & (day <= stop)].sum()
        mean += alive * (own * event)[stop == day].sum() / at_risk
        alive *= 1 - has_death * (own * died)[stop == day].sum() / at_risk
        path.append(mean)
    return np.array(path)


def test_two_patients_by_hand() -> None:
    table = count(TOY).table
    assert table["n_risk"].to_list() == [2, 2, 2, 1]
    assert table["mean_count"].to_list() == pytest.approx([0.5, 1.0, 1.5, 1.5])
    # On day 4 patient a has had 1/2 less 3/4, patient b the opposite.
    assert table["std_error"][2] == pytest.approx(math.sqrt(2) * 0.25)


def test_the_dead_have_no_more_events() -> None:
    late = TOY.with_columns(event=pl.when(pl.col("time_days") == 6).then(1).otherwise("event"))
    table = count(late, WITH_DEATH).table
    assert table["survival"].to_list() == [1.0, 1.0, 0.5, 0.5]
    assert table["mean_count"].to_list() == pytest.approx([0.5, 1.0, 1.5, 2.0])


@pytest.mark.parametrize("has_death", [False, True])
def test_variance_is_the_squared_derivative_in_the_weights(*, has_death: bool) -> None:
    frame, step = many(), 1e-5
    derivatives = []
    for patient in range(40):
        up, down = np.ones(40), np.ones(40)
        up[patient] += step
        down[patient] -= step
        moved = [weighted_mean(frame, weights, has_death=has_death) for weights in (up, down)]
        derivatives.append((moved[0] - moved[1]) / (2 * step))
    expected = np.sqrt((np.array(derivatives) ** 2).sum(axis=0))
    table = count(frame, WITH_DEATH if has_death else COLUMNS).table
    assert table["mean_count"].to_list() == pytest.approx(
        weighted_mean(frame, np.ones(40), has_death=has_death).tolist()
    )
    assert table["std_error"].to_list() == pytest.approx(expected.tolist(), rel=1e-6)


def test_one_event_each_is_the_nelson_aalen_estimate() -> None:
    frame = pl.DataFrame({"patient_id": [1, 2, 3, 4], "time_days": [1, 2, 2, 5], "event": [1, 1, 0, 1]})
    curve = estimate_event_curve(count_events(frame, cause="event"), group="ivl")
    assert isinstance(curve, EventCurve)
    plain = count(frame.with_columns(start_days=None), variance="poisson").table
    assert plain["mean_count"].to_list() == curve.table["cumulative_hazard"].to_list()
    assert plain["std_error"].to_list() == pytest.approx(curve.table["std_error_hazard"].to_list())


def test_splitting_a_row_without_event_changes_nothing() -> None:
    whole = pl.DataFrame({"patient_id": [1, 2], "start_days": [0, 0], "time_days": [9, 4], "event": [1, 1]})
    parts = pl.DataFrame(
        {"patient_id": [2, 1, 1], "start_days": [0, 4, 0], "time_days": [4, 9, 4], "event": [1, 1, 0]}
    )
    assert count(whole).table.equals(count(parts).table)


def test_limits_are_on_the_scale_asked_for() -> None:
    log, plain = count(TOY).table.row(1, named=True), count(TOY, interval="plain").table.row(1, named=True)
    reach = 1.959963984540054 * log["std_error"]
    assert log["upper"] == pytest.approx(log["mean_count"] * math.exp(reach / log["mean_count"]))
    assert plain["upper"] == pytest.approx(plain["mean_count"] + reach)


def test_nobody_is_a_refusal() -> None:
    refusal = estimate_mean_cumulative_count(TOY.clear(), columns=COLUMNS, group="ivl")
    assert isinstance(refusal, NotEstimable)
    assert refusal.code == "no_patients"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"start_days": pl.lit(0)}, "overlap"),
        ({"start_days": pl.col("time_days")}, "not after the start"),
        ({"event": pl.lit(None, dtype=pl.Int64)}, "absent"),
        ({"event": pl.lit(-1)}, "events negative"),
        ({"died": pl.lit(value=True)}, "after death"),
    ],
)
def test_rows_that_cannot_be_are_an_error(change: dict[str, pl.Expr], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        count(TOY.with_columns(**change), WITH_DEATH)


def test_poisson_variance_with_a_terminal_event_is_an_error() -> None:
    with pytest.raises(ValueError, match="terminal"):
        count(TOY, WITH_DEATH, variance="poisson")
