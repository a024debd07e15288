"""Sensitivity, specificity and predictive values of one method, another being taken for the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from scipy.stats import chi2

from analytics.imaging.agreement import FEWEST_PAIRS, too_few_pairs
from analytics.imaging.results import Accuracy, CalciumShortfall
from analytics.imaging.shares import estimate_share
from analytics.proportions.intervals import estimate_proportion
from analytics.proportions.results import CountTest
from analytics.proportions.tests import mcnemar
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from analytics.proportions.results import Proportion

SHORTFALL_DEGREES = 90.0
"""Arc by which one method must fall short of another to have underestimated it, as in Wang et al (2017)."""


def estimate_accuracy(
    rows: pl.DataFrame,
    *,
    test: str,
    reference: str,
    cluster: str = "patient_id",
    confidence: float = 0.95,
) -> Accuracy | NotEstimable:
    """Judge the calls of one method by those of another.

    Parameters
    ----------
    rows
        One row per lesion: the two calls (true or false) and `cluster`, its patient. Lesions without one of
        the calls are counted and left out.
    test, reference
        Columns of the method judged, and of the one taken for the truth. A registry holds no histology: an
        imperfect truth makes a better method look worse.
    cluster
        Column by which lesions may resemble one another.
    confidence
        Level of the intervals.

    Returns
    -------
    Accuracy or NotEstimable
        Exact intervals [1]_; where patients give several lesions also intervals by patient, and the test
        that both methods call equally often allows for them. Refused below 10 lesions.

    References
    ----------
    .. [1] Clopper & Pearson (1934), Biometrika 26:404-413, doi:10.1093/biomet/26.4.404.
    """
    called = rows.drop_nulls([test, reference]).select(
        pl.col(cluster).alias("cluster"), test=pl.col(test), truth=pl.col(reference)
    )
    if called.height < FEWEST_PAIRS:
        return too_few_pairs(f"{test} against {reference}", called.height)
    is_repeated = called["cluster"].n_unique() < called.height
    parts = _conditional_parts(called)
    n_both = int((called["test"] & called["truth"]).sum())
    n_test, n_truth = int(called["test"].sum()), int(called["truth"].sum())
    return Accuracy(
        test=test,
        reference=reference,
        n_both=n_both,
        n_test_only=n_test - n_both,
        n_reference_only=n_truth - n_both,
        n_neither=called.height - n_test - n_truth + n_both,
        n_patients=called["cluster"].n_unique(),
        n_left_out=rows.height - called.height,
        sensitivity=_exact(parts[0], confidence),
        specificity=_exact(parts[1], confidence),
        positive_predictive_value=_exact(parts[2], confidence),
        negative_predictive_value=_exact(parts[3], confidence),
        by_patient=tuple(_by_patient(part, confidence) for part in parts) if is_repeated else None,
        prevalence=_exact(called.select("cluster", hit=pl.col("truth")), confidence),
        mcnemar=compare_calls(called, is_repeated=is_repeated),
    )


def compare_calls(called: pl.DataFrame, *, is_repeated: bool) -> CountTest | NotEstimable:
    """Test whether two methods call equally often.

    Parameters
    ----------
    called
        ``cluster``, ``test``, ``truth``: one row per lesion.
    is_repeated
        Whether a cluster gives several rows.

    Returns
    -------
    CountTest or NotEstimable
        McNemar's exact test, or, with several lesions a patient, (sum d)^2 / sum d^2 over patients, where d
        is the patient's number of calls by the test alone minus that by the reference alone: exchanging the
        two methods within a patient turns its sign [1]_. Refused where the methods never disagree.

    References
    ----------
    .. [1] Yang, Sun & Hardin (2010), Biom J 52:638-652.
    """
    test_only = called["test"] & ~called["truth"]
    truth_only = called["truth"] & ~called["test"]
    if not is_repeated:
        return mcnemar(int(test_only.sum()), int(truth_only.sum()), method="exact")
    excess = called.select("cluster", d=test_only.cast(pl.Int64) - truth_only.cast(pl.Int64))
    by_patient = excess.group_by("cluster").agg(pl.col("d").sum())["d"]
    size = float((by_patient**2).sum())
    if size == 0.0:
        return NotEstimable("test", "No patient's calls disagree.", "no_events")
    statistic = float(by_patient.sum()) ** 2 / size
    return CountTest("McNemar by patient", float(chi2.sf(statistic, 1)), statistic, 1)


def _conditional_parts(called: pl.DataFrame) -> tuple[pl.DataFrame, ...]:
    """Rows and hits of sensitivity, specificity and the two predictive values."""
    test, truth = pl.col("test"), pl.col("truth")
    return (
        called.filter(truth).select("cluster", hit=test),
        called.filter(~truth).select("cluster", hit=~test),
        called.filter(test).select("cluster", hit=truth),
        called.filter(~test).select("cluster", hit=~truth),
    )


def _exact(part: pl.DataFrame, confidence: float) -> Proportion | NotEstimable:
    """Exact interval, rows being independent."""
    return estimate_proportion(
        int(part["hit"].sum()), part.height, confidence=confidence, method="clopper_pearson"
    )


def _by_patient(part: pl.DataFrame, confidence: float) -> Proportion | NotEstimable:
    """Interval by patient."""
    return estimate_share(part, "hit", cluster="cluster", confidence=confidence, method="clopper_pearson")


def estimate_shortfall(
    rows: pl.DataFrame, *, method: str, reference: str, cluster: str = "patient_id", confidence: float = 0.95
) -> CalciumShortfall | NotEstimable:
    """Estimate how often one method misses calcium that another measured, or sees far less of it.

    Parameters
    ----------
    rows
        One row per lesion: two arcs in degrees and `cluster`, its patient.
    method, reference
        Columns of the arc that may fall short, and of the one it is held against.
    cluster
        Column by which lesions may resemble one another.
    confidence
        Level of the interval.

    Returns
    -------
    CalciumShortfall or NotEstimable
        Among lesions with calcium on the reference and both arcs: not seen, or an arc smaller by more than
        90 degrees [1]_. Refused below 10 such lesions.

    References
    ----------
    .. [1] Wang et al (2017), In vivo calcium detection by comparing optical coherence tomography,
       intravascular ultrasound, and angiography, JACC Cardiovasc Imaging.
    """
    calcified = rows.drop_nulls([method, reference]).filter(pl.col(reference) > 0)
    if calcified.height < FEWEST_PAIRS:
        return too_few_pairs(f"{method} and {reference}", calcified.height)
    missed = pl.col(method) <= 0
    smaller = (pl.col(reference) - pl.col(method)) > SHORTFALL_DEGREES
    flagged = calcified.with_columns(falls_short=missed | smaller)
    return CalciumShortfall(
        method=method,
        reference=reference,
        n_lesions=calcified.height,
        n_not_seen=calcified.filter(missed).height,
        n_smaller=calcified.filter(smaller & ~missed).height,
        share=estimate_share(flagged, "falls_short", cluster=cluster, confidence=confidence),
    )
