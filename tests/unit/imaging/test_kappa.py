"""Kappa and its error against R, toy tables, patients with several lesions, and refusals."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from analytics.imaging.agreement import estimate_grade_agreement
from analytics.imaging.kappa import agreement_weights, kappa_of, kappa_standard_error
from analytics.imaging.results import GradeAgreement
from analytics.proportions.results import Proportion
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVELS = ("none", "mild", "moderate", "severe")
FOUR = [[20, 5, 1, 0], [6, 18, 7, 1], [2, 8, 15, 6], [0, 2, 5, 14]]
DIAGNOSES = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]  # Fleiss, Levin & Paik (2003), table 18.1, in percent of 100


def lesions(table: Sequence[Sequence[int]], levels: Sequence[str] = LEVELS) -> pl.DataFrame:
    rows = [
        (levels[i], levels[j]) for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)
    ]
    return pl.DataFrame(rows, schema=["one", "other"], orient="row").with_row_index("patient_id")


def compare(rows: pl.DataFrame, levels: Sequence[str] = LEVELS) -> GradeAgreement:
    answer = estimate_grade_agreement(rows, first="one", second="other", levels=levels)
    assert isinstance(answer, GradeAgreement)
    return answer


# R 4.2, vcd 1.4-11: Kappa(table, weights = "Equal-Spacing") and "Fleiss-Cohen".
@pytest.mark.parametrize(
    ("table", "kind", "kappa", "error"),
    [
        (FOUR, "unweighted", 0.4748528921949595, 0.0631589566665469),
        (FOUR, "linear", 0.6213824107895478, 0.0524559201534936),
        (FOUR, "quadratic", 0.7511312217194567, 0.0456053861910818),
        (DIAGNOSES, "unweighted", 0.6764705882352940, 0.0877029534752125),
        (DIAGNOSES, "linear", 0.7222222222222223, 0.0843009539231886),
        ([[40, 9], [6, 45]], "unweighted", 0.6995192307692307, 0.0713936026999882),
    ],
)
def test_kappa_and_its_error_are_those_of_r(
    table: list[list[int]], kind: str, kappa: float, error: float
) -> None:
    counts = np.array(table, dtype=np.float64)
    weights = agreement_weights(len(counts), kind)
    assert float(kappa_of(counts, weights)) == pytest.approx(kappa, abs=1e-13)
    assert kappa_standard_error(counts, weights) == pytest.approx(error, abs=1e-13)


def test_toy_table_gives_the_hand_worked_kappa() -> None:
    # Observed (20 + 15) / 50 = 0.7; expected 0.5 * 0.6 + 0.5 * 0.4 = 0.5; kappa (0.7 - 0.5) / 0.5 = 0.4.
    answer = compare(lesions([[20, 5], [10, 15]], ("no", "yes")), ("no", "yes"))
    assert isinstance(answer.same, Proportion)
    assert (answer.same.n_events, answer.same.n_total) == (35, 50)
    assert answer.expected == pytest.approx(0.5, abs=1e-15)
    assert answer.unweighted.estimate == pytest.approx(0.4, abs=1e-15)
    # Two grades leave no near miss: every weight gives the same kappa.
    assert answer.linear.estimate == pytest.approx(0.4, abs=1e-15)
    assert answer.quadratic.estimate == pytest.approx(0.4, abs=1e-15)
    assert (answer.n_second_higher, answer.n_second_lower) == (5, 10)


def test_interval_is_that_of_fishers_z_where_each_patient_gives_one_lesion() -> None:
    found = compare(lesions(FOUR)).linear
    # t with 109 degrees of freedom is 1.981967; the error of atanh(kappa) is that of kappa over 1 - kappa^2.
    reach = 1.981967489688 * 0.0524559201534936 / (1 - 0.6213824107895478**2)
    centre = 0.5 * math.log((1 + 0.6213824107895478) / (1 - 0.6213824107895478))
    assert found.lower == pytest.approx(math.tanh(centre - reach), rel=1e-9)
    assert found.upper == pytest.approx(math.tanh(centre + reach), rel=1e-9)
    assert found.method == "large-sample error, Fisher's z, Student's t"


def test_limits_of_readers_who_always_disagree_stay_within_the_scale() -> None:
    found = compare(lesions([[0, 12], [12, 0]], ("no", "yes")), ("no", "yes")).unweighted
    assert found.estimate == pytest.approx(-1.0)
    assert found.lower == pytest.approx(-1.0)
    assert found.upper is not None
    assert -1.0 <= found.upper <= 1.0


def test_doubled_lesions_of_a_patient_do_not_narrow_the_interval() -> None:
    single = lesions(FOUR)
    twice = pl.concat([single, single])
    alone, doubled = compare(single).linear, compare(twice).linear
    assert doubled.estimate == pytest.approx(alone.estimate)
    assert doubled.method == "patients resampled"
    assert doubled.lower == pytest.approx(alone.lower, abs=0.02)
    assert doubled.upper == pytest.approx(alone.upper, abs=0.02)
    assert (compare(twice).n_lesions, compare(twice).n_patients) == (220, 110)


def test_same_rows_give_the_same_interval_in_any_order() -> None:
    twice = pl.concat([lesions(FOUR), lesions(FOUR)])
    shuffled = twice.sample(fraction=1.0, shuffle=True, seed=3)
    assert compare(twice).linear == compare(shuffled).linear


def test_coarse_and_missing_grades_are_left_out_and_counted() -> None:
    coarse = pl.DataFrame(
        {
            "patient_id": [900, 901, 902],
            "one": ["none_mild", "mild", None],
            "other": ["mild", "unknown", "mild"],
        },
        schema_overrides={"patient_id": pl.UInt32},
    )
    answer = compare(pl.concat([lesions(FOUR), coarse]))
    assert (answer.n_lesions, answer.n_left_out) == (110, 3)
    assert answer.counts == tuple(tuple(row) for row in FOUR)


def test_it_does_not_matter_which_grading_comes_first() -> None:
    rows = lesions(FOUR).with_columns(pl.col("patient_id") // 2)
    one = estimate_grade_agreement(rows, first="one", second="other", levels=LEVELS)
    other = estimate_grade_agreement(rows, first="other", second="one", levels=LEVELS)
    assert isinstance(one, GradeAgreement)
    assert isinstance(other, GradeAgreement)
    assert one.quadratic.estimate == pytest.approx(other.quadratic.estimate, abs=1e-14)
    assert one.quadratic.standard_error == pytest.approx(other.quadratic.standard_error, abs=1e-14)
    assert (one.n_second_higher, one.n_second_lower) == (other.n_second_lower, other.n_second_higher)


def test_perfect_agreement_has_no_interval() -> None:
    answer = compare(lesions([[8, 0], [0, 8]], ("no", "yes")), ("no", "yes"))
    assert answer.unweighted.estimate == 1.0
    assert (answer.unweighted.lower, answer.unweighted.upper) == (None, None)
    assert "no disagreement" in answer.unweighted.method


def test_few_patients_with_several_lesions_have_no_interval() -> None:
    rows = lesions([[6, 2], [2, 6]], ("no", "yes")).with_columns(pl.col("patient_id") // 2)
    answer = compare(rows, ("no", "yes"))
    assert answer.unweighted.estimate == pytest.approx(0.5)
    assert answer.unweighted.lower is None
    assert "too few patients" in answer.unweighted.method


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ([[4, 0], [1, 4]], "too_few_pairs"),
        ([[0, 0], [0, 0]], "too_few_pairs"),
        ([[30, 0], [0, 0]], "no_variation"),
    ],
)
def test_too_few_lesions_and_a_single_grade_are_refused(table: list[list[int]], code: str) -> None:
    rows = lesions(table, ("no", "yes")).cast({"one": pl.String, "other": pl.String})
    answer = estimate_grade_agreement(rows, first="one", second="other", levels=("no", "yes"))
    assert isinstance(answer, NotEstimable)
    assert answer.code == code


def test_weights_fall_from_one_to_nought_with_the_distance() -> None:
    assert agreement_weights(4, "linear")[0].tolist() == pytest.approx([1, 2 / 3, 1 / 3, 0])
    assert agreement_weights(4, "quadratic")[0].tolist() == pytest.approx([1, 8 / 9, 5 / 9, 0])
    assert all(a > b for a, b in pairwise(agreement_weights(4, "linear")[0]))
