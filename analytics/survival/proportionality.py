"""Score test of proportional hazards, and scaled Schoenfeld residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from scipy import stats

from analytics.survival.cox_design import MODEL, specification_error, term_positions
from analytics.survival.cox_likelihood import CoxKernel
from analytics.survival.cox_residuals import schoenfeld_order, schoenfeld_residuals
from analytics.survival.cox_rows import collect_rows
from analytics.survival.results import NotEstimable, ProportionalityTest

if TYPE_CHECKING:
    from analytics.survival.cox_design import Floats
    from analytics.survival.cox_rows import Bools, CoxRows
    from analytics.survival.results import CoxFit

Transform = Literal["km", "rank", "identity", "log"]


def test_proportionality(
    fit: CoxFit,
    frame: pl.DataFrame,
    *,
    transform: Transform,
    by: Literal["term", "coefficient"] = "term",  # noqa: PT028 - no test of ours
) -> ProportionalityTest | NotEstimable:
    """Test proportional hazards by the score test of Grambsch and Therneau [1]_ in its exact form.

    Each covariate gets a companion, covariate times a function of time g(t). The test is the score
    test that the companions' coefficients are zero, with the information of the enlarged model at the
    fitted coefficients; the approximation of 1994, which takes the covariates' variance as constant
    over time, is not used.

    Parameters
    ----------
    fit
        The model, with Efron or Breslow ties.
    frame
        The data that it was fitted to.
    transform
        g(t): ``km`` (one less the Kaplan-Meier estimate just before t), ``rank`` (among all ends of
        follow-up), ``identity`` or ``log``.
    by
        One test per term (a factor has several degrees of freedom) or per coefficient.

    Returns
    -------
    ProportionalityTest or NotEstimable
        One row per term and GLOBAL; NotEstimable (``no_events``) where all events fall on one
        time. The test sees only changes that follow g(t), and with many events finds changes too
        small to matter: look at the residuals as well.

    Raises
    ------
    SpecificationError
        For an unknown transform or exact ties, or the logarithm of a time that is not positive.

    References
    ----------
    .. [1] Grambsch & Therneau (1994), Biometrika 81:515-526. doi:10.1093/biomet/81.3.515
    """
    kernel, beta = _kernel(fit, frame)
    times = _transformed(kernel, transform)
    if np.ptp(times) == 0:
        return NotEstimable(MODEL, "all events fall on one time", "no_events")
    clock = times - np.average(times, weights=kernel.sets.n_deaths)
    steps, at_terms = kernel.steps(beta), clock[kernel.term_set]
    observed = (kernel.rows.weight[kernel.deaths] * clock[kernel.death_set]) @ kernel.x[kernel.deaths]
    score = observed - (kernel.term_weight * at_terms) @ steps.mean
    base, cross, own = (kernel.information(steps, at_terms**power) for power in range(3))
    information = own - cross @ np.linalg.solve(base, cross)
    return ProportionalityTest(transform, _test_table(fit, score, information, by))


# Its name makes pytest take it for a test wherever a test module imports it.
test_proportionality.__test__ = False  # type: ignore[attr-defined]


def _kernel(fit: CoxFit, frame: pl.DataFrame) -> tuple[CoxKernel, Floats]:
    """Rebuild the sums of a fit, and give its coefficients on their scale."""
    if fit.spec is None or fit.ties == "exact":
        raise specification_error(what="no proportionality test with exact ties", fix="Fit with efron ties.")
    kernel = CoxKernel(collect_rows(frame, fit.spec), fit.spec.ties)
    return kernel, fit.coefficients * kernel.scale


def _transformed(kernel: CoxKernel, transform: str) -> Floats:
    """Transform the time of every risk set."""
    time = kernel.sets.time
    if transform == "identity":
        return time
    if transform == "log":
        if np.any(time <= 0):
            raise specification_error(what="an event time has no logarithm", fix="Use the km transform.")
        return np.log(time)
    if transform == "rank":
        ends = np.sort(kernel.rows.stop)
        return (np.searchsorted(ends, time) + np.searchsorted(ends, time, side="right") + 1) / 2
    if transform == "km":
        return _failure_before(kernel.rows, time)
    raise specification_error(what="unknown transform", fix="Use km, rank, identity or log.")


def _failure_before(rows: CoxRows, time: Floats) -> Floats:
    """Give one less the Kaplan-Meier estimate of all rows together, just before each time."""
    distinct, n_events = np.unique(rows.stop[rows.event], return_counts=True)
    left = np.searchsorted(np.sort(rows.stop), distinct, side="left")
    not_yet = len(rows.start) - np.searchsorted(np.sort(rows.start), distinct, side="left")
    n_risk = len(rows.stop) - left - not_yet
    survival = np.concatenate(([1.0], np.cumprod(1 - n_events / n_risk)))
    return np.asarray(1 - survival[np.searchsorted(distinct, time)], dtype=np.float64)


def _test_table(fit: CoxFit, score: Floats, information: Floats, by: str) -> pl.DataFrame:
    """Test every term or coefficient, and all together."""
    everything = tuple(range(len(score)))
    groups: dict[str, tuple[int, ...]] = {name: (position,) for position, name in enumerate(fit.terms)}
    if by == "term" and fit.spec is not None:
        groups = term_positions(fit.spec.terms)
    statistics, degrees = [], []
    for places in (*groups.values(), everything):
        chosen = list(places)
        part = score[chosen]
        statistics.append(float(part @ np.linalg.solve(information[np.ix_(chosen, chosen)], part)))
        degrees.append(len(chosen))
    return pl.DataFrame(
        {
            "term": [*groups, "GLOBAL"],
            "statistic": statistics,
            "degrees_of_freedom": degrees,
            "p_value": stats.chi2.sf(statistics, degrees),
        }
    )


def scaled_residuals(fit: CoxFit, frame: pl.DataFrame) -> pl.DataFrame:
    """Scale Schoenfeld residuals so that their mean at a time estimates the coefficient at that time.

    Parameters
    ----------
    fit
        The model, with Efron or Breslow ties.
    frame
        The data that it was fitted to.

    Returns
    -------
    pl.DataFrame
        One row per event, by stratum and time: ``time_days``, ``residual`` (array, one value per
        coefficient: the coefficient plus the residual times the inverse of `mean_information`; NaN where
        the covariate does not vary within the stratum, which then says nothing about it).
    """
    kernel, beta = _kernel(fit, frame)
    order = schoenfeld_order(kernel)
    residual = schoenfeld_residuals(kernel, kernel.steps(beta))[order] * kernel.scale
    varies, mean = _varies(kernel), mean_information(fit, frame)
    scaled = np.full_like(residual, np.nan)
    of_event = kernel.rows.stratum[kernel.deaths[order]]
    for code in np.unique(of_event):
        own, used = np.flatnonzero(of_event == code), np.flatnonzero(varies[code])
        scaled[np.ix_(own, used)] = np.linalg.solve(mean[np.ix_(used, used)], residual[np.ix_(own, used)].T).T
    scaled += fit.coefficients
    return pl.DataFrame({"time_days": kernel.rows.stop[kernel.deaths[order]], "residual": pl.Series(scaled)})


def mean_information(fit: CoxFit, frame: pl.DataFrame) -> Floats:
    """Give the information of one event: of each pair of covariates over the strata in which both vary.

    Parameters
    ----------
    fit
        The model, with Efron or Breslow ties.
    frame
        The data that it was fitted to.
    """
    kernel, _ = _kernel(fit, frame)
    n_deaths = np.bincount(kernel.rows.stratum[kernel.deaths], minlength=len(kernel.rows.strata))
    varies = _varies(kernel).astype(np.float64)
    together = (varies * n_deaths[:, None]).T @ varies
    mean: Floats = np.linalg.inv(np.asarray(fit.model_covariance)) / np.maximum(together, 1.0)
    return mean


def _varies(kernel: CoxKernel) -> Bools:
    """Tell in which strata (rows) each covariate takes more than one value."""
    shape = (len(kernel.rows.strata), kernel.rows.design.shape[1])
    low, high = np.full(shape, np.inf), np.full(shape, -np.inf)
    np.minimum.at(low, kernel.rows.stratum, kernel.rows.design)
    np.maximum.at(high, kernel.rows.stratum, kernel.rows.design)
    return np.asarray(high > low)
