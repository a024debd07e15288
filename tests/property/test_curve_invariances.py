"""Laws of the counting estimators: unit of time, order of rows, weights for rows, causes that add up."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.survival.comparisons import compare_event_curves
from analytics.survival.cumulative_incidence import EVENT_FREE, estimate_cumulative_incidence
from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.follow_up import estimate_follow_up
from analytics.survival.gray import compare_incidences
from analytics.survival.mean_cumulative_count import RecurrentColumns, estimate_mean_cumulative_count
from analytics.survival.rank_sums import RankWeights
from analytics.survival.restricted_mean_weighted import estimate_weighted_restricted_mean
from analytics.survival.restricted_means import RestrictedMean
from analytics.survival.results import CumulativeIncidence, EventCurve, GroupTest
from analytics.survival.results_recurrence import MeanCumulativeCount
from analytics.survival.time_lost import estimate_time_lost
from analytics.survival.weighted_curves import (
    RowColumns,
    estimate_weighted_cumulative_incidence,
    estimate_weighted_event_curve,
)

CAUSES = ("mace", "death", "other")
patient = st.tuples(
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["x", "y"]),
    st.integers(0, 9),
    st.integers(0, 3),
    st.integers(1, 3),
)
registries = st.lists(patient, min_size=1, max_size=30)
units = st.sampled_from([7, 0.5, 30.4375])
quick = settings(deadline=None, max_examples=40)


def frame_of(patients: list[tuple[str, str, int, int, int]]) -> pl.DataFrame:
    schema = {"group": pl.String, "site": pl.String, "time_days": pl.Int64, "cause": pl.Int8, "w": pl.Int64}
    return pl.DataFrame(patients, schema=schema, orient="row").with_row_index("patient_id")


def any_event(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("cause").clip(upper_bound=1))


def in_units(frame: pl.DataFrame, unit: float) -> pl.DataFrame:
    return frame.with_columns(pl.col("time_days") * unit)


def incidence_of(frame: pl.DataFrame) -> CumulativeIncidence:
    found = estimate_cumulative_incidence(count_events(frame), group="all", causes=CAUSES)
    assert isinstance(found, CumulativeIncidence)
    return found


def shown(table: pl.DataFrame, *names: str) -> np.ndarray:
    return table.select(names).cast(pl.Float64).fill_null(-9.0).to_numpy()


@quick
@given(registries)
def test_every_incidence_rises_and_they_add_to_the_risk_of_any_event(patients: list[tuple]) -> None:
    frame = frame_of(patients)
    found = incidence_of(frame).table
    curve = estimate_event_curve(count_events(any_event(frame)), group="all")
    assert isinstance(curve, EventCurve)
    parts = [found.filter(cause=cause)["incidence"].to_numpy() for cause in CAUSES]
    assert all((np.diff(part, prepend=0.0) >= 0).all() for part in parts)
    assert np.abs(np.sum(parts, axis=0) - (1 - curve.table["survival"].to_numpy())).max() < 1e-12
    free = found.filter(cause=EVENT_FREE)["incidence"].to_numpy()
    assert np.abs(free - curve.table["survival"].to_numpy()).max() < 1e-12


@quick
@given(registries, units)
def test_the_unit_of_time_means_nothing_to_curves(patients: list[tuple], unit: float) -> None:
    frame = frame_of(patients)
    for estimate, names in (
        (lambda rows: incidence_of(rows).table, ("incidence", "std_error", "lower", "upper", "n_risk")),
        (
            lambda rows: estimate_event_curve(count_events(any_event(rows)), group="all").table,
            ("survival", "std_error", "lower", "upper", "cumulative_hazard", "n_risk"),
        ),
        (
            lambda rows: estimate_follow_up(count_events(any_event(rows)), group="all").curve.table,
            ("survival", "std_error", "n_risk"),
        ),
    ):
        one, other = estimate(frame), estimate(in_units(frame, unit))
        assert np.array_equal(shown(one, *names), shown(other, *names))


@quick
@given(registries, units, st.sampled_from([0.0, 0.5, 1.0]))
def test_the_unit_of_time_means_nothing_to_tests(patients: list[tuple], unit: float, rho: float) -> None:
    found = []
    for rows in (frame_of(patients), in_units(frame_of(patients), unit)):
        counts = count_events(rows, strata=["group", "site"])
        found += [
            compare_event_curves(counts, group="group", strata=["site"], weights=RankWeights(rho=rho)),
            compare_incidences(counts, group="group", strata=["site"], rho=rho),
        ]
    for one, other in zip(found[:2], found[2:], strict=True):
        assert type(one) is type(other)
        if isinstance(one, GroupTest):
            assert (one.statistic, one.p_value) == (other.statistic, other.p_value)
        else:
            assert one.code == other.code


@quick
@given(registries, st.randoms(use_true_random=False))
def test_the_order_of_rows_means_nothing_to_robust_estimates(
    patients: list[tuple], random: st.DataObject
) -> None:
    shuffled = list(patients)
    random.shuffle(shuffled)
    columns = RowColumns(weight="w", cluster="site")
    found = []
    for rows in (frame_of(patients), frame_of(shuffled)):
        curve = estimate_weighted_event_curve(any_event(rows), columns=columns, group="all")
        states = estimate_weighted_cumulative_incidence(rows, columns=columns, group="all", causes=CAUSES)
        found.append(
            (shown(curve.table, "survival", "std_error"), shown(states.table, "incidence", "std_error"))
        )
    for one, other in zip(*found, strict=True):
        # The last bit of a sum depends on its order, and the root of a variance of zero on that bit.
        assert np.abs(one - other).max() < 1e-7


@quick
@given(registries)
def test_a_weight_is_as_many_rows_of_one_patient(patients: list[tuple]) -> None:
    frame = frame_of(patients)
    rows = frame.select(pl.all().repeat_by("w")).explode(pl.all())
    weighted, repeated = RowColumns(weight="w", cluster="patient_id"), RowColumns(cluster="patient_id")
    curves = [
        estimate_weighted_event_curve(any_event(part), columns=columns, group="all").table
        for part, columns in ((frame, weighted), (rows, repeated))
    ]
    states = [
        estimate_weighted_cumulative_incidence(part, columns=columns, group="all", causes=CAUSES).table
        for part, columns in ((frame, weighted), (rows, repeated))
    ]
    names = ("weighted_n_risk", "std_error")
    assert np.abs(np.diff([shown(one, "survival", *names) for one in curves], axis=0)).max() < 1e-7
    assert np.abs(np.diff([shown(one, "incidence", *names) for one in states], axis=0)).max() < 1e-7


@quick
@given(registries, st.sampled_from([1, 4, 9]), units)
def test_days_lost_add_up_and_scale_with_the_unit(patients: list[tuple], day: int, unit: float) -> None:
    frame = frame_of(patients)
    means = [
        estimate_weighted_restricted_mean(
            any_event(rows), columns=RowColumns(weight="w"), group="all", horizon_days=day * scale
        )
        for rows, scale in ((frame, 1), (in_units(frame, unit), unit))
    ]
    if isinstance(means[0], RestrictedMean):
        assert isinstance(means[1], RestrictedMean)
        assert abs(means[1].mean_days - unit * means[0].mean_days) < 1e-9
        assert abs(means[1].std_error - unit * means[0].std_error) < 1e-9
        plain = estimate_weighted_restricted_mean(
            any_event(frame), columns=RowColumns(), group="all", horizon_days=day
        )
        lost = estimate_time_lost(count_events(frame), group="all", causes=CAUSES, horizon_days=day)
        assert abs(lost.table["lost_days"].sum() - (day - plain.mean_days)) < 1e-9


recurrences = st.lists(
    st.tuples(st.lists(st.integers(1, 8), max_size=4, unique=True), st.integers(9, 12), st.booleans()),
    min_size=1,
    max_size=12,
)


def stretches(histories: list[tuple[list[int], int, bool]]) -> pl.DataFrame:
    rows = []
    for patient_id, (events, end, died) in enumerate(histories):
        days = [0, *sorted(events), end]
        rows += [(patient_id, float(a), float(b), b != end, died and b == end) for a, b in pairwise(days)]
    return pl.DataFrame(
        rows,
        schema={"patient_id": pl.Int64, "start_days": pl.Float64, "time_days": pl.Float64}
        | {"event": pl.Boolean, "died": pl.Boolean},
        orient="row",
    )


@quick
@given(recurrences, units)
def test_a_mean_count_rises_and_knows_neither_unit_nor_order(
    histories: list[tuple[list[int], int, bool]], unit: float
) -> None:
    frame = stretches(histories)
    scaled = frame.with_columns(pl.col("start_days", "time_days") * unit).reverse()
    found = [
        estimate_mean_cumulative_count(rows, columns=RecurrentColumns(terminal="died"), group="all")
        for rows in (frame, scaled)
    ]
    assert all(isinstance(one, MeanCumulativeCount) for one in found)
    assert (np.diff(found[0].table["mean_count"].to_numpy(), prepend=0.0) >= 0).all()
    one, other = (shown(each.table, "mean_count", "std_error", "n_risk") for each in found)
    assert np.abs(one - other).max() < 1e-7
