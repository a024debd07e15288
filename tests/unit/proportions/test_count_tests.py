"""Tests on counts and adjustments of p values against R 4.2.2 and hand calculations."""

from __future__ import annotations

import pytest

from analytics.proportions.multiplicity import benjamini_hochberg, holm
from analytics.proportions.results import CountTest
from analytics.proportions.tests import chi_square, cochran_armitage, fisher_exact, mcnemar, mid_p
from analytics.refusals import NotEstimable


def p_value(found: CountTest | NotEstimable) -> float:
    """Tail probability of a test that there is."""
    assert isinstance(found, CountTest)
    return found.p_value


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((7, 34, 1, 34), 0.0544001304950657),
        ((33, 2115, 9, 1902), 0.000870466187243555),
        ((0, 16, 15, 72), 0.0628666646301093),
        ((12, 60, 30, 80), 0.0270741121864653),
        ((3, 10, 0, 12), 0.0779220779220779),
    ],
)
def test_fisher_p_values_equal_those_of_r(counts: tuple[int, int, int, int], expected: float) -> None:
    # fisher.test(matrix(c(x1, n1 - x1, x2, n2 - x2), 2, byrow = TRUE))$p.value, R 4.2.2.
    assert p_value(fisher_exact(*counts)) == pytest.approx(expected, rel=1e-11)


def test_fisher_p_value_equals_a_hand_calculation() -> None:
    # 3 of 3 against 0 of 3: one of choose(6, 3) = 20 tables on either side, 2/20.
    assert p_value(fisher_exact(3, 3, 0, 3)) == pytest.approx(0.1, rel=1e-12)
    # Half of it: 2 * (1/20 - 1/40) = 1/20.
    assert p_value(mid_p(3, 3, 0, 3)) == pytest.approx(0.05, rel=1e-12)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [((7, 34, 1, 34), 0.0296562584304204), ((33, 2115, 9, 1902), 0.000570934356704583)],
)
def test_mid_p_values_equal_those_written_out_in_r(
    counts: tuple[int, int, int, int], expected: float
) -> None:
    # 2 * min(phyper(x1, ...) - d / 2, 1 - phyper(x1, ...) + d / 2), d = dhyper(x1, n1, n2, x1 + x2).
    assert p_value(mid_p(*counts)) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    ("corrected", "statistic", "expected"),
    [(True, 10.4120242444178, 0.00125197433599766), (False, 11.4386123198992, 0.000719334924911127)],
)
def test_chi_square_equals_that_of_r(*, corrected: bool, statistic: float, expected: float) -> None:
    # chisq.test(matrix(c(33, 2082, 9, 1893), 2, byrow = TRUE), correct = ...), R 4.2.2.
    found = chi_square([[33, 2082], [9, 1893]], corrected=corrected)
    assert isinstance(found, CountTest)
    assert (found.statistic, found.p_value) == pytest.approx((statistic, expected), rel=1e-11)


def test_chi_square_of_three_groups_equals_that_of_r() -> None:
    # chisq.test(rbind(c(4, 16, 30), c(9, 12, 20), c(1, 20, 33))), R 4.2.2.
    found = chi_square([[4, 16, 30], [9, 12, 20], [1, 20, 33]])
    assert isinstance(found, CountTest)
    assert found.degrees_of_freedom == 4
    assert (found.statistic, found.p_value) == pytest.approx((11.141214827046, 0.0250219676810554), rel=1e-11)


def test_correction_never_goes_beyond_the_expected_count() -> None:
    # Every cell is 0.476 from its expectation: less than one half, so nothing is left.
    assert p_value(chi_square([[1, 9], [2, 9]], corrected=True)) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("corrected", 0.0485197382802505),
        ("asymptotic", 0.0325827983856127),
        ("exact", 0.0470310274395161),
        ("mid_p", 0.0335524396796246),
    ],
)
def test_mcnemar_p_values_equal_those_of_r(method: str, expected: float) -> None:
    # mcnemar.test(matrix(c(30, 12, 25, 40), 2)), binom.test(12, 37), 2 * (pbinom - dbinom / 2); R 4.2.2.
    assert p_value(mcnemar(25, 12, method=method)) == pytest.approx(expected, rel=1e-11)


