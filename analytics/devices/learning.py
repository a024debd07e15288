"""Success and complications by the running case number: an association, no proof of learning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from analytics.devices.case_numbers import CaseRange
from analytics.devices.shares import Share, count_share
from analytics.proportions.tests import cochran_armitage
from analytics.refusals import NotEstimable
from analytics.regression.design import INTERCEPT, Design
from analytics.regression.logistic import fit_logistic

if TYPE_CHECKING:
    from analytics.devices.case_numbers import CaseBands
    from analytics.proportions.results import CountTest

CAUTION: Final = (
    "An association, no proof of learning: early cases are other lesions, in other years and with other "
    "models, and later bands hold only those who went on. Experience before the registry, or elsewhere, is "
    "not on record."
)

FEWEST_OWNERS = 5
"""With fewer operators or sites the curve would be a picture of single ones."""

FEWEST_IN_BAND = 3
"""A late band of fewer operators or sites is joined to the one before it."""


@dataclass(frozen=True)
class CaseBand:
    """One band of the running case number.

    Parameters
    ----------
    label
        Cases of the band, for example ``1-10`` with an en dash.
    n_owners
        Operators or sites with a case in the band.
    share
        Cases with the outcome; the interval takes cases as independent.
    """

    label: str
    n_owners: int
    share: Share


@dataclass(frozen=True)
class DoublingRatio:
    """Odds ratio of the outcome for each doubling of the case number.

    Parameters
    ----------
    ratio, lower, upper
        Estimate and limits; variance by operator or site.
    p_value
        Two-sided Wald test.
    n, n_events, n_owners
        Cases, cases with the outcome, operators or sites.
    """

    ratio: float
    lower: float
    upper: float
    p_value: float
    n: int
    n_events: int
    n_owners: int


@dataclass(frozen=True)
class LearningCurve:
    """An outcome by the running case number.

    Parameters
    ----------
    label
        Device and outcome.
    unit
        Whose cases are numbered, for example ``operator_id``.
    bands
        In order; late bands of fewer than `FEWEST_IN_BAND` operators or sites are joined.
    trend
        Test for a trend over the bands (cases taken as independent), or why there is none.
    doubling
        Odds ratio per doubling of the case number, by operator or site, or why there is none.
    n_unknown
        Cases left out, because the outcome is not on record.
    caution
        What must be shown beside the curve.
    """

    label: str
    unit: str
    bands: tuple[CaseBand, ...]
    trend: CountTest | NotEstimable
    doubling: DoublingRatio | NotEstimable
    n_unknown: int
    caution: str = CAUTION


def estimate_learning(
    cases: pl.DataFrame, outcome: str, *, unit: str, bands: CaseBands, label: str, starters: bool = False
) -> LearningCurve | NotEstimable:
    """Estimate an outcome by the running case number.

    Parameters
    ----------
    cases
        Result of `number_cases` with a Boolean column of the outcome, null where not on record.
    outcome
        That column.
    unit
        Whose cases are numbered; for words.
    bands
        The bands.
    label
        Device and outcome; for words.
    starters
        Whether only operators or sites count whose first case on record is likely their first.

    Returns
    -------
    LearningCurve or NotEstimable
        Refused without a known outcome, and for fewer than `FEWEST_OWNERS` operators or sites.

    References
    ----------
    .. [1] Armitage (1955), Biometrics 11:375-386 (test for trend). doi:10.2307/3001775
    .. [2] Liang & Zeger (1986), Biometrika 73:13-22 (variance by cluster). doi:10.1093/biomet/73.1.13
    """
    chosen = cases.filter(pl.col("is_starter")) if starters else cases
    known = chosen.drop_nulls(outcome)
    n_owners = known["owner"].n_unique()
    if not known.height:
        return NotEstimable(label, "No case with a known outcome.", "no_patients")
    if n_owners < FEWEST_OWNERS:
        reason = f"Fewer than {FEWEST_OWNERS} operators or sites: a curve would show single ones."
        return NotEstimable(label, reason, "too_few_units")
    found = _bands(known, outcome, bands)
    return LearningCurve(
        label=label,
        unit=unit,
        bands=found,
        trend=_trend(found, label),
        doubling=_doubling(known, outcome, label),
        n_unknown=chosen.height - known.height,
    )


def _bands(known: pl.DataFrame, outcome: str, bands: CaseBands) -> tuple[CaseBand, ...]:
    """Count the outcome in each band."""
    parts = [(place, known.filter(place.holds("case_number"))) for place in _ranges(known, bands)]
    return tuple(
        CaseBand(
            place.label,
            part["owner"].n_unique(),
            count_share(part, pl.col(outcome), group=f"cases {place.label}"),
        )
        for place, part in parts
        if part.height
    )


def _ranges(known: pl.DataFrame, bands: CaseBands) -> list[CaseRange]:
    """Bands as they can be shown: late ones that tell about single operators are joined."""
    starts, last = list(bands.starts), None
    while len(starts) > 1:
        n_owners = known.filter(pl.col("case_number") >= starts[-1])["owner"].n_unique()
        if n_owners >= FEWEST_IN_BAND:
            break
        end = starts.pop()
        last = end - 1 if n_owners == 0 else None
    ends = [*(start - 1 for start in starts[1:]), last]
    return [CaseRange(first, end) for first, end in zip(starts, ends, strict=True)]


def _trend(bands: tuple[CaseBand, ...], label: str) -> CountTest | NotEstimable:
    """Test for a trend over the bands, scored 0, 1, 2, ..."""
    if len(bands) < 2:
        return NotEstimable(label, "All cases fall into one band.", "one_group")
    return cochran_armitage([band.share.n_events for band in bands], [band.share.n_total for band in bands])


def _doubling(known: pl.DataFrame, outcome: str, label: str) -> DoublingRatio | NotEstimable:
    """Fit the log odds against the binary logarithm of the case number."""
    doublings = np.log2(known["case_number"].cast(pl.Float64).to_numpy())
    design = Design(
        np.column_stack((np.ones_like(doublings), doublings)), (INTERCEPT, "doublings"), (INTERCEPT, "cases")
    )
    fit = fit_logistic(design, known[outcome].cast(pl.Float64).to_numpy(), clusters=known["owner"])
    if isinstance(fit, NotEstimable):
        return NotEstimable(label, fit.reason, fit.code)
    row = fit.table.row(1, named=True)
    return DoublingRatio(
        ratio=row["ratio"],
        lower=row["ratio_lower"],
        upper=row["ratio_upper"],
        p_value=row["p_value"],
        n=known.height,
        n_events=int(known[outcome].sum()),
        n_owners=known["owner"].n_unique(),
    )
