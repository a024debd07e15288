"""Intervals of a proportion against hand calculations, R 4.2.2 and the published examples of Newcombe."""

from __future__ import annotations

import math

import pytest

from analytics.proportions.intervals import (
    clopper_pearson_interval,
    cluster_interval,
    estimate_proportion,
    wilson_interval,
    zero_event_upper_limit,
)
from analytics.proportions.results import Proportion
from analytics.refusals import NotEstimable


@pytest.mark.parametrize(
    ("n_events", "n_total", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_limits_equal_the_worked_examples_of_newcombe(
    n_events: int, n_total: int, lower: float, upper: float
) -> None:
    assert wilson_interval(n_events, n_total) == pytest.approx((lower, upper), abs=5e-5)


@pytest.mark.parametrize(
    ("n_events", "n_total", "lower", "upper"),
    [(81, 263, 0.2535, 0.3682), (15, 148, 0.0598, 0.1644), (0, 20, 0.0, 0.2005), (1, 29, 0.0018, 0.1963)],
)
def test_corrected_wilson_limits_equal_the_worked_examples_of_newcombe(
    n_events: int, n_total: int, lower: float, upper: float
) -> None:
    assert wilson_interval(n_events, n_total, corrected=True) == pytest.approx((lower, upper), abs=5e-5)


def test_limits_equal_those_of_r() -> None:
    # prop.test(33, 2115, correct = FALSE), prop.test(33, 2115), binom.test(33, 2115); R 4.2.2.
    assert wilson_interval(33, 2115) == pytest.approx((0.011131485996855, 0.02183061153524), rel=1e-12)
    corrected = wilson_interval(33, 2115, corrected=True)
    assert corrected == pytest.approx((0.0109343981685824, 0.0221051802742648), rel=1e-12)
    exact = clopper_pearson_interval(33, 2115)
    assert exact == pytest.approx((0.0107639796531527, 0.0218429462838964), rel=1e-12)


def test_exact_limits_of_one_event_equal_those_of_r() -> None:
    # binom.test(1, 29), R 4.2.2.
    limits = clopper_pearson_interval(1, 29)
    assert limits == pytest.approx((0.000872646883579923, 0.177644295488723), rel=1e-12)


def test_wilson_limits_equal_a_hand_calculation() -> None:
    # 5 of 10 with z = 2 (confidence 0.9544997): centre (0.5 + 4/20) / 1.4 = 0.5,
    # half width 2 * sqrt(0.25/10 + 4/400) / 1.4 = 2 * sqrt(0.035) / 1.4 = 0.26726124.
    lower, upper = wilson_interval(5, 10, confidence=math.erf(math.sqrt(2.0)))
    assert lower == pytest.approx(0.5 - 0.2672612419124244, abs=1e-12)
    assert upper == pytest.approx(0.5 + 0.2672612419124244, abs=1e-12)


def test_wilson_limits_solve_the_equation_that_defines_them() -> None:
    # Each limit p is where |x/n - p| = z sqrt(p (1 - p) / n), z = 1.959963984540054.
    for limit in wilson_interval(7, 61):
        assert abs(7 / 61 - limit) == pytest.approx(1.959963984540054 * math.sqrt(limit * (1 - limit) / 61))


@pytest.mark.parametrize("corrected", [False, True])
def test_wilson_limits_touch_the_ends_exactly(*, corrected: bool) -> None:
    assert wilson_interval(0, 9, corrected=corrected)[0] == 0.0
    assert wilson_interval(9, 9, corrected=corrected)[1] == 1.0


def test_exact_limits_without_an_event_are_the_one_sided_limit() -> None:
    assert clopper_pearson_interval(0, 20) == pytest.approx((0.0, zero_event_upper_limit(20)), rel=1e-12)
    assert clopper_pearson_interval(20, 20) == pytest.approx((0.025 ** (1 / 20), 1.0), rel=1e-12)


def test_zero_event_limit_is_the_exact_one() -> None:
    # 1 - 0.025^(1/n): n = 1 gives 0.975; n = 2 gives 1 - sqrt(0.025) = 0.841886117.
    assert zero_event_upper_limit(1) == pytest.approx(0.975, abs=1e-15)
    assert zero_event_upper_limit(2) == pytest.approx(1.0 - math.sqrt(0.025), abs=1e-15)


def test_zero_event_limit_of_120_is_three_percent() -> None:
    # log(0.025) = -3.688879454; divided by 120 = -0.030740662; 1 - exp(-0.030740662) = 0.030272973.
    assert zero_event_upper_limit(120) == pytest.approx(0.030272973, abs=1e-9)


@pytest.mark.parametrize(("n_events", "n_total"), [(1, 0), (-1, 5), (6, 5), (0, 0)])
def test_counts_that_are_no_proportion_are_a_bug(n_events: int, n_total: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        wilson_interval(n_events, n_total)
    with pytest.raises(ValueError, match="no proportion"):
        clopper_pearson_interval(n_events, n_total)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_a_level_outside_zero_and_one_is_a_bug(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        wilson_interval(1, 5, confidence=confidence)


def test_a_share_carries_its_interval_and_the_name_of_it() -> None:
    found = estimate_proportion(33, 2115)
    assert isinstance(found, Proportion)
    assert (found.estimate, found.method) == (33 / 2115, "Wilson")
    exact = estimate_proportion(33, 2115, method="clopper_pearson")
    assert isinstance(exact, Proportion)
    assert exact.lower < found.lower


def test_a_share_without_events_names_the_one_sided_limit() -> None:
    found = estimate_proportion(0, 120)
    assert isinstance(found, Proportion)
    assert found.upper == zero_event_upper_limit(120)
    assert found.method == "exact one-sided 97.5 % limit"


def test_a_share_of_nobody_is_refused() -> None:
    found = estimate_proportion(0, 0, group="Severe")
    assert isinstance(found, NotEstimable)
    assert (found.group, found.code) == ("Severe", "no_patients")


EVENTS = [1, 0, 2, 0, 1, 0, 0, 1, 0, 0]
TOTALS = [2, 1, 3, 1, 1, 2, 1, 2, 1, 1]


def test_limits_by_cluster_equal_those_written_out_in_r() -> None:
    # In R 4.2.2, with r, v as documented and t the quantile for 9 degrees of freedom:
    # plogis(qlogis(r) + c(-1, 1) * t * sqrt(v) / (r * (1 - r))).
    found = cluster_interval(EVENTS, TOTALS, method="logit")
    assert isinstance(found, Proportion)
    assert (found.estimate, found.n_clusters) == (pytest.approx(1 / 3), 10)
    assert (found.lower, found.upper) == pytest.approx((0.134549255840423, 0.6165725933422), rel=1e-12)


def test_wilson_limits_by_cluster_rest_on_the_effective_number_of_rows() -> None:
    # 3 patients with 4 lesions each, all or none with the event, and 3 with one lesion each, one with it:
    # x = (4, 0, 0, 1, 0, 0), n = (4, 4, 4, 1, 1, 1), r = 5/15 = 1/3.
    # x - r n = (8/3, -4/3, -4/3, 2/3, -1/3, -1/3): squares sum to (64 + 16 + 16 + 4 + 1 + 1) / 9 = 102/9.
    # v = 6/5 * (102/9) / 225 = 0.060444...; effective rows (2/9) / v = 3.6764706.
    found = cluster_interval([4, 0, 0, 1, 0, 0], [4, 4, 4, 1, 1, 1])
    assert isinstance(found, Proportion)
    assert found.n_effective == pytest.approx((2 / 9) / (6 / 5 * 102 / 9 / 225), rel=1e-12)
    quantile = 2.5705818366147395  # qt(0.975, 5)
    for limit in (found.lower, found.upper):
        distance = quantile * math.sqrt(limit * (1 - limit) / found.n_effective)
        assert abs(1 / 3 - limit) == pytest.approx(distance, rel=1e-9)


def test_rows_of_a_cluster_never_tell_more_than_independent_rows() -> None:
    # Each patient has one lesion with and one without the event but one: far less spread than by chance.
    found = cluster_interval([1, 1, 1, 1, 2], [2, 2, 2, 2, 2])
    assert isinstance(found, Proportion)
    assert found.n_effective == 10.0


def test_without_events_by_cluster_the_clusters_count_and_not_the_rows() -> None:
    found = cluster_interval([0, 0, 0, 0], [3, 1, 2, 4])
    assert isinstance(found, Proportion)
    assert found.upper == pytest.approx(zero_event_upper_limit(4), rel=1e-12)
    everybody = cluster_interval([3, 1], [3, 1])
    assert isinstance(everybody, Proportion)
    assert (everybody.lower, everybody.upper) == (pytest.approx(0.025**0.5), 1.0)


@pytest.mark.parametrize(
    ("events", "totals", "code"),
    [([], [], "no_patients"), ([1], [2], "one_group"), ([1, 1], [2, 2], "singular")],
)
def test_clusters_that_tell_no_variance_are_refused(events: list[int], totals: list[int], code: str) -> None:
    found = cluster_interval(events, totals)
    assert isinstance(found, NotEstimable)
    assert found.code == code


@pytest.mark.parametrize(("events", "totals"), [([3], [2]), ([1, 1], [2]), ([0, 0], [1, 0])])
def test_counts_of_clusters_that_are_no_proportions_are_a_bug(events: list[int], totals: list[int]) -> None:
    with pytest.raises(ValueError, match="no proportions"):
        cluster_interval(events, totals)