def test_pairs_that_disagree_evenly_give_no_evidence() -> None:
    assert p_value(mcnemar(4, 4, method="exact")) == 1.0
    assert p_value(mcnemar(4, 4)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("events", "totals", "scores", "statistic", "expected"),
    [
        ([14, 33, 52], [1210, 1940, 2115], None, 7.52932304701437, 0.00607027128527329),
        ([2, 5, 9], [20, 22, 25], [1, 2, 5], 3.87559444053947, 0.0489929575863242),
    ],
)
def test_trend_equals_that_of_r(
    events: list[int], totals: list[int], scores: list[int] | None, statistic: float, expected: float
) -> None:
    # prop.trend.test(events, totals, scores), R 4.2.2.
    found = cochran_armitage(events, totals, scores=scores, method="asymptotic")
    assert isinstance(found, CountTest)
    assert (found.statistic, found.p_value) == pytest.approx((statistic, expected), rel=1e-10)


@pytest.mark.parametrize(
    ("events", "totals", "scores", "expected"),
    [
        ([2, 5, 9], [20, 22, 25], [1, 2, 3], 0.0539935083467689),
        ([0, 1, 3], [20, 22, 25], [1, 2, 3], 0.121562206450266),
        ([1, 0, 2, 4], [8, 9, 7, 12], [1, 2, 3, 7], 0.10690155827727),
    ],
)
def test_exact_trend_equals_every_table_gone_through_in_r(
    events: list[int], totals: list[int], scores: list[int], expected: float
) -> None:
    # expand.grid over all tables with these margins, their hypergeometric probabilities added; R 4.2.2.
    found = cochran_armitage(events, totals, scores=scores, method="exact")
    assert p_value(found) == pytest.approx(expected, rel=1e-10)


def test_exact_trend_of_two_groups_is_the_test_of_fisher_where_it_is_symmetric() -> None:
    found = cochran_armitage([3, 0], [3, 3], method="exact")
    assert p_value(found) == pytest.approx(0.1, rel=1e-12)


def test_trend_goes_through_the_tables_only_where_counts_are_small() -> None:
    few, many = cochran_armitage([0, 1, 3], [20, 22, 25]), cochran_armitage([14, 33, 52], [1210, 1940, 2115])
    assert isinstance(few, CountTest)
    assert isinstance(many, CountTest)
    assert (few.method, many.method) == ("exact trend", "Cochran-Armitage trend")


def test_groups_without_rows_take_no_part_in_a_trend() -> None:
    found = cochran_armitage([2, 0, 9], [20, 0, 25], method="asymptotic")
    assert p_value(found) == pytest.approx(p_value(cochran_armitage([2, 9], [20, 25], method="asymptotic")))


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (fisher_exact(0, 0, 1, 5), "no_patients"),
        (mid_p(1, 5, 0, 0), "no_patients"),
        (chi_square([[0, 5], [0, 7]]), "no_events"),
        (chi_square([[0, 0], [3, 7]]), "no_patients"),
        (mcnemar(0, 0), "no_events"),
        (cochran_armitage([0, 0, 0], [5, 5, 5]), "no_events"),
        (cochran_armitage([5, 5], [5, 5]), "no_events"),
        (cochran_armitage([2, 0], [5, 0]), "one_group"),
    ],
)
def test_tests_without_anything_to_compare_are_refused(found: CountTest | NotEstimable, code: str) -> None:
    assert isinstance(found, NotEstimable)
    assert found.code == code


def test_counts_that_cannot_be_are_a_bug() -> None:
    with pytest.raises(ValueError, match="no proportion"):
        fisher_exact(6, 5, 0, 5)
    with pytest.raises(ValueError, match="two rows and columns"):
        chi_square([[1, 2]])
    with pytest.raises(ValueError, match="not negative"):
        mcnemar(-1, 3)
    with pytest.raises(ValueError, match="as many events"):
        cochran_armitage([1], [2, 3])


def test_adjusted_p_values_equal_those_of_r() -> None:
    # p.adjust(c(0.01, 0.02, 0.03, 0.005, 0.8, 0.03, NA), "holm") and "BH", R 4.2.2.
    given = [0.01, 0.02, 0.03, 0.005, 0.8, 0.03, None]
    assert holm(given)[:6] == pytest.approx((0.05, 0.08, 0.09, 0.03, 0.8, 0.09), rel=1e-12)
    assert benjamini_hochberg(given)[:6] == pytest.approx((0.03, 0.036, 0.036, 0.03, 0.8, 0.036), rel=1e-12)
    assert holm(given)[6] is None
    assert benjamini_hochberg(given)[6] is None


def test_adjusting_nothing_gives_nothing() -> None:
    assert holm([]) == ()
    assert benjamini_hochberg([None]) == (None,)


def test_a_number_that_is_no_probability_is_a_bug() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.5, 1.5])
    with pytest.raises(ValueError, match="between 0 and 1"):
        benjamini_hochberg([-0.1])
