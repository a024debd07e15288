"""Cumulative incidence: closed forms by hand, identities, refusals."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from analytics.survival.cumulative_incidence import EVENT_FREE, estimate_cumulative_incidence
from analytics.survival.curve_reading import read_incidence_at
from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.results import CumulativeIncidence, NotEstimable
from analytics.survival.weighted_curves import RowColumns, estimate_weighted_cumulative_incidence

CAUSES = ("mace", "death")


def incidence_of(frame: pl.DataFrame, **options: object) -> CumulativeIncidence:
    found = estimate_cumulative_incidence(count_events(frame), group="all", causes=CAUSES, **options)
    assert isinstance(found, CumulativeIncidence)
    return found


def six() -> pl.DataFrame:
    return pl.DataFrame({"time_days": [1, 1, 2, 3, 4, 5], "cause": [1, 2, 1, 0, 2, 0]})


def rows_of(found: CumulativeIncidence, cause: str) -> pl.DataFrame:
    return found.table.filter(pl.col("cause") == cause)


def test_six_patients_by_hand() -> None:
    found = incidence_of(six())
    # Event-free: 4/6, 4/6*3/4 = 1/2, 1/2, 1/2*1/2 = 1/4.
    assert rows_of(found, EVENT_FREE)["incidence"].to_list() == pytest.approx(
        [2 / 3, 1 / 2, 1 / 2, 1 / 4, 1 / 4]
    )
    # MACE: 1/6, + 4/6 * 1/4 = 1/3 from day 2 on. Death: 1/6, + 1/2 * 1/2 on day 4.
    assert rows_of(found, "mace")["incidence"].to_list() == pytest.approx([1 / 6, 1 / 3, 1 / 3, 1 / 3, 1 / 3])
    assert rows_of(found, "death")["incidence"].to_list() == pytest.approx(
        [1 / 6, 1 / 6, 1 / 6, 5 / 12, 5 / 12]
    )
    assert (found.basis.n, found.basis.n_events) == (6, 2)


def test_on_the_first_day_the_variance_is_that_of_a_proportion() -> None:
    found = incidence_of(six())
    assert rows_of(found, "mace")["std_error"][0] == pytest.approx(math.sqrt(1 / 6 * 5 / 6 / 6), abs=1e-15)


def test_without_censoring_the_variance_is_that_of_a_proportion_on_every_day() -> None:
    frame = pl.DataFrame({"time_days": [1, 2, 2, 3, 3, 7, 7, 9], "cause": [1, 2, 1, 1, 2, 1, 2, 1]})
    mace = rows_of(incidence_of(frame), "mace")
    share = mace["incidence"].to_numpy()
    assert share == pytest.approx(np.array([1, 2, 3, 4, 5]) / 8, abs=1e-15)
    assert mace["std_error"].to_numpy() == pytest.approx(np.sqrt(share * (1 - share) / 8), abs=1e-8)


@pytest.mark.parametrize("size", [3, 7, 20, 41])
def test_an_incidence_that_reached_one_has_no_error(size: int) -> None:
    found = incidence_of(pl.DataFrame({"time_days": range(size), "cause": [1] * size}))
    last = rows_of(found, "mace").row(-1, named=True)
    assert (last["incidence"], last["std_error"]) == (pytest.approx(1.0, abs=1e-15), 0.0)


def test_incidences_and_the_event_free_share_add_to_one() -> None:
    table = incidence_of(six()).table
    sums = table.group_by("time_days").agg(pl.col("incidence").sum())["incidence"].to_numpy()
    assert sums == pytest.approx(np.ones(5), abs=1e-15)


def test_without_competing_events_it_is_one_minus_kaplan_meier() -> None:
    frame = pl.DataFrame({"time_days": [2, 2, 3, 3, 5, 8], "cause": [1, 1, 1, 0, 1, 0]})
    curve = estimate_event_curve(count_events(frame), group="all")
    mace = rows_of(incidence_of(frame), "mace")
    assert mace["incidence"].to_numpy() == pytest.approx(1 - curve.table["survival"].to_numpy(), abs=1e-15)
    assert mace["std_error"].to_numpy() == pytest.approx(curve.table["std_error"].to_numpy(), abs=1e-15)


def test_aalens_variance_is_the_larger_one() -> None:
    greenwood = rows_of(incidence_of(six()), "mace")["std_error"].to_numpy()
    aalen = rows_of(incidence_of(six(), variance="aalen"), "mace")["std_error"].to_numpy()
    assert (aalen > greenwood).all()


def test_reading_before_the_first_day_gives_nothing_happened() -> None:
    found = incidence_of(six())
    assert read_incidence_at(found, [0], cause="mace").row(0, named=True)["incidence"] == 0.0
    assert read_incidence_at(found, [0], cause=EVENT_FREE).row(0, named=True)["incidence"] == 1.0


def test_everybody_gone_on_day_zero() -> None:
    found = incidence_of(pl.DataFrame({"time_days": [0, 0, 0, 0], "cause": [1, 2, 2, 1]}))
    assert rows_of(found, "mace")["incidence"].to_list() == [0.5]
    assert rows_of(found, "mace")["std_error"].to_list() == pytest.approx([0.25])
    assert rows_of(found, EVENT_FREE)["incidence"].to_list() == [0.0]


def test_a_first_cause_that_never_occurs_is_zero_with_a_warning() -> None:
    found = incidence_of(pl.DataFrame({"time_days": [3, 4], "cause": [2, 0]}))
    assert rows_of(found, "mace")["incidence"].to_list() == [0.0, 0.0]
    assert "never observed" in found.basis.warnings[0]


def test_an_empty_group_is_refused() -> None:
    counts = count_events(six().with_columns(device=pl.lit("ivl")), strata=["device"])
    refused = estimate_cumulative_incidence(counts, group="orbital", causes=CAUSES)
    assert isinstance(refused, NotEstimable)
    assert refused.code == "no_patients"


def test_a_cause_without_a_name_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="Name every cause"):
        estimate_cumulative_incidence(count_events(six()), group="all", causes=("mace",))


def test_the_jackknife_with_equal_weights_equals_greenwood() -> None:
    frame = six().with_columns(w=pl.lit(3.0))
    weighted = estimate_weighted_cumulative_incidence(
        frame, columns=RowColumns(weight="w"), group="all", causes=CAUSES
    )
    names = ["incidence", "std_error", "lower", "upper"]
    plain = incidence_of(six()).table.select(names).to_numpy()
    assert weighted.table.select(names).to_numpy() == pytest.approx(plain, abs=1e-12)
    assert weighted.basis.variance == "robust by row"


def weighted_incidence(weights: np.ndarray) -> float:
    """MACE by day 2 of the six patients, written out with weights."""
    first = weights[0] / weights.sum()
    free = 1 - (weights[0] + weights[1]) / weights.sum()
    return float(first + free * weights[2] / weights[2:].sum())


def test_robust_variance_is_the_sum_of_squared_derivatives_per_site() -> None:
    weights = np.array([0.5, 1.5, 2.0, 1.0, 0.7, 1.1])
    sites = np.array(["a", "a", "b", "b", "c", "c"])
    frame = six().with_columns(w=weights, site_id=sites)
    found = estimate_weighted_cumulative_incidence(
        frame, columns=RowColumns(weight="w", cluster="site_id"), group="all", causes=CAUSES
    )
    by_two = read_incidence_at(found, [2], cause="mace").row(0, named=True)
    step, squared = 1e-6, 0.0
    for site in "abc":
        own = sites == site
        rise = weighted_incidence(weights * (1 + step * own)) - weighted_incidence(weights * (1 - step * own))
        squared += (rise / (2 * step)) ** 2
    assert by_two["incidence"] == pytest.approx(weighted_incidence(weights), abs=1e-15)
    assert by_two["std_error"] == pytest.approx(math.sqrt(squared), rel=1e-8)
