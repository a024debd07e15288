"""Laws of differences, ratios and tests of two proportions."""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.proportions.differences import (
    miettinen_nurminen_difference,
    newcombe_difference,
    odds_ratio,
    risk_ratio,
)
from analytics.proportions.multiplicity import benjamini_hochberg, holm
from analytics.proportions.results import Comparison, CountTest
from analytics.proportions.tests import cochran_armitage, fisher_exact, mid_p

LAW = settings(deadline=None, max_examples=60, derandomize=True)
GROUP = st.integers(1, 600).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
P_VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12)


@LAW
@given(GROUP, GROUP)
def test_estimates_lie_within_their_limits(first: tuple[int, int], second: tuple[int, int]) -> None:
    counts = (*first, *second)
    for found in (
        newcombe_difference(*counts),
        miettinen_nurminen_difference(*counts),
        risk_ratio(*counts),
        odds_ratio(*counts, method="exact"),
    ):
        if isinstance(found, Comparison):
            upper = math.inf if found.upper is None else found.upper
            slack = 1e-9 * max(1.0, abs(found.estimate))
            assert found.lower - slack <= found.estimate <= upper + slack


@LAW
@given(GROUP, GROUP)
def test_score_interval_leaves_zero_out_exactly_where_its_test_rejects(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    found = miettinen_nurminen_difference(*first, *second)
    assert isinstance(found, Comparison)
    assert found.p_value is not None
    assert found.upper is not None
    if abs(found.p_value - 0.05) > 1e-9:
        assert (found.p_value < 0.05) == (found.lower > 0.0 or found.upper < 0.0)


@LAW
@given(GROUP, GROUP)
def test_tests_do_not_ask_which_group_comes_first(first: tuple[int, int], second: tuple[int, int]) -> None:
    for test in (fisher_exact, mid_p):
        there, back = test(*first, *second), test(*second, *first)
        assert isinstance(there, CountTest)
        assert isinstance(back, CountTest)
        assert math.isclose(there.p_value, back.p_value, rel_tol=1e-8, abs_tol=1e-12)
        assert 0.0 <= there.p_value <= 1.0


@LAW
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(5, 30)), min_size=2, max_size=5))
def test_a_trend_read_backwards_is_the_same_trend(groups: list[tuple[int, int]]) -> None:
    events, totals = [x for x, _ in groups], [n for _, n in groups]
    there, back = cochran_armitage(events, totals), cochran_armitage(events[::-1], totals[::-1])
    assert type(there) is type(back)
    if isinstance(there, CountTest) and isinstance(back, CountTest):
        assert math.isclose(there.p_value, back.p_value, rel_tol=1e-8, abs_tol=1e-12)


@LAW
@given(P_VALUES)
def test_adjusting_never_lowers_a_p_value_and_keeps_their_order(p_values: list[float]) -> None:
    for adjust in (holm, benjamini_hochberg):
        adjusted = [p for p in adjust(p_values) if p is not None]
        pairs = sorted(zip(p_values, adjusted, strict=True))
        assert all(p <= q + 1e-15 for p, q in pairs)
        assert all(q <= later + 1e-15 for (_, q), (_, later) in pairwise(pairs))
