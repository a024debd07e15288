"""Cox models for rare events and separated data: Firth's penalty, profile limits, likelihood ratio tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import optimize, stats

from analytics.survival.cox_design import (
    check_specification,
    design_names,
    resolve_terms,
    specification_error,
)
from analytics.survival.cox_likelihood import CoxKernel
from analytics.survival.cox_rows import collect_rows
from analytics.survival.firth_likelihood import PenalisedMaximum, evaluate_penalised, maximise_penalised
from analytics.survival.firth_results import FirthFit
from analytics.survival.results import Basis, NotEstimable, WaldTest

if TYPE_CHECKING:
    from analytics.survival.cox_design import CoxSpec, Floats
    from analytics.survival.cox_rows import CoxRows

MODEL = "Firth-penalised Cox model"
# A limit this many standard deviations of its covariate away is no limit.
FARTHEST = 1e4


def fit_firth_cox(frame: pl.DataFrame, spec: CoxSpec) -> FirthFit | NotEstimable:
    """Fit Cox's model with Firth's penalty, which keeps coefficients finite in separated data [1]_ [2]_.

    Half the log determinant of the information is added to the log partial likelihood. It takes away the
    first-order bias of few events, and it has a finite maximum where a group has no event at all.

    Parameters
    ----------
    frame
        One row per patient, or per start-stop interval, with the columns that the specification names. Rows
        with a missing value are left out and counted in the warnings.
    spec
        The model: time, event, terms, delayed entry, strata, Breslow or Efron ties. Neither weights nor
        clusters: the penalty belongs to a likelihood of independent patients.

    Returns
    -------
    FirthFit or NotEstimable
        Coefficients, limits of the profile penalised likelihood and penalised likelihood ratio tests; the
        model held at a value keeps the penalty of the whole model. NotEstimable with code ``no_patients``,
        ``no_events``, ``singular`` or ``not_converged``.

    Raises
    ------
    SpecificationError
        For a specification that the frame cannot carry, exact ties, weights, clusters or a robust variance.

    References
    ----------
    .. [1] Firth (1993), Biometrika 80:27-38. doi:10.1093/biomet/80.1.27
    .. [2] Heinze & Schemper (2001), Biometrics 57:114-119. doi:10.1111/j.0006-341X.2001.00114.x
    """
    check_specification(frame, spec)
    _check_likelihood(spec)
    spec = resolve_terms(frame, spec)
    rows = collect_rows(frame, spec)
    names = design_names(spec.terms)
    if not rows.event.size:
        return NotEstimable(MODEL, "no complete row", "no_patients")
    if not rows.event.any():
        return NotEstimable(MODEL, "no event among the complete rows", "no_events")
    kernel = CoxKernel(rows, spec.ties)
    zero = np.zeros(len(names))
    if not np.isfinite(evaluate_penalised(kernel, zero).value) or _is_singular(kernel):
        reason = "a covariate is constant within the risk sets or is determined by the others"
        return NotEstimable(MODEL, reason, "singular")
    maximum = maximise_penalised(kernel, zero, np.arange(len(names)))
    if not maximum.converged:
        return NotEstimable(MODEL, "the search for the maximum did not settle", "not_converged")
    return _describe(kernel, spec, maximum)


def _check_likelihood(spec: CoxSpec) -> None:
    """Refuse what a penalised likelihood of independent patients does not know."""
    if spec.ties == "exact":
        raise specification_error(what="Firth's penalty is not offered for exact ties", fix="Use efron ties.")
    if spec.weights is not None or spec.is_robust:
        what = "Firth's penalty knows neither weights nor clusters"
        raise specification_error(what=what, fix="Leave weights, cluster and robust out.")


def _is_singular(kernel: CoxKernel) -> bool:
    """Tell whether the information at zero has lost a direction."""
    information = kernel.evaluate(np.zeros(kernel.x.shape[1])).information
    spread = np.sqrt(np.diag(information))
    return bool(np.min(spread) <= 0 or np.linalg.cond(information / np.outer(spread, spread)) > 1e12)


def _describe(kernel: CoxKernel, spec: CoxSpec, maximum: PenalisedMaximum) -> FirthFit:
    """Put limits, tests and basis around the maximum."""
    names = design_names(spec.terms)
    null = evaluate_penalised(kernel, np.zeros(len(names)))
    covariance = kernel.unscale_covariance(np.linalg.inv(maximum.at.information))
    gain = max(2 * (maximum.at.value - null.value), 0.0)
    return FirthFit(
        terms=names,
        table=_coefficient_table(kernel, spec, maximum, covariance),
        covariance=tuple(tuple(row) for row in covariance.tolist()),
        log_likelihood=maximum.at.value,
        log_likelihood_null=null.value,
        test=WaldTest(gain, len(names), float(stats.chi2.sf(gain, len(names)))),
        ties=spec.ties,
        basis=_basis(kernel.rows, spec, len(names)),
        spec=spec,
    )


def _coefficient_table(
    kernel: CoxKernel, spec: CoxSpec, maximum: PenalisedMaximum, covariance: Floats
) -> pl.DataFrame:
    """Tabulate coefficients with profile limits and likelihood ratio tests."""
    profiles = [_Profile(kernel, maximum, column) for column in range(len(maximum.beta))]
    statistic = np.array([2 * max(-profile.drop(0.0), 0.0) for profile in profiles])
    half = float(stats.chi2.ppf(spec.confidence, 1)) / 2
    limits = np.array([[profile.limit(half, side) for side in (-1, 1)] for profile in profiles])
    beta = kernel.unscale(maximum.beta)
    with np.errstate(over="ignore"):
        ratios = np.exp(np.column_stack((beta, limits / kernel.scale[:, None])))
    return pl.DataFrame(
        {
            "term": design_names(spec.terms),
            "coefficient": beta,
            "std_error": np.sqrt(np.diag(covariance)),
            "hazard_ratio": ratios[:, 0],
            "lower": ratios[:, 1],
            "upper": ratios[:, 2],
            "statistic": statistic,
            "p_value": stats.chi2.sf(statistic, 1),
        }
    )


class _Profile:
    """The penalised likelihood along one coefficient, the others at their best."""

    def __init__(self, kernel: CoxKernel, maximum: PenalisedMaximum, column: int) -> None:
        self.kernel, self.maximum, self.column = kernel, maximum, column
        self.others = np.delete(np.arange(len(maximum.beta)), column)
        self.warm = maximum.beta
        self.error = float(np.sqrt(np.linalg.inv(maximum.at.information)[column, column]))

    def drop(self, value: float) -> float:
        """Give the profile at a value less its maximum: 0 or below."""
        start = self.warm.copy()
        start[self.column] = value
        if not np.isfinite(evaluate_penalised(self.kernel, start).value):
            start = np.zeros_like(start)
            start[self.column] = value
        found = maximise_penalised(self.kernel, start, self.others)
        if found.converged:
            self.warm = found.beta
        return found.at.value - self.maximum.at.value

    def limit(self, half: float, side: int) -> float:
        """Find where the profile has dropped by half a quantile; infinite where it never does."""
        self.warm = self.maximum.beta
        best = float(self.maximum.beta[self.column])
        near, reach = best, side * np.sqrt(2 * half) * self.error
        while abs(reach) < FARTHEST:
            far = best + reach
            if self.drop(far) < -half:
                return float(optimize.brentq(lambda value: self.drop(value) + half, near, far, xtol=1e-10))
            near, reach = far, 2 * reach
        return side * np.inf


def _basis(rows: CoxRows, spec: CoxSpec, n_coefficients: int) -> Basis:
    """Say what the model rests on."""
    n_events = int(rows.event.sum())
    notes = list(rows.warnings)
    if n_events < n_coefficients:
        notes.append(f"{n_events} events for {n_coefficients} coefficients: the penalty decides most of them")
    return Basis(
        method=f"Cox with Firth's penalty, {spec.ties} ties"
        + (f", stratified by {', '.join(spec.strata)}" if spec.strata else ""),
        variance="inverse information",
        interval=f"profile penalised likelihood, {100 * spec.confidence:g} %",
        n=len(rows.event),
        n_events=n_events,
        person_days=rows.person_time,
        warnings=tuple(notes),
    )
