"""Sensitivity and its kin against R, patients with several lesions, and calcium that a method misses."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.imaging.accuracy import estimate_accuracy, estimate_shortfall
from analytics.imaging.results import Accuracy, CalciumShortfall
from analytics.proportions.results import CountTest, Proportion
from analytics.refusals import NotEstimable


def calls(both: int, test_only: int, truth_only: int, neither: int) -> pl.DataFrame:
    rows = (
        [(True, True)] * both
        + [(True, False)] * test_only
        + [(False, True)] * truth_only
        + [(False, False)] * neither
    )
    return pl.DataFrame(rows, schema={"ivus": pl.Boolean, "oct": pl.Boolean}, orient="row").with_row_index(
        "patient_id"
    )


def judge(rows: pl.DataFrame) -> Accuracy:
    answer = estimate_accuracy(rows, test="ivus", reference="oct")
    assert isinstance(answer, Accuracy)
    return answer


def limits(part: Proportion | NotEstimable) -> tuple[float, float]:
    assert isinstance(part, Proportion)
    return part.lower, part.upper


def test_shares_and_exact_intervals_are_those_of_r() -> None:
    # R 4.2: binom.test(40, 52), (43, 48), (40, 45), (43, 55), (52, 100); binom.test(5, 17)$p.value.
    found = judge(calls(40, 5, 12, 43))
    assert limits(found.sensitivity) == pytest.approx((0.631597228357867, 0.874683892384767), abs=1e-12)
    assert limits(found.specificity) == pytest.approx((0.773422338716236, 0.965301877878804), abs=1e-12)
    assert limits(found.positive_predictive_value) == pytest.approx(
        (0.759464191504486, 0.962923338692809), abs=1e-12
    )
    assert limits(found.negative_predictive_value) == pytest.approx(
        (0.649897895236516, 0.881864211741235), abs=1e-12
    )
    assert limits(found.prevalence) == pytest.approx((0.417789765406307, 0.620994519822041), abs=1e-12)
    assert isinstance(found.mcnemar, CountTest)
    assert found.mcnemar.p_value == pytest.approx(0.143463134765625, abs=1e-14)
    assert found.by_patient is None


def test_counts_of_the_table_are_kept() -> None:
    found = judge(calls(3, 4, 5, 6))
    assert (found.n_both, found.n_test_only, found.n_reference_only, found.n_neither) == (3, 4, 5, 6)
    assert isinstance(found.sensitivity, Proportion)
    assert (found.sensitivity.n_events, found.sensitivity.n_total) == (3, 8)
    assert isinstance(found.specificity, Proportion)
    assert (found.specificity.n_events, found.specificity.n_total) == (6, 10)


def test_published_histology_counts_give_back_the_published_shares() -> None:
    # Friedrich et al (1994): calcium in 33 of 50 segments by histology; IVUS saw 16 + 2 + 3, none wrongly.
    found = judge(calls(21, 0, 12, 17))
    assert isinstance(found.sensitivity, Proportion)
    assert round(found.sensitivity.estimate, 2) == 0.64
    assert isinstance(found.specificity, Proportion)
    assert found.specificity.estimate == 1.0
    dense = judge(calls(19, 0, 2, 17))
    assert isinstance(dense.sensitivity, Proportion)
    assert round(dense.sensitivity.estimate, 2) == 0.90


def test_several_lesions_a_patient_add_intervals_by_patient() -> None:
    once = calls(40, 5, 12, 43)
    found = judge(pl.concat([once, once]))
    assert found.by_patient is not None
    by_patient = found.by_patient[0]
    assert isinstance(by_patient, Proportion)
    assert (by_patient.n_total, by_patient.n_clusters) == (104, 52)
    assert limits(by_patient)[0] < limits(found.sensitivity)[0]
    # Each of 17 patients turns the sign of two lesions: (2 * 5 - 2 * 12)^2 / (17 * 2^2), as for 5 against 12.
    assert isinstance(found.mcnemar, CountTest)
    assert found.mcnemar.statistic == pytest.approx((5 - 12) ** 2 / 17)


def test_test_by_patient_is_mcnemar_where_patients_give_one_disagreement_each() -> None:
    rows = pl.concat([calls(10, 6, 2, 10), calls(1, 0, 0, 0)])
    found = judge(rows)
    assert isinstance(found.mcnemar, CountTest)
    assert found.mcnemar.statistic == pytest.approx((6 - 2) ** 2 / 8)


def test_missing_calls_are_counted_and_agreement_without_exception_has_no_test() -> None:
    gap = pl.DataFrame(
        {"patient_id": [77], "ivus": [None], "oct": [True]},
        schema_overrides={"patient_id": pl.UInt32, "ivus": pl.Boolean},
    )
    found = judge(pl.concat([calls(8, 0, 0, 8), gap]))
    assert found.n_left_out == 1
    assert isinstance(found.mcnemar, NotEstimable)


def test_a_reference_that_never_calls_leaves_sensitivity_open() -> None:
    found = judge(calls(0, 3, 0, 9))
    assert isinstance(found.sensitivity, NotEstimable)
    assert isinstance(found.specificity, Proportion)


def test_fewer_than_ten_lesions_are_refused() -> None:
    answer = estimate_accuracy(calls(3, 2, 2, 2), test="ivus", reference="oct")
    assert isinstance(answer, NotEstimable)
    assert answer.code == "too_few_pairs"


def test_missed_and_far_smaller_arcs_are_counted_among_calcified_lesions() -> None:
    rows = pl.DataFrame(
        {
            "patient_id": range(14),
            # Not seen; 91 smaller; 90 smaller; larger; twice none on IVUS; one without OCT; seven equal.
            "ivus": [100.0, 200.0, 200.0, 50.0, 0.0, 0.0, 120.0, *[180.0] * 7],
            "oct": [0.0, 109.0, 110.0, 300.0, 0.0, 40.0, None, *[180.0] * 7],
        }
    )
    found = estimate_shortfall(rows, method="oct", reference="ivus")
    assert isinstance(found, CalciumShortfall)
    assert (found.n_lesions, found.n_not_seen, found.n_smaller) == (11, 1, 1)
    assert isinstance(found.share, Proportion)
    assert (found.share.n_events, found.share.n_total) == (2, 11)


def test_few_calcified_lesions_are_refused() -> None:
    rows = pl.DataFrame({"patient_id": range(12), "ivus": [0.0] * 12, "oct": [10.0] * 12})
    answer = estimate_shortfall(rows, method="oct", reference="ivus")
    assert isinstance(answer, NotEstimable)
    assert answer.code == "too_few_pairs"
