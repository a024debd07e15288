"""Which features of a lesion go with the choice of a device: odds ratios, alone and together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.devices.lesion_conditions import Condition, read_condition
from analytics.devices.sources import check_keys, read_entries
from analytics.refusals import NotEstimable
from analytics.regression.design import INTERCEPT, Design
from analytics.regression.logistic import fit_logistic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class ChoiceClaim:
    """A claim about a lesion, true or false.

    Parameters
    ----------
    key, label
        Stable name, and the words for it.
    when
        The claim.
    together
        Whether it stands in the joint model.
    """

    key: str
    label: str
    when: Condition
    together: bool


@dataclass(frozen=True)
class OddsRatio:
    """An odds ratio with its limits.

    Parameters
    ----------
    ratio, lower, upper
        Estimate and 95 % limits.
    p_value
        Two-sided Wald test.
    n, n_events
        Lesions of the model, and those with the device.
    """

    ratio: float
    lower: float
    upper: float
    p_value: float
    n: int
    n_events: int


@dataclass(frozen=True)
class ChoiceOdds:
    """How a claim goes with the choice of one device.

    Parameters
    ----------
    strategy
        Code of the strategy, against every other known one.
    claim
        Key of the claim.
    label
        Words of the claim.
    alone
        Odds ratio of lesions that meet it against those that do not.
    together
        The same with every other claim of the joint model held fixed; None where it is not part of it.
    """

    strategy: str
    claim: str
    label: str
    alone: OddsRatio | NotEstimable
    together: OddsRatio | NotEstimable | None


def read_choice_claims(path: Path | None = None) -> tuple[ChoiceClaim, ...]:
    """Read the claims.

    Parameters
    ----------
    path
        A TOML file like ``choice_associations.toml`` of this package, which is read where None.

    Raises
    ------
    SpecificationError
        Where a key is unknown or missing, or a condition is not valid.
    """
    name = "choice_associations.toml"
    claims = []
    for raw in read_entries(name, "claim", path):
        where = f"{path or name}: claim {raw.get('key')}"
        check_keys(raw, required={"key", "label", "when", "together"}, optional=set(), where=where)
        claims.append(
            ChoiceClaim(raw["key"], raw["label"], read_condition(raw["when"], where), raw["together"])
        )
    return tuple(claims)


def estimate_choice_odds(
    lesions: pl.DataFrame, claims: Sequence[ChoiceClaim], *, strategy: str, clusters: str | None = None
) -> tuple[ChoiceOdds, ...]:
    """Estimate odds ratios of being meant for one strategy.

    Parameters
    ----------
    lesions
        One row per lesion: the columns that the claims read and ``strategy_intended``; lesions without
        devices on record (``unknown``) are left out.
    claims
        The claims, in the order of the answers.
    strategy
        Code of the strategy.
    clusters
        Column whose rows may resemble one another, for example ``patient_id``: the variance sums over it.

    Returns
    -------
    tuple of ChoiceOdds
        Logistic regressions [1]_: each claim alone on the lesions for which it is known, and all joint ones
        on the lesions for which they all are. An association: it neither explains a choice nor judges it.

    References
    ----------
    .. [1] McCullagh & Nelder (1989), Generalized Linear Models, 2nd ed. doi:10.1007/978-1-4899-3242-6
    """
    known = lesions.filter(pl.col("strategy_intended") != "unknown")
    # Numbers, since every fit sorts the clusters anew and texts sort slowly.
    owner = pl.lit(0) if clusters is None else pl.col(clusters).rank("dense")
    rows = known.select(
        *(claim.when.claim.cast(pl.Float64).alias(claim.key) for claim in claims),
        outcome=(pl.col("strategy_intended") == strategy).cast(pl.Float64),
        owner=owner,
    )
    has_clusters = clusters is not None
    joint = [claim for claim in claims if claim.together]
    together = _fit(rows, joint, has_clusters=has_clusters)
    answers = []
    for claim in claims:
        alone = _fit(rows, [claim], has_clusters=has_clusters)
        answers.append(
            ChoiceOdds(
                strategy,
                claim.key,
                claim.label,
                alone if isinstance(alone, NotEstimable) else alone[claim.key],
                _part(together, claim),
            )
        )
    return tuple(answers)


def _part(fitted: dict[str, OddsRatio] | NotEstimable, claim: ChoiceClaim) -> OddsRatio | NotEstimable | None:
    """Take the ratio of one claim out of the joint model."""
    if not claim.together:
        return None
    return fitted if isinstance(fitted, NotEstimable) else fitted[claim.key]


def _fit(
    rows: pl.DataFrame, claims: Sequence[ChoiceClaim], *, has_clusters: bool
) -> dict[str, OddsRatio] | NotEstimable:
    """Fit one model on its complete rows."""
    keys = [claim.key for claim in claims]
    complete = rows.select(*keys, "outcome", "owner").drop_nulls(list(keys))
    columns = [np.ones(complete.height), *(complete[key].to_numpy() for key in keys)]
    design = Design(
        np.column_stack(columns), (INTERCEPT, *keys), ("constant", *(claim.label for claim in claims))
    )
    fit = fit_logistic(
        design, complete["outcome"].to_numpy(), clusters=complete["owner"] if has_clusters else None
    )
    if isinstance(fit, NotEstimable):
        return fit
    n_events = int(complete["outcome"].sum())
    return {
        row["term"]: OddsRatio(
            row["ratio"], row["ratio_lower"], row["ratio_upper"], row["p_value"], complete.height, n_events
        )
        for row in fit.table.iter_rows(named=True)
        if row["term"] != INTERCEPT
    }
