"""IVUS and OCT of the same lesions: what OCT misses, and how far apart their arcs are."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from analytics.imaging.accuracy import compare_calls, estimate_accuracy
from analytics.imaging.agreement import estimate_grade_agreement
from analytics.imaging.bland_altman import estimate_limits_of_agreement
from analytics.imaging.pairs import derive_readings
from analytics.refusals import NotEstimable
from synthetic.study.answers import Answer, StudyEstimator, StudyTest

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.imaging.results import LimitsOfAgreement
    from synthetic.study.frames import Replicate

_NARROWEST, _WIDEST = 60.0, 300.0
"""Degrees: arcs between which a reading is not cut off by nothing or by the whole circle."""
_GRADES = ("none", "mild", "moderate", "severe")


@lru_cache(maxsize=2)
def _both(replicate: Replicate) -> pl.DataFrame:
    """Return the lesions read by both methods, with calls of calcium."""
    tables = replicate.tables
    patient = tables.procedures.select("procedure_id", "patient_id")
    lesions = tables.lesions.join(patient, on="procedure_id", how="left", maintain_order="left")
    read = derive_readings(lesions, tables.imaging).table.drop_nulls(["ivus_arc", "oct_arc"])
    return read.with_columns(oct_sees=pl.col("oct_arc") > 0, ivus_sees=pl.col("ivus_arc") > 0)


def _deep_sensitivity(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate how often OCT sees what IVUS calls deep calcium."""
    rows = _both(replicate).filter(pl.col("ivus_depth") == "deep")
    found = estimate_accuracy(rows, test="oct_sees", reference="ivus_sees")
    if isinstance(found, NotEstimable):
        return found
    share = found.sensitivity
    if isinstance(share, NotEstimable):
        return share
    return Answer(share.estimate, float("nan"), share.lower, share.upper)


@lru_cache(maxsize=2)
def _limits(replicate: Replicate) -> LimitsOfAgreement | NotEstimable:
    """Compare the arcs of lesions in which both methods see calcium; kept for what reads the same limits."""
    rows = _both(replicate).filter(
        ((pl.col("ivus_arc") + pl.col("oct_arc")) / 2).is_between(_NARROWEST, _WIDEST),
        pl.col("oct_sees"),
    )
    return estimate_limits_of_agreement(rows, first="ivus_arc", second="oct_arc")


def _limit(name: str) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the bias, or one of the limits of agreement."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        found = _limits(replicate)
        if isinstance(found, NotEstimable):
            return found
        one = getattr(found, name)
        return Answer(one.estimate, float("nan"), one.lower, one.upper)

    return run


def _kappa(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate quadratic kappa between IVUS and OCT in lesions that angiography calls moderate."""
    rows = _both(replicate).filter(pl.col("grade_angiography") == "moderate")
    found = estimate_grade_agreement(rows, first="grade_ivus", second="grade_oct", levels=_GRADES)
    if isinstance(found, NotEstimable):
        return found
    kappa = found.quadratic
    if kappa.lower is None or kappa.upper is None:
        return NotEstimable("kappa", "It has no limits.", "no_variation")
    return Answer(kappa.estimate, float("nan"), kappa.lower, kappa.upper)


def _mcnemar(replicate: Replicate) -> float | NotEstimable:
    """Test whether both methods call calcium equally often."""
    rows = _both(replicate)
    called = rows.select(pl.col("patient_id").alias("cluster"), test="oct_sees", truth="ivus_sees")
    found = compare_calls(called, is_repeated=called["cluster"].n_unique() < called.height)
    return found if isinstance(found, NotEstimable) else found.p_value


ESTIMATORS: dict[str, StudyEstimator] = {
    "oct_deep_sensitivity": StudyEstimator(
        "oct_deep_sensitivity",
        _deep_sensitivity,
        "Share of what IVUS calls deep calcium that OCT sees, exact",
    ),
    "moderate_kappa": StudyEstimator(
        "moderate_kappa",
        _kappa,
        "Quadratic kappa of IVUS and OCT grades in some two dozen moderate lesions",
    ),
    "arc_bias": StudyEstimator(
        "arc_bias", _limit("bias"), "Mean difference of arcs, OCT less IVUS, 60 to 300 degrees"
    ),
    "arc_lower_limit": StudyEstimator(
        "arc_lower_limit", _limit("lower_limit"), "Lower limit of agreement of the arcs"
    ),
    "arc_upper_limit": StudyEstimator(
        "arc_upper_limit", _limit("upper_limit"), "Upper limit of agreement of the arcs"
    ),
}
"""Analyses by name."""

TESTS: dict[str, StudyTest] = {
    "oct_against_ivus_mcnemar": StudyTest(
        "methods_call_alike", _mcnemar, "Calcium seen by OCT as often as by IVUS, McNemar"
    )
}
"""Tests by name."""
