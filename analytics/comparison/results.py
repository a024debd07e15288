"""What a standardised comparison is asked and what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict

from analytics.errors import SpecificationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from analytics.refusals import NotEstimable
    from analytics.regression.arrays import Floats
    from analytics.regression.results import ModelTest

ALL = "all"
"""The population of everybody at one of the levels."""
FEWEST_EVENTS = 5.0
"""Events (or non-events, the fewer) per coefficient that a model needs; `docs/methods/logistic.md`."""


class Settings(TypedDict, total=False):
    """Choices of a standardised comparison that have a default; `StandardisationPlan` explains each."""

    clusters: str | None
    modifiers: tuple[str, ...]
    splines: Mapping[str, int]
    population: str
    missing: Literal["category", "complete"]
    when_few: Literal["shorten", "refuse"]
    interval: Literal["delta", "bootstrap"]
    n_replicates: int
    seed: int
    confidence: float


@dataclass(frozen=True)
class StandardisationPlan:
    """The question of a standardised comparison, declared before the data are seen.

    Parameters
    ----------
    outcome
        Column with the outcome: Boolean or 0/1 for a risk, any other number for a mean.
    exposure
        Column with the groups that are compared, for example ``strategy_intended``.
    levels
        Its groups in order; the first is the reference. Rows of other groups take no part.
    covariates
        Columns to adjust for, the most important first.
    clusters
        Column with the patient or site whose rows belong together; None where rows are independent.
    modifiers
        Covariates whose effect may differ between the groups (interactions).
    splines
        Number of knots (3, 4 or 5) of covariates that may bend; every other number is a straight line.
    population
        Whose covariates the risks are averaged over: ``all``, or one of the levels.
    missing
        ``category``: a category without an entry is one of its own; ``complete``: such rows are left out.
        Rows without a number are left out either way.
    when_few
        ``shorten``: covariates that the events cannot carry, or that tell the outcomes apart, are left out in
        turn and named in the result; ``refuse``: the comparison is refused.
    interval
        ``delta``: influence functions summed within clusters; ``bootstrap``: clusters drawn with replacement,
        percentiles.
    n_replicates, seed
        Of the bootstrap.
    confidence
        Level of the intervals.
    """

    outcome: str
    exposure: str
    levels: tuple[str, ...]
    covariates: tuple[str, ...]
    clusters: str | None = None
    modifiers: tuple[str, ...] = ()
    splines: Mapping[str, int] | None = None
    population: str = ALL
    missing: Literal["category", "complete"] = "category"
    when_few: Literal["shorten", "refuse"] = "shorten"
    interval: Literal["delta", "bootstrap"] = "delta"
    n_replicates: int = 1000
    seed: int = 20260101
    confidence: float = 0.95

    def check(self, columns: list[str]) -> None:
        """Refuse a plan that the columns of a frame cannot carry, or that contradicts itself.

        Raises
        ------
        SpecificationError
            With the remedy.
        """
        asked = (self.outcome, self.exposure, *self.covariates, *((self.clusters,) if self.clusters else ()))
        absent = [name for name in asked if name not in columns]
        faults = {
            f"the rows have no column {', '.join(absent)}": bool(absent),
            "it needs two or more different levels": len(set(self.levels)) < max(len(self.levels), 2),
            "outcome or exposure is among the covariates": bool(
                {self.outcome, self.exposure} & set(self.covariates)
            ),
            "a modifier is not among the covariates": bool(set(self.modifiers) - set(self.covariates)),
            "the population is neither 'all' nor a level": self.population not in (ALL, *self.levels),
        }
        for what, is_wrong in faults.items():
            if is_wrong:
                raise SpecificationError(where="standardised comparison", what=what, fix="Mend the plan.")


@dataclass(frozen=True)
class ComparisonBasis:
    """What a standardised comparison rests on.

    Parameters
    ----------
    method
        The outcome model, for example ``logistic regression, standardised``.
    variance
        Where the standard errors come from, covariates included.
    interval
        Scales and level.
    population
        Whose covariates were averaged over, in words.
    n, n_events, n_clusters
        Rows in the model; events among them (None for a mean); clusters (None where rows are independent).
    left_out
        Reason to number of rows that took no part; a row counts once, under the first reason.
    adjusted_for
        Covariates in the model.
    not_adjusted_for
        Covariates of the plan that are not in the model, each with the reason.
    warnings
        Sentences that must be shown beside the numbers.
    """

    method: str
    variance: str
    interval: str
    population: str
    n: int
    n_events: int | None
    n_clusters: int | None
    left_out: Mapping[str, int]
    adjusted_for: tuple[str, ...]
    not_adjusted_for: Mapping[str, str]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class StandardisedComparison:
    """Risks (or means) as if everybody had been in each group, and their differences and ratios.

    Associations, given the covariates that were adjusted for: not what a device causes.

    Parameters
    ----------
    plan
        The question as asked.
    estimates
        One row per level that was estimated, in order: ``level``, ``n``, ``n_events`` (null for a mean),
        ``crude``, ``crude_lower``, ``crude_upper``, ``estimate`` (standardised), ``std_error``, ``lower``,
        ``upper``. Risks are proportions, with limits on the logit scale.
    contrasts
        Two rows per level but the first, one for a mean: ``level``, ``reference``, ``measure``
        (``difference`` or ``ratio``), ``crude``, ``crude_lower``, ``crude_upper``, ``estimate``,
        ``std_error`` (of the log for a ratio), ``lower``, ``upper``, ``p_value``.
    covariance
        Covariance of the standardised risks or means, levels x levels.
    test
        Wald test that all of them are equal.
    coefficients
        The outcome model: ``term``, ``coefficient``, ``std_error``. Not effects of the covariates.
    overlap
        One row per covariate, stratum and level: ``covariate``, ``stratum``, ``level``, ``n`` (rows of the
        stratum), ``share`` (of them at the level). Numbers are cut into fifths.
    refused
        Levels that could not be estimated, each with the reason.
    basis
        What the numbers rest on.
    """

    plan: StandardisationPlan
    estimates: pl.DataFrame
    contrasts: pl.DataFrame
    covariance: Floats
    test: ModelTest
    coefficients: pl.DataFrame
    overlap: pl.DataFrame
    refused: tuple[NotEstimable, ...]
    basis: ComparisonBasis
