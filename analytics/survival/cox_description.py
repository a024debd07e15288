"""What a fitted Cox model says: coefficients, tests, variance and what they rest on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

from analytics.survival.cox_baseline import is_in_range
from analytics.survival.cox_design import MODEL, design_names
from analytics.survival.refusal_codes import few_events_caution
from analytics.survival.results import Basis, CoxFit, NotEstimable, WaldTest

if TYPE_CHECKING:
    from analytics.survival.cox_design import CoxSpec, Floats
    from analytics.survival.cox_likelihood import Likelihood
    from analytics.survival.cox_maximum import Maximum
    from analytics.survival.day_sums_baseline import DayBaseline

FAR_FROM_ZERO = "covariates zero lie too far from the data for a baseline hazard: centre the covariates"


FEW_CLUSTERS = 30
"""Fewer clusters than this make a sandwich come out too small."""


@dataclass(frozen=True)
class Size:
    """How much a model rests on: complete rows, events, days at risk, clusters, and what was left out."""

    n: int
    n_events: int
    person_time: float
    n_clusters: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ScoreSpread:
    """Score residuals added up: over all rows, and as cross products of the clusters' sums."""

    total: Floats
    meat: Floats


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that a search has found, on the scale of the kernel except for the baseline.

    Parameters
    ----------
    null, maximum
        The likelihood at zero and at its maximum.
    spread
        Score residuals at the maximum; None where the variance is the inverse information.
    null_spread
        The same at zero.
    scale
        What a coefficient is divided by to come to the caller's scale.
    baseline
        Table of `analytics.survival.cox_baseline.estimate_baseline`, or what makes it when it is asked for.
    size
        What the model rests on.
    """

    null: Likelihood
    maximum: Maximum
    spread: ScoreSpread | None
    null_spread: ScoreSpread | None
    scale: Floats
    baseline: pl.DataFrame | DayBaseline
    size: Size


def refuse_size(n: int, n_events: int, n_coefficients: int) -> NotEstimable | None:
    """Say why data cannot carry any model of this size."""
    if not n:
        return NotEstimable(MODEL, "no complete row", "no_patients")
    if not n_events:
        return NotEstimable(MODEL, "no event among the complete rows", "no_events")
    if n_events < n_coefficients:
        reason = f"{n_events} events cannot carry {n_coefficients} coefficients"
        return NotEstimable(MODEL, reason, "too_few_events")
    return None


def describe_fit(spec: CoxSpec, evidence: Evidence) -> CoxFit:
    """Put variance, tests and basis around a maximum.

    Parameters
    ----------
    spec
        The model, with every `Factor` resolved.
    evidence
        What the search has found.
    """
    maximum, scale = evidence.maximum, evidence.scale
    inverse = np.linalg.inv(maximum.at.information)
    spread = evidence.spread
    robust = inverse if spread is None else inverse @ spread.meat @ inverse
    squared = np.outer(scale, scale)
    names = design_names(spec.terms)
    basis = _basis(evidence.size, spec, len(names))
    if not is_in_range(evidence.baseline):
        basis = replace(basis, warnings=(*basis.warnings, FAR_FROM_ZERO))
    return CoxFit(
        terms=names,
        table=_coefficient_table(names, maximum.beta / scale, robust / squared, spec.confidence),
        covariance=_nested(robust / squared),
        model_covariance=_nested(inverse / squared),
        log_likelihood=maximum.at.value,
        log_likelihood_null=evidence.null.value,
        baseline=evidence.baseline,
        tests=_tests(evidence, robust),
        ties=spec.ties,
        basis=basis,
        spec=spec,
    )


def _nested(matrix: Floats) -> tuple[tuple[float, ...], ...]:
    """Turn a matrix into tuples of rows."""
    return tuple(tuple(row) for row in matrix.tolist())


def _coefficient_table(
    names: tuple[str, ...], beta: Floats, covariance: Floats, confidence: float
) -> pl.DataFrame:
    """Tabulate coefficients with Wald tests and intervals."""
    error = np.sqrt(np.diag(covariance))
    reach = stats.norm.ppf((1 + confidence) / 2) * error
    # Per unit of a covariate of tiny range, a hazard ratio may be too large for a number: infinite then.
    with np.errstate(over="ignore"):
        ratios = {"hazard_ratio": np.exp(beta), "lower": np.exp(beta - reach), "upper": np.exp(beta + reach)}
    return pl.DataFrame(
        {
            "term": names,
            "coefficient": beta,
            "std_error": error,
            "statistic": beta / error,
            "p_value": stats.chi2.sf((beta / error) ** 2, 1),
            **ratios,
        }
    )


def _tests(evidence: Evidence, covariance: Floats) -> dict[str, WaldTest]:
    """Test that all coefficients are zero, in three ways, or four with a robust variance."""
    null, maximum, spread = evidence.null, evidence.maximum, evidence.null_spread
    statistics = {
        "likelihood_ratio": 2 * (maximum.at.value - null.value),
        "wald": _quadratic(maximum.beta, covariance),
        "score": _quadratic(null.score, null.information),
    }
    if spread is not None:
        statistics["robust_score"] = _quadratic(spread.total, spread.meat)
    n = len(maximum.beta)
    return {
        name: WaldTest(float(value), n, float(stats.chi2.sf(value, n))) for name, value in statistics.items()
    }


def _quadratic(vector: Floats, matrix: Floats) -> float:
    """Measure a vector by its inverse covariance; not a number where too few clusters give one."""
    if np.linalg.matrix_rank(matrix) < len(vector):
        return float("nan")
    return float(vector @ np.linalg.solve(matrix, vector))


def _cluster_cautions(size: Size, n_coefficients: int) -> list[str]:
    """Warn where clusters are too few; rows that are their own cluster are not counted as clusters."""
    if size.n_clusters <= n_coefficients:
        return [f"{size.n_clusters} clusters cannot carry a robust variance of {n_coefficients} coefficients"]
    if size.n_clusters < FEW_CLUSTERS and size.n_clusters != size.n:
        return [f"Only {size.n_clusters} clusters: limits that rest on their spread tend to be too narrow."]
    return []


def _basis(size: Size, spec: CoxSpec, n_coefficients: int) -> Basis:
    """Say what the model rests on."""
    notes = [*size.warnings, *few_events_caution(size.n_events, n_coefficients)]
    if spec.cluster is not None:
        notes += _cluster_cautions(size, n_coefficients)
    variance = "inverse information"
    if spec.is_robust:
        variance = f"sandwich by {spec.cluster}" if spec.cluster else "sandwich by row"
    return Basis(
        method=f"Cox, {spec.ties} ties"
        + (f", stratified by {', '.join(spec.strata)}" if spec.strata else ""),
        variance=variance,
        interval=f"Wald, {100 * spec.confidence:g} %",
        n=size.n,
        n_events=size.n_events,
        person_days=size.person_time,
        warnings=tuple(notes),
    )
