"""Baseline hazard of a Cox model and survival predicted from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from scipy import stats

from analytics.survival.cox_design import build_design, specification_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.cox_design import Floats
    from analytics.survival.cox_likelihood import CoxKernel, Steps
    from analytics.survival.day_sums_baseline import DayBaseline
    from analytics.survival.results import CoxFit


@dataclass(frozen=True, eq=False)
class PredictedSurvival:
    """Survival predicted by a Cox model for covariate profiles.

    Parameters
    ----------
    table
        One row per profile, stratum and time: ``profile`` (row of the profiles, from 0), ``stratum``,
        ``time_days``, ``survival``, ``std_error`` (of the survival), ``lower``, ``upper``,
        ``is_beyond_follow_up`` (True where nobody in the stratum was followed so long: the last
        value is carried forward).
    interval
        Scale of the interval, ``log-log`` or ``log``.
    """

    table: pl.DataFrame
    interval: str


def estimate_baseline(kernel: CoxKernel, steps: Steps, beta: Floats) -> pl.DataFrame:
    """Give the cumulative baseline hazard at covariates zero, per stratum, at every end of follow-up.

    Parameters
    ----------
    kernel
        Sorted sums of the data.
    steps
        Terms of the likelihood at the estimate. With Efron ties the increments are Efron's too.
    beta
        Coefficients on the caller's scale.

    Returns
    -------
    pl.DataFrame
        ``stratum``, ``time_days``, ``cumulative_hazard``; and for predictions, which stay exact where
        covariates zero are far from the data: ``centre`` (list: mean covariates of the stratum),
        ``centred_hazard``, ``centred_variance`` (of that hazard with known coefficients), ``centred_drift``
        (list: hazard times risk-set mean less centre).
    """
    rows, sets = kernel.rows, kernel.sets
    # The kernel's predictor is shifted per stratum; undo it so that the hazard belongs to the centre.
    shift = np.zeros(len(rows.strata))
    fixed = 0.0 if rows.offset is None else rows.offset
    shift[rows.stratum] = steps.predictor - fixed - (rows.design - kernel.center[rows.stratum]) @ beta
    factor = np.exp(shift)[sets.stratum]
    hazard = kernel.cumulate(kernel.per_set(steps.hazard) * factor)
    variance = kernel.cumulate(kernel.per_set(steps.hazard**2 / kernel.term_weight) * factor**2)
    drift = kernel.per_set(steps.hazard[:, None] * steps.mean) * kernel.scale * factor[:, None]
    table = _baseline_table(kernel, hazard, variance, kernel.cumulate(drift))
    to_zero = -table["centre"].list.to_array(len(beta)).to_numpy() @ beta
    return table.with_columns(cumulative_hazard=_exp(to_zero) * table["centred_hazard"].to_numpy())


def _exp(values: Floats) -> Floats:
    """Exponentiate; what is too large for a number becomes infinite without a murmur."""
    with np.errstate(over="ignore"):
        return np.exp(values)


def is_in_range(baseline: pl.DataFrame | DayBaseline) -> bool:
    """Tell whether covariates zero are near enough to the data for the baseline to be a number above 0."""
    if not isinstance(baseline, pl.DataFrame):
        return baseline.is_in_range()
    hazard = baseline["cumulative_hazard"].to_numpy()
    return bool(np.isfinite(hazard).all() and hazard.max() > 0)


def _baseline_table(kernel: CoxKernel, hazard: Floats, variance: Floats, drift: Floats) -> pl.DataFrame:
    """Carry the sums of the event times to every end of follow-up."""
    rows = kernel.rows
    ends = np.unique(np.stack((rows.stratum.astype(np.float64), rows.stop), axis=1), axis=0)
    stratum, time = ends[:, 0].astype(np.int64), ends[:, 1]
    times = np.unique(kernel.sets.time)
    width = len(times) + 1
    keys = kernel.sets.stratum * width + np.searchsorted(times, kernel.sets.time)
    count = np.searchsorted(keys, stratum * width + np.searchsorted(times, time, side="right"))
    last = np.where(count > kernel.sets.bounds[stratum], count - 1, len(keys))
    return pl.DataFrame(
        {
            "stratum": [rows.strata[code] for code in stratum],
            "time_days": time,
            "cumulative_hazard": np.zeros(len(time)),
            "centre": _lists(kernel.center[stratum]),
            "centred_hazard": np.append(hazard, 0.0)[last],
            "centred_variance": np.append(variance, 0.0)[last],
            "centred_drift": _lists(np.concatenate((drift, np.zeros_like(drift[:1])))[last]),
        }
    )


def _lists(values: Floats) -> pl.Series:
    """Turn rows into lists without passing through Python's numbers, which takes long in a small fit."""
    if values.shape[1] == 0:
        return pl.Series([[] for _ in values], dtype=pl.List(pl.Float64))
    return pl.Series(np.ascontiguousarray(values)).arr.to_list()


def predict_linear(fit: CoxFit, profiles: pl.DataFrame) -> Floats:
    """Give the log hazard ratio of covariate profiles against covariates zero.

    Parameters
    ----------
    fit
        The model.
    profiles
        One row per profile, with the covariate columns of the model.
    """
    return _profile_design(fit, profiles) @ fit.coefficients


