"""The parts of a specification: what is counted, in which groups, by which model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

MODEL_CHOICES: dict[str, tuple[str | None, ...]] = {
    "ties": ("efron", "breslow", "exact"),
    "proportionality": ("km", "rank", "identity", "log"),
    "penalty": (None, "firth"),
    "frailty_distribution": ("gamma", "gaussian"),
    "distribution": ("weibull", "exponential", "lognormal", "loglogistic"),
    "scale": ("hazard", "odds", "normal"),
    "limits": ("delta", "bootstrap"),
}
"""Options of a model that are one word out of few."""


@dataclass(frozen=True)
class Outcome:
    """What is counted, from when.

    Parameters
    ----------
    endpoint
        Name of a bundled endpoint; with a registry store.
    complication, rows
        Name of a complication, and whether it is asked of every ``procedure`` or ``lesion``; for a
        standardised risk on a registry store.
    time, event
        Column names; with a CSV file. ``time`` in days (or the unit of the file, named in ``time_unit``).
    entry
        Column of the delayed entry time, or None.
    event_codes
        Values of ``event`` that are the endpoint, compared as text.
    competing_codes
        Value of ``event`` to the label of a competing cause.
    time_unit
        Unit of ``time`` in words, for the output.
    hierarchy
        Bundled endpoints, the most serious first; for a win ratio on a registry store.
    unit
        Column of the patient, to whom several rows may belong; for a mean cumulative count.
    threshold_days
        Smallest difference in time that counts in a win ratio.
    scoring
        What becomes of pairs of a win ratio that censoring leaves open: ``gehan`` or ``peron``.
    """

    endpoint: str | None = None
    complication: str | None = None
    rows: Literal["procedure", "lesion"] = "procedure"
    time: str | None = None
    event: str | None = None
    entry: str | None = None
    event_codes: tuple[str, ...] = ("1",)
    competing_codes: dict[str, str] = field(default_factory=dict)
    time_unit: str = "days"
    hierarchy: tuple[str, ...] = ()
    unit: str = "patient_id"
    threshold_days: float = 0.0
    scoring: Literal["gehan", "peron"] = "gehan"

    def __post_init__(self) -> None:
        """Refuse a rule that is not offered."""
        if self.scoring not in ("gehan", "peron"):
            msg = "'scoring' is none of gehan, peron"
            raise ValueError(msg)
        if self.rows not in ("procedure", "lesion"):
            msg = "'rows' is none of procedure, lesion"
            raise ValueError(msg)


@dataclass(frozen=True)
class Grouping:
    """Groups and how they are tested.

    Parameters
    ----------
    by
        Column that splits the patients.
    levels, labels
        Its levels in order, and words for them.
    strata
        Columns within which groups are compared.
    rho, gamma
        Powers that weigh the days of a test: (0, 0) log-rank, (1, 0) Peto and Peto.
    pairwise
        Whether every pair is tested too, with p values adjusted for their number.
    """

    by: str | None = None
    levels: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    rho: float = 0.0
    gamma: float = 0.0
    pairwise: bool = False

    def __post_init__(self) -> None:
        """Demand one word for each level, or none."""
        if self.labels and len(self.labels) != len(self.levels):
            msg = "'labels' has not one word for each of 'levels'"
            raise ValueError(msg)
        if min(self.rho, self.gamma) < 0:
            msg = "'rho' or 'gamma' is below 0"
            raise ValueError(msg)

    @property
    def names(self) -> tuple[str, ...]:
        """Group labels in order: the words where there are any, else the levels; empty takes all."""
        return self.labels or self.levels


@dataclass(frozen=True)
class ModelTerm:
    """One term of a model.

    Parameters
    ----------
    column
        A numeric column, or a factor where it holds text or has levels.
    levels, reference
        Levels of a factor, and the one that the others are compared with.
    interaction
        Two columns given before it, whose product this term is.
    spline
        Number of knots (3 to 7) of a restricted cubic spline, placed at quantiles of the column.
    knots
        The knots themselves, instead of their number.
    by_period
        Whether the coefficient may differ between the periods of ``ModelPart.period_days``.
    """

    column: str | None = None
    levels: tuple[str, ...] = ()
    reference: str | None = None
    interaction: tuple[str, ...] = ()
    spline: int | None = None
    knots: tuple[float, ...] = ()
    by_period: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be a term."""
        if self.spline is not None and not 3 <= self.spline <= 7:
            msg = "'spline' is not between 3 and 7 knots"
            raise ValueError(msg)
        if (self.column is None) == (not self.interaction):
            msg = "a term has either 'column' or 'interaction'"
            raise ValueError(msg)


@dataclass(frozen=True)
class Profile:
    """A patient for whom a model predicts: a name, and a value for every covariate."""

    name: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Contrast:
    """A question about coefficients: their sum, each times its number, by the names of the coefficients."""

    name: str
    weights: dict[str, float]


@dataclass(frozen=True)
class ModelPart:
    """Terms and options of a model; each estimator says which options it reads.

    Parameters
    ----------
    terms, profiles, contrasts
        Covariates, patients to predict for, questions about coefficients.
    ties, strata, cluster, robust, weights
        As in `analytics.survival.cox_design.CoxSpec`.
    offset
        Column added to the linear predictor with a coefficient of 1.
    proportionality
        Time transform of the test of proportional hazards.
    penalty
        ``firth`` for few events or separation, or None.
    frailty, frailty_distribution
        Column whose values share a random effect; ``gamma`` or ``gaussian``.
    period_days
        Days that part the periods of coefficients that change with time.
    distribution
        Of an accelerated failure time model.
    scale, n_knots
        Of a Royston-Parmar model: ``hazard``, ``odds`` or ``normal``, and internal knots.
    cut_days
        Days between which a hazard is constant.
    limits
        Of a standardised risk: by the ``delta`` method or the ``bootstrap``.
    resamples, seed, risk_groups
        Bootstrap samples and the seed of their draws; groups of predicted risk of a validation.
    """

    terms: tuple[ModelTerm, ...] = ()
    profiles: tuple[Profile, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    ties: str = "efron"
    strata: tuple[str, ...] = ()
    cluster: str | None = None
    robust: bool | None = None
    weights: str | None = None
    offset: str | None = None
    proportionality: str = "km"
    penalty: str | None = None
    frailty: str | None = None
    frailty_distribution: str = "gamma"
    period_days: tuple[float, ...] = ()
    distribution: str = "weibull"
    scale: str = "hazard"
    n_knots: int = 2
    cut_days: tuple[float, ...] = (30.0, 365.0)
    limits: str = "delta"
    resamples: int = 200
    seed: int = 1
    risk_groups: int = 10

    def __post_init__(self) -> None:
        """Refuse values that are none of those offered."""
        for key, offered in MODEL_CHOICES.items():
            if getattr(self, key) not in offered:
                msg = f"{key!r} is none of {', '.join(name for name in offered if name)}"
                raise ValueError(msg)
        for key, least in (("n_knots", 0), ("resamples", 0), ("risk_groups", 2)):
            if type(getattr(self, key)) is not int or getattr(self, key) < least:
                msg = f"{key!r} is no whole number from {least} on"
                raise ValueError(msg)
