"""Cox models with a shared frailty: patients of one site (or operator) share a random effect."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import (
    check_specification,
    design_names,
    resolve_terms,
    specification_error,
)
from analytics.survival.cox_rows import collect_rows
from analytics.survival.frailty_likelihood import Estimator, FrailtyKernel, FrailtyState, Hessian
from analytics.survival.frailty_theta import Theta, profile_theta, solve_reml
from analytics.survival.intervals import normal_quantile
from analytics.survival.results import Basis, NotEstimable, WaldTest
from analytics.survival.results_frailty import FrailtyFit

if TYPE_CHECKING:
    from analytics.survival.cox_design import CoxSpec, Floats
    from analytics.survival.cox_rows import CoxRows
    from analytics.survival.results import CoxFit

MODEL = "Cox model with shared frailty"
# Events times columns: what the risk sets sum up over the clusters is held in memory.
MAX_CELLS = 50_000_000
FEW_CLUSTERS = 10


def fit_frailty_cox(
    frame: pl.DataFrame,
    spec: CoxSpec,
    *,
    estimator: Estimator = "gamma",
    hessian: Hessian = "full",
) -> FrailtyFit | NotEstimable:
    """Fit Cox's model with one random effect per cluster [1]_ [2]_ [3]_.

    Parameters
    ----------
    frame
        One row per patient with the columns that the specification names. Rows with a missing value are left
        out and counted in the warnings.
    spec
        The model; `cluster` names the column whose values share a frailty. Strata and start-stop
        rows are allowed; weights and exact ties are not. Rows that enter late are taken as no more robust
        than others, which is right for intervals of one follow-up but not for patients who are seen only
        because they had survived until then.
    estimator
        ``gamma``: mean 1 and variance theta, by the profile of the marginal likelihood. ``gaussian_reml``:
        normal log frailties, theta by restricted maximum likelihood [2]_. ``gaussian_laplace``: theta by
        Laplace's marginal likelihood [3]_.
    hessian
        ``full``; or ``diagonal``, which leaves the covariances between frailties out of variances and of
        REML, as R's `coxph` does for more than five clusters.

    Returns
    -------
    FrailtyFit or NotEstimable
        Theta at 0 is an answer: `is_at_boundary`, with a warning and the coefficients without frailty. Codes
        of `fit_cox`, ``one_group`` (one cluster), and ``not_converged``.

    Raises
    ------
    SpecificationError
        For no cluster, weights, exact ties, or too many clusters for memory.

    References
    ----------
    .. [1] Nielsen, Gill, Andersen & Sorensen (1992), Scand J Stat 19:25-43.
    .. [2] Therneau, Grambsch & Pankratz (2003), J Comput Graph Stat 12:156-175. doi:10.1198/1061860031365
    .. [3] Ripatti & Palmgren (2000), Biometrics 56:1016-1022. doi:10.1111/j.0006-341X.2000.01016.x
    """
    check_specification(frame, spec)
    _check(spec)
    spec = resolve_terms(frame, spec)
    plain = fit_cox(frame, replace(spec, cluster=None, robust=None))
    if isinstance(plain, NotEstimable):
        return replace(plain, group=MODEL)
    rows = collect_rows(frame, spec)
    n_clusters = int(rows.cluster.max()) + 1
    if n_clusters == 1:
        return NotEstimable(MODEL, "all patients belong to one cluster", "one_group")
    if int(rows.event.sum()) * (n_clusters + rows.design.shape[1]) > MAX_CELLS:
        raise specification_error(what="too many clusters for a frailty each", fix="Stratify by cluster.")
    kernel = FrailtyKernel(rows, spec.ties, estimator, hessian)
    is_reml = estimator == "gaussian_reml"
    theta = solve_reml(kernel) if is_reml else profile_theta(kernel, plain.log_likelihood, spec.confidence)
    state = None if theta is None else kernel.maximise(theta.value or 1e-8)
    if theta is None or state is None:
        return NotEstimable(MODEL, "the variance between clusters could not be found", "not_converged")
    names = _cluster_names(frame, spec, rows)
    return _describe(_Fitted(kernel, state, theta, plain, rows), spec, estimator, names)


def _check(spec: CoxSpec) -> None:
    """Refuse what a shared frailty does not know."""
    if spec.cluster is None:
        raise specification_error(what="no cluster shares the frailty", fix="Name the cluster column.")
    if spec.weights is not None or spec.ties == "exact":
        what = "a shared frailty knows neither weights nor exact ties"
        raise specification_error(what=what, fix="Use the cluster-robust variance of fit_cox.")


def _cluster_names(frame: pl.DataFrame, spec: CoxSpec, rows: CoxRows) -> list[str]:
    """Give the label of every cluster number."""
    assert spec.cluster is not None  # noqa: S101 - checked before
    first = np.unique(rows.cluster, return_index=True)[1]
    return frame[spec.cluster][rows.position[first]].cast(pl.String).to_list()


class _Fitted:
    """The parts of a fit, theta 0 brought back to the model without frailty."""

    def __init__(
        self, kernel: FrailtyKernel, state: FrailtyState, theta: Theta, plain: CoxFit, rows: CoxRows
    ) -> None:
        first = kernel.n_coefficients
        inverse = kernel.inverse(state)
        self.theta, self.plain, self.rows, self.events = theta, plain, rows, kernel.events
        self.is_at_boundary = theta.value == 0
        self.beta: Floats = plain.coefficients if self.is_at_boundary else state.coefficients[:first]
        self.covariance: Floats = (
            np.asarray(plain.covariance) if self.is_at_boundary else inverse[:first, :first]
        )
        shrink = 0.0 if self.is_at_boundary else 1.0
        self.log_frailty: Floats = shrink * state.coefficients[first:]
        self.frailty_error: Floats = shrink * np.sqrt(np.diag(inverse)[first:])
        self.log_likelihood = plain.log_likelihood if self.is_at_boundary else state.marginal


def _describe(fitted: _Fitted, spec: CoxSpec, estimator: Estimator, names: list[str]) -> FrailtyFit:
    """Put tables, test and basis around the estimates."""
    test = None
    if estimator != "gaussian_reml":
        gain = max(2 * (fitted.log_likelihood - fitted.plain.log_likelihood), 0.0)
        # Theta cannot be negative: under no frailty half of the statistics are 0.
        test = WaldTest(gain, 1, float(stats.chi2.sf(gain, 1)) / 2 if gain > 0 else 1.0)
    return FrailtyFit(
        terms=design_names(spec.terms),
        table=_coefficient_table(fitted, spec),
        covariance=tuple(tuple(row) for row in fitted.covariance.tolist()),
        theta=fitted.theta.value,
        theta_lower=fitted.theta.lower,
        theta_upper=fitted.theta.upper,
        is_at_boundary=fitted.is_at_boundary,
        log_likelihood=fitted.log_likelihood,
        log_likelihood_without=fitted.plain.log_likelihood,
        test=test,
        clusters=_cluster_table(fitted, spec, names),
        estimator=estimator,
        basis=_basis(fitted, spec, estimator, len(names)),
        spec=spec,
    )


def _coefficient_table(fitted: _Fitted, spec: CoxSpec) -> pl.DataFrame:
    """Tabulate coefficients with Wald tests and intervals."""
    beta, error = fitted.beta, np.sqrt(np.diag(fitted.covariance))
    reach = normal_quantile(spec.confidence) * error
    with np.errstate(over="ignore"):
        ratios = {"hazard_ratio": np.exp(beta), "lower": np.exp(beta - reach), "upper": np.exp(beta + reach)}
    return pl.DataFrame(
        {
            "term": design_names(spec.terms),
            "coefficient": beta,
            "std_error": error,
            "statistic": beta / error,
            "p_value": stats.chi2.sf((beta / error) ** 2, 1),
            **ratios,
        }
    )


def _cluster_table(fitted: _Fitted, spec: CoxSpec, names: list[str]) -> pl.DataFrame:
    """Tabulate the clusters' frailties."""
    value, error = fitted.log_frailty, fitted.frailty_error
    reach = normal_quantile(spec.confidence) * error
    return pl.DataFrame(
        {
            "cluster": names,
            "n": np.bincount(fitted.rows.cluster),
            "n_events": fitted.events.astype(np.int64),
            "log_frailty": value,
            "std_error": error,
            "frailty": np.exp(value),
            "lower": np.exp(value - reach),
            "upper": np.exp(value + reach),
        }
    )


def _basis(fitted: _Fitted, spec: CoxSpec, estimator: Estimator, n_clusters: int) -> Basis:
    """Say what the model rests on."""
    notes = list(fitted.plain.basis.warnings)
    if fitted.is_at_boundary:
        notes.append("no spread between clusters beyond chance: theta is 0 and the model is without frailty")
    if n_clusters < FEW_CLUSTERS:
        notes.append(f"{n_clusters} clusters say little about the spread between clusters")
    named = {"gamma": "gamma", "gaussian_reml": "Gaussian (REML)", "gaussian_laplace": "Gaussian (Laplace)"}
    return replace(
        fitted.plain.basis,
        method=f"{fitted.plain.basis.method}, {named[estimator]} frailty by {spec.cluster}",
        variance="inverse penalised information, theta as known",
        warnings=tuple(notes),
    )
