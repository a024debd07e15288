"""What the models of competing risks return: frozen objects that carry their own basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from analytics.survival.cause_specific import CauseSpecificSpec
    from analytics.survival.fine_gray_design import FineGraySpec
    from analytics.survival.results import Basis, CoxFit, WaldTest


@dataclass(frozen=True, eq=False)
class FineGrayFit:
    """A proportional hazards model of the subdistribution of one cause.

    A coefficient says in which direction a covariate moves the cumulative incidence. Its exponential is a
    ratio of subdistribution hazards: not a ratio of risks, and not an effect on the rate among those who are
    still free of events.

    Parameters
    ----------
    terms
        Coefficient names in order.
    table
        One row per coefficient: ``term``, ``coefficient``, ``std_error``, ``statistic`` (z), ``p_value``,
        ``hazard_ratio`` (of the subdistribution), ``lower``, ``upper``.
    covariance
        Covariance of the coefficients that ``std_error`` comes from, p x p.
    model_covariance
        Inverse information, p x p; not a valid variance, for comparison only.
    log_likelihood, log_likelihood_null
        Log pseudo-likelihood at the estimate and at zero.
    baseline
        One row per event time, ascending: ``time_days``, ``hazard`` (increment), ``cumulative_hazard`` of the
        subdistribution at covariates zero; by ``stratum`` where the model has strata.
    tests
        ``wald`` and ``pseudo_likelihood_ratio``: that all coefficients are zero.
    basis
        What the fit rests on; ``n_events`` counts the cause of interest.
    spec
        The model as it was fitted, every factor with its levels.
    """

    terms: tuple[str, ...]
    table: pl.DataFrame
    covariance: tuple[tuple[float, ...], ...]
    model_covariance: tuple[tuple[float, ...], ...]
    log_likelihood: float
    log_likelihood_null: float
    baseline: pl.DataFrame
    tests: dict[str, WaldTest]
    basis: Basis
    spec: FineGraySpec

    @property
    def coefficients(self) -> npt.NDArray[np.float64]:
        """Log ratios of subdistribution hazards in the order of ``terms``."""
        return self.table["coefficient"].to_numpy()


@dataclass(frozen=True, eq=False)
class CauseSpecificFit:
    """Cox models of all causes of one outcome, fitted to the same rows.

    Parameters
    ----------
    causes
        Cause labels in the order of their codes 1, 2, ...
    models
        One Cox model per cause.
    basis
        What they rest on; ``n_events`` counts all causes.
    spec
        The models as they were fitted.
    """

    causes: tuple[str, ...]
    models: tuple[CoxFit, ...]
    basis: Basis
    spec: CauseSpecificSpec

    def model(self, cause: str) -> CoxFit:
        """Return the model of one cause."""
        return self.models[self.causes.index(cause)]


@dataclass(frozen=True, eq=False)
class PredictedIncidence:
    """Cumulative incidence predicted for covariate profiles.

    Parameters
    ----------
    table
        One row per cause, profile and time: ``cause``, ``profile`` (row of the profiles, from 0),
        ``time_days``, ``incidence``, ``std_error``, ``lower``, ``upper``, ``is_beyond_follow_up`` (True where
        nobody was followed so long: the last value is carried forward). Rows of the cause ``event_free`` hold
        the probability of no event, where the model gives one.
    basis
        What the prediction rests on.
    """

    table: pl.DataFrame
    basis: Basis