def _profile_design(fit: CoxFit, profiles: pl.DataFrame) -> Floats:
    """Code profiles as the data were coded."""
    if fit.spec is None:
        raise specification_error(what="the fit has no specification", fix="Fit the model with fit_cox.")
    return build_design(profiles, fit.spec.terms)


def predict_survival(
    fit: CoxFit,
    profiles: pl.DataFrame,
    *,
    times: Sequence[float],
    interval: Literal["log-log", "log"] = "log-log",
) -> PredictedSurvival:
    """Predict survival for covariate profiles, in every stratum or in the stratum that a profile names.

    Parameters
    ----------
    fit
        The model.
    profiles
        One row per profile, with the covariate columns; where all strata columns are there too,
        each profile is predicted in its own stratum only.
    times
        Times (days) at which survival is wanted.
    interval
        Scale on which the interval is symmetric.

    Returns
    -------
    PredictedSurvival
        exp(-cumulative hazard) with the standard error of Tsiatis [1]_, which holds both the hazard's and
        the coefficients' uncertainty. A prediction for a profile unlike any patient is arithmetic only.

    Raises
    ------
    SpecificationError
        For a profile in a stratum that the model does not know, or a column that is not there.

    References
    ----------
    .. [1] Tsiatis (1981), Ann Stat 9:93-108. doi:10.1214/aos/1176345335
    """
    design = _profile_design(fit, profiles)
    wanted = _profile_strata(fit, profiles)
    quantile = float(stats.norm.ppf((1 + (fit.spec.confidence if fit.spec else 0.95)) / 2))
    parts = []
    for (label,), baseline in fit.baseline.group_by("stratum", maintain_order=True):
        chosen = [number for number, own in enumerate(wanted) if own is None or own == label]
        curve = _StratumCurve.of(baseline, np.asarray(times, dtype=np.float64))
        parts += [
            _predict_one(fit, curve, design[number], quantile, interval).with_columns(
                pl.lit(number, dtype=pl.Int64).alias("profile"),
                pl.lit(label, dtype=pl.String).alias("stratum"),
            )
            for number in chosen
        ]
    order = [
        "profile",
        "stratum",
        "time_days",
        "survival",
        "std_error",
        "lower",
        "upper",
        "is_beyond_follow_up",
    ]
    return PredictedSurvival(pl.concat(parts).select(order).sort("profile", maintain_order=True), interval)


def _profile_strata(fit: CoxFit, profiles: pl.DataFrame) -> list[str | None]:
    """Read the stratum that each profile names; None where it names none."""
    columns = fit.spec.strata if fit.spec else ()
    if not columns or any(name not in profiles.columns for name in columns):
        return [None] * profiles.height
    labels = [
        ", ".join(f"{name}={value}" for name, value in zip(columns, row, strict=True))
        for row in profiles.select(columns).iter_rows()
    ]
    if not set(labels) <= set(fit.baseline["stratum"].unique().to_list()):
        raise specification_error(
            what="a profile names an unknown stratum", fix="Use strata of the fitted data."
        )
    return list(labels)


@dataclass(frozen=True, eq=False)
class _StratumCurve:
    """Hazard sums of one stratum at its mean covariates, at the wanted times."""

    centre: Floats
    times: Floats
    hazard: Floats
    variance: Floats
    drift: Floats
    end: float

    @classmethod
    def of(cls, baseline: pl.DataFrame, times: Floats) -> _StratumCurve:
        """Read the step functions off at the wanted times."""
        known = baseline["time_days"].to_numpy()
        place = np.searchsorted(known, times, side="right")
        drift = np.array(baseline["centred_drift"].to_list())
        return cls(
            np.array(baseline["centre"][0].to_list()),
            times,
            np.append(0.0, baseline["centred_hazard"].to_numpy())[place],
            np.append(0.0, baseline["centred_variance"].to_numpy())[place],
            np.concatenate((np.zeros_like(drift[:1]), drift))[place],
            float(known[-1]),
        )


def _predict_one(
    fit: CoxFit, curve: _StratumCurve, profile: Floats, quantile: float, interval: str
) -> pl.DataFrame:
    """Predict one profile in one stratum."""
    from_centre = profile - curve.centre
    relative = float(np.exp(from_centre @ fit.coefficients))
    hazard = curve.hazard * relative
    distance = (curve.hazard[:, None] * from_centre - curve.drift) * relative
    spread = np.einsum("ti,ij,tj->t", distance, np.asarray(fit.covariance), distance)
    error = np.sqrt(curve.variance * relative**2 + spread)
    lower, upper = _limits(hazard, quantile * error, interval)
    return pl.DataFrame(
        {
            "time_days": curve.times,
            "survival": np.exp(-hazard),
            "std_error": np.exp(-hazard) * error,
            "lower": lower,
            "upper": upper,
            "is_beyond_follow_up": curve.times > curve.end,
        }
    )


def _limits(hazard: Floats, reach: Floats, interval: str) -> tuple[Floats, Floats]:
    """Put limits around exp(-hazard), on the log-log or on the log scale."""
    if interval == "log":
        return np.exp(-hazard - reach), np.minimum(np.exp(-hazard + reach), 1.0)
    positive = hazard > 0
    ratio = np.exp(np.divide(reach, hazard, out=np.zeros_like(hazard), where=positive))
    return np.exp(-hazard * ratio), np.exp(-hazard / ratio)
