"""Laws that hold for every set of outcomes."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.survival.comparisons import compare_event_curves
from analytics.survival.cumulative_incidence import estimate_cumulative_incidence
from analytics.survival.event_counts import count_events, merge
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.results import CumulativeIncidence, EventCurve, GroupTest

patient = st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 12), st.integers(0, 2))
registries = st.lists(patient, min_size=1, max_size=40)
quick = settings(deadline=None, max_examples=60)


def frame_of(patients: list[tuple[str, int, int]]) -> pl.DataFrame:
    schema = {"group": pl.String, "time_days": pl.Int64, "cause": pl.Int8}
    return pl.DataFrame(patients, schema=schema, orient="row")


@quick
@given(registries, st.integers(0, 40))
def test_merging_any_split_gives_the_whole(patients: list[tuple[str, int, int]], at: int) -> None:
    frame = frame_of(patients)
    whole = count_events(frame, strata=["group"])
    parts = [count_events(part, strata=["group"]) for part in (frame[:at], frame[at:])]
    assert merge(*parts).frame.equals(whole.frame)


@quick
@given(registries, st.randoms(use_true_random=False))
def test_the_order_of_rows_means_nothing(patients: list[tuple[str, int, int]], random: object) -> None:
    shuffled = list(patients)
    random.shuffle(shuffled)
    counts = [count_events(frame_of(rows), strata=["group"]).frame for rows in (patients, shuffled)]
    assert counts[0].equals(counts[1])


@quick
@given(registries)
def test_curves_never_rise_and_stay_inside_their_limits(patients: list[tuple[str, int, int]]) -> None:
    frame = frame_of(patients).with_columns(pl.col("cause").clip(upper_bound=1))
    curve = estimate_event_curve(count_events(frame), group="all")
    assert isinstance(curve, EventCurve)
    table = curve.table
    survival = table["survival"].to_numpy()
    assert (np.diff(survival, prepend=1.0) <= 0).all()
    known = table.drop_nulls()
    assert (known["lower"] <= known["survival"] + 1e-12).all()
    assert (known["upper"] >= known["survival"] - 1e-12).all()
    assert table["n_risk"][0] == len(patients)


@quick
@given(registries)
def test_all_probabilities_add_to_one_on_every_day(patients: list[tuple[str, int, int]]) -> None:
    found = estimate_cumulative_incidence(count_events(frame_of(patients)), group="all", causes=("x", "y"))
    assert isinstance(found, CumulativeIncidence)
    sums = found.table.group_by("time_days").agg(pl.col("incidence").sum())["incidence"].to_numpy()
    assert np.abs(sums - 1).max() < 1e-12
    assert (found.table["std_error"] >= 0).all()


@quick
@given(registries)
def test_observed_and_expected_events_are_equal_in_sum(patients: list[tuple[str, int, int]]) -> None:
    test = compare_event_curves(count_events(frame_of(patients), strata=["group"]), group="group")
    if isinstance(test, GroupTest):
        gap = (test.table["observed"] - test.table["expected"]).to_numpy()
        assert abs(gap.sum()) < 1e-9
        assert np.abs(np.array(test.covariance).sum(axis=0)).max() < 1e-9
        assert 0 <= test.p_value <= 1
    else:
        assert test.code in {"one_group", "no_events", "singular"}
