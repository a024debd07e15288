"""Whether one odds ratio serves at every cut of an ordered grade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import linalg

from analytics.refusals import NotEstimable
from analytics.regression.clusters import code_clusters, sandwich
from analytics.regression.contrasts import wald_test
from analytics.regression.design import rotate
from analytics.regression.logistic import refuse_maximum
from analytics.regression.logistic_kernel import maximise_logistic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.regression.arrays import Floats
    from analytics.regression.design import Design
    from analytics.regression.results import ModelTest

MODEL = "check of proportional odds"


@dataclass(frozen=True, eq=False)
class ProportionalityCheck:
    """A Brant-type check.

    Parameters
    ----------
    test
        Wald test that every coefficient is the same at all cuts.
    by_covariate
        One row per covariate: ``covariate``, ``statistic``, ``degrees_of_freedom``, ``p_value``.
    cuts
        One row per cut and coefficient: ``cut`` (grade at or above which the outcome counts), ``term``,
        ``coefficient``, ``std_error``: separate logistic regressions.
    """

    test: ModelTest
    by_covariate: pl.DataFrame
    cuts: pl.DataFrame


def check_proportionality(
    design: Design, grades: Sequence[int] | pl.Series, *, clusters: Sequence[object] | pl.Series | None = None
) -> ProportionalityCheck | NotEstimable:
    """Fit a logistic regression at every cut and compare their coefficients [1]_.

    The covariance between cuts is that of their influence functions, summed within clusters; rows are their
    own clusters where none is named. Brant's own covariance takes each logistic model as right.

    Parameters
    ----------
    design
        Covariates with an intercept.
    grades
        Whole numbers from 0, three different ones or more.
    clusters
        Patient or site of each row.

    Returns
    -------
    ProportionalityCheck or NotEstimable
        NotEstimable with code ``one_group`` (fewer than three grades), or that of the cut that has no fit.

    References
    ----------
    .. [1] Brant (1990), Biometrics 46:1171-1178. doi:10.2307/2532457
    """
    values = np.asarray(grades, dtype=int)
    found = np.unique(values)
    if len(found) < 3:
        return NotEstimable(MODEL, "Fewer than three grades have nothing to compare.", "one_group")
    rotation = rotate(design.matrix)
    if rotation.collinear:
        return NotEstimable(MODEL, "A covariate is determined by the others.", "singular")
    estimates, influences = [], []
    for cut in found[1:]:
        y = (values >= cut).astype(float)
        maximum = maximise_logistic(rotation.q, y)
        refused = refuse_maximum(design, y, maximum)
        if refused is not None:
            return NotEstimable(MODEL, f"At one cut: {refused.reason}", refused.code)
        estimates.append(rotation.back @ maximum.beta)
        pull = (rotation.q * (y - maximum.risk)[:, None]) @ linalg.inv(maximum.information)
        influences.append(pull @ rotation.back.T)
    codes = code_clusters(clusters, len(values))
    covariance = sandwich(np.eye(len(design.names) * len(estimates)), np.hstack(influences), codes)
    return _compare(design, found[1:], np.concatenate(estimates), covariance)


def _compare(design: Design, cuts: Floats, estimate: Floats, covariance: Floats) -> ProportionalityCheck:
    """Test the differences between each cut and the first."""
    p, k = len(design.names), len(cuts)
    slopes = list(design.slopes)
    # Row (cut, slope): coefficient at that cut less the one at the first cut.
    contrast = np.hstack((-np.ones((k - 1, 1)), np.eye(k - 1)))
    rows = np.kron(contrast, np.eye(p)[slopes])
    difference, spread = rows @ estimate, rows @ covariance @ rows.T
    owners = np.tile(np.array([design.columns[i] for i in slopes]), k - 1)
    lines = []
    for name in dict.fromkeys(design.columns[i] for i in slopes):
        own = np.flatnonzero(owners == name)
        test = wald_test(difference[own], spread[np.ix_(own, own)])
        lines.append((name, test.statistic, test.degrees_of_freedom, test.p_value))
    words = ["covariate", "statistic", "degrees_of_freedom", "p_value"]
    table = pl.DataFrame(
        {
            "cut": np.repeat(cuts, p),
            "term": list(design.names) * k,
            "coefficient": estimate,
            "std_error": np.sqrt(np.diag(covariance)),
        }
    )
    return ProportionalityCheck(
        wald_test(difference, spread), pl.DataFrame(lines, schema=words, orient="row"), table
    )
