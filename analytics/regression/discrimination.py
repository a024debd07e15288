"""How well a predicted risk or a score tells who will have the event, and whether it is right on average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special, stats

from analytics.refusals import NotEstimable
from analytics.regression.clusters import code_clusters
from analytics.regression.design import Design
from analytics.regression.logistic import fit_logistic

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import polars as pl

    from analytics.regression.arrays import Codes, Floats

MODEL = "discrimination"


@dataclass(frozen=True)
class RocArea:
    """Area under the ROC curve: how often a row with the event scores higher than one without.

    Parameters
    ----------
    area
        0 to 1; ties count half.
    std_error
        DeLong's, within clusters where they are named.
    lower, upper
        Limits on the logit scale; both equal to the area where it is 0 or 1.
    p_value
        Against 0.5, Wald.
    n, n_events, n_clusters
        Rows, rows with the event, clusters (None where rows are independent).
    """

    area: float
    std_error: float
    lower: float
    upper: float
    p_value: float
    n: int
    n_events: int
    n_clusters: int | None


@dataclass(frozen=True)
class RiskCalibration:
    """Whether predicted risks are right.

    Parameters
    ----------
    brier
        Mean squared distance of risk and outcome.
    brier_scaled
        1 less the Brier score over that of the overall risk: 1 is perfect, 0 no better than the average.
    observed, expected
        Mean outcome and mean predicted risk.
    intercept, intercept_error
        Shift of the log odds that makes the average right, with the slope held at one; 0 is right.
    slope, slope_error
        Slope of the outcome on the predicted log odds; 1 is right, under 1 is overfitting. NaN where no
        logistic regression exists.
    n, n_events
        Rows, rows with the event.
    """

    brier: float
    brier_scaled: float
    observed: float
    expected: float
    intercept: float
    intercept_error: float
    slope: float
    slope_error: float
    n: int
    n_events: int


def estimate_roc_area(
    score: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    clusters: Sequence[object] | pl.Series | None = None,
    confidence: float = 0.95,
) -> RocArea | NotEstimable:
    """Estimate the area under the ROC curve [1]_, with lesions of one patient counted together [2]_.

    Parameters
    ----------
    score
        Higher where the event is thought likelier; none missing.
    outcome
        True or 1 where it occurred.
    clusters
        Patient of each row; None where rows are independent (DeLong's variance).
    confidence
        Level of the limits.

    Returns
    -------
    RocArea or NotEstimable
        NotEstimable with code ``no_patients`` or ``no_events`` where fewer than two rows have the event, or
        have not.

    References
    ----------
    .. [1] DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44:837-845. doi:10.2307/2531595
    .. [2] Obuchowski (1997), Biometrics 53:567-578. doi:10.2307/2533958
    """
    values, y = np.asarray(score, dtype=float), np.asarray(outcome, dtype=bool)
    if not y.size:
        return NotEstimable(MODEL, "There is no complete row.", "no_patients")
    if min(y.sum(), (~y).sum()) < 2:
        return NotEstimable(MODEL, "Fewer than two rows have the event, or have it not.", "no_events")
    placement = _place(values, y)
    area = float(placement[y].mean())
    codes = code_clusters(clusters, len(y))
    error = float(np.sqrt(_clustered_variance(placement - area, y, codes)))
    lower, upper = _logit_limits(area, error, confidence)
    return RocArea(
        area=area,
        std_error=error,
        lower=lower,
        upper=upper,
        p_value=float(2 * stats.norm.sf(abs(area - 0.5) / error)) if error > 0 else 0.0,
        n=len(y),
        n_events=int(y.sum()),
        n_clusters=None if clusters is None else int(codes.max()) + 1,
    )


def _place(values: Floats, y: npt.NDArray[np.bool_]) -> Floats:
    """Give each row the share of the other kind that it is placed rightly against."""
    ranks = stats.rankdata(values)
    placement = np.empty(len(y))
    cases, others = int(y.sum()), int((~y).sum())
    placement[y] = (ranks[y] - stats.rankdata(values[y])) / others
    placement[~y] = 1 - (ranks[~y] - stats.rankdata(values[~y])) / cases
    return placement


def _clustered_variance(deviation: Floats, y: npt.NDArray[np.bool_], codes: Codes) -> float:
    """Give Obuchowski's variance; DeLong's where every row is its own cluster."""
    n_clusters = int(codes.max()) + 1
    cases, others = int(y.sum()), int((~y).sum())
    of_cases = np.bincount(codes, weights=deviation * y, minlength=n_clusters)
    of_others = np.bincount(codes, weights=deviation * ~y, minlength=n_clusters)
    with_case, with_other = len(np.unique(codes[y])), len(np.unique(codes[~y]))
    if min(with_case, with_other) < 2:
        return float("nan")
    return float(
        with_case / (with_case - 1) * (of_cases @ of_cases) / cases**2
        + with_other / (with_other - 1) * (of_others @ of_others) / others**2
        + 2 * n_clusters / (n_clusters - 1) * (of_cases @ of_others) / (cases * others)
    )


def _logit_limits(area: float, error: float, confidence: float) -> tuple[float, float]:
    """Give Wald limits on the logit scale, which stay within 0 and 1."""
    if not 0 < area < 1:
        return area, area
    reach = float(stats.norm.ppf(0.5 + confidence / 2)) * error / (area * (1 - area))
    centre = float(special.logit(area))
    return float(special.expit(centre - reach)), float(special.expit(centre + reach))


def assess_calibration(risk: npt.ArrayLike, outcome: npt.ArrayLike) -> RiskCalibration | NotEstimable:
    """Hold predicted risks against outcomes: Brier score [1]_, calibration intercept and slope [2]_.

    Parameters
    ----------
    risk
        Predicted, strictly between 0 and 1; none missing.
    outcome
        True or 1 where the event occurred.

    Returns
    -------
    RiskCalibration or NotEstimable
        NotEstimable with code ``no_patients``, or ``no_events`` where the outcome is the same in every row.

    References
    ----------
    .. [1] Brier (1950), Mon Weather Rev 78:1-3.
    .. [2] Cox (1958), Biometrika 45:562-565. doi:10.1093/biomet/45.3-4.562
    """
    p, y = np.asarray(risk, dtype=float), np.asarray(outcome, dtype=float)
    if not y.size:
        return NotEstimable(MODEL, "There is no complete row.", "no_patients")
    if y.min() == y.max():
        return NotEstimable(MODEL, "The outcome is the same in every row.", "no_events")
    log_odds = special.logit(p)
    shift = _find_shift(log_odds, y)
    at = special.expit(log_odds + shift)
    design = Design(np.column_stack((np.ones(len(y)), log_odds)), ("intercept", "log odds"))
    fit = fit_logistic(design, y, fewest_events=0)
    slope, slope_error = (np.nan, np.nan) if isinstance(fit, NotEstimable) else fit.table.row(1)[1:3]
    brier = float(np.mean((p - y) ** 2))
    return RiskCalibration(
        brier=brier,
        brier_scaled=1 - brier / float(y.mean() * (1 - y.mean())),
        observed=float(y.mean()),
        expected=float(p.mean()),
        intercept=shift,
        intercept_error=float(1 / np.sqrt(np.sum(at * (1 - at)))),
        slope=float(slope),
        slope_error=float(slope_error),
        n=len(y),
        n_events=int(y.sum()),
    )


def _find_shift(log_odds: Floats, y: Floats) -> float:
    """Find the shift of the log odds at which expected and observed events agree."""

    def excess(shift: float) -> float:
        return float(np.sum(special.expit(log_odds + shift) - y))

    return float(optimize.brentq(excess, -50, 50, xtol=1e-13))
