"""Shares of an outcome that happened or not, by group: rates, comparisons, trend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import polars as pl

from analytics.estimation.group_labels import group_labels
from analytics.estimation.groups import GROUP
from analytics.estimation.model_terms import require_columns
from analytics.estimation.results import Part, Results
from analytics.proportions.differences import miettinen_nurminen_difference, odds_ratio
from analytics.proportions.effective import EffectiveCount, compare_effective
from analytics.proportions.intervals import cluster_interval, estimate_proportion
from analytics.proportions.multiplicity import holm
from analytics.proportions.results import Comparison, CountTest, Proportion
from analytics.proportions.tests import chi_square, cochran_armitage, fisher_exact
from analytics.refusals import NotEstimable
from analytics.survival.event_counts import CAUSE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.estimation.specification import Specification

Compared = Comparison | NotEstimable
Tested = CountTest | NotEstimable


@dataclass(frozen=True)
class BinaryShare:
    """Share of one group.

    Parameters
    ----------
    group
        Its label.
    share
        Counts, share and interval.
    """

    group: str
    share: Proportion


@dataclass(frozen=True)
class BinaryContrast:
    """Two groups compared.

    Parameters
    ----------
    group, reference
        Labels: `group` minus, or over, `reference`.
    difference, risk_ratio
        Newcombe's difference and Koopman's ratio.
    score_difference, odds_ratio
        Miettinen and Nurminen's difference, and the odds ratio after Woolf, exact where a cell is empty;
        refused where rows are clustered.
    mid_p
        Exact mid-P test.
    fisher, chi_square, chi_square_corrected
        Further tests; refused where rows are clustered.
    p_adjusted
        p value of `mid_p`, adjusted by Holm for the pairs compared.
    """

    group: str
    reference: str
    difference: Compared
    risk_ratio: Compared
    score_difference: Compared
    odds_ratio: Compared
    mid_p: Tested
    fisher: Tested
    chi_square: Tested
    chi_square_corrected: Tested
    p_adjusted: float | None = None


@dataclass(frozen=True)
class BinaryTrend:
    """Trend of a share over groups in their order.

    Parameters
    ----------
    groups
        Labels in order.
    test
        Cochran-Armitage test with scores 1, 2, 3, ...
    """

    groups: tuple[str, ...]
    test: Tested


def run_binary_rates(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Estimate shares by group, each group against the first (or every pair), and a trend over their order.

    Parameters
    ----------
    frame
        Rows with ``cause`` (1 where it happened) and ``group``.
    spec
        Its model may name a cluster; ``groups.pairwise`` asks for every pair.
    causes
        Not read: an outcome that happened or not has no competitor.
    """
    del causes
    labels = group_labels(frame, spec)
    shares = {label: _share(frame.filter(pl.col(GROUP) == label), spec, label) for label in labels}
    parts = [Part("proportions", tuple(shares.values()))]
    counts = {
        label: EffectiveCount(one.share.n_events, one.share.n_total, one.share.n_effective)
        for label, one in shares.items()
        if isinstance(one, BinaryShare)
    }
    if len(counts) > 1:
        parts.append(Part("proportion_contrasts", _contrasts(counts, spec)))
        parts.append(Part("proportion_trend", (_trend(counts),)))
    return Results(parts=tuple(parts))


def _share(rows: pl.DataFrame, spec: Specification, label: str) -> BinaryShare | NotEstimable:
    """Share of one group, by cluster where one is named."""
    if spec.model.cluster is not None:
        require_columns(rows, [spec.model.cluster])
        by_cluster = rows.group_by(spec.model.cluster).agg(x=(pl.col(CAUSE) == 1).sum(), n=pl.len())
        found = cluster_interval(
            by_cluster["x"].to_numpy(), by_cluster["n"].to_numpy(), confidence=spec.confidence, group=label
        )
    else:
        n_events = int((rows[CAUSE] == 1).sum())
        found = estimate_proportion(n_events, rows.height, confidence=spec.confidence, group=label)
    return found if isinstance(found, NotEstimable) else BinaryShare(label, found)


def _contrasts(counts: dict[str, EffectiveCount], spec: Specification) -> tuple[BinaryContrast, ...]:
    """Compare groups, and adjust for how many pairs there are."""
    labels = list(counts)
    pairs = combinations(labels, 2) if spec.groups.pairwise else ((labels[0], one) for one in labels[1:])
    found = [
        _contrast(counts[group], counts[reference], (group, reference), spec.confidence)
        for reference, group in pairs
    ]
    adjusted = holm([one.mid_p.p_value if isinstance(one.mid_p, CountTest) else None for one in found])
    return tuple(replace(one, p_adjusted=p) for one, p in zip(found, adjusted, strict=True))


def _contrast(
    first: EffectiveCount, second: EffectiveCount, names: tuple[str, str], confidence: float
) -> BinaryContrast:
    """Compare two groups."""
    difference, ratio, test = compare_effective(first, second, confidence=confidence)
    if first.n_effective is not None or second.n_effective is not None:
        refusal = NotEstimable(
            " and ".join(names), "Rows of a cluster are not independent, as this needs.", "singular"
        )
        return BinaryContrast(*names, difference, ratio, refusal, refusal, test, refusal, refusal, refusal)
    x1, n1, x2, n2 = first.n_events, first.n_total, second.n_events, second.n_total
    table = ((x1, n1 - x1), (x2, n2 - x2))
    method = "exact" if 0 in (*table[0], *table[1]) else "woolf"
    return BinaryContrast(
        *names,
        difference,
        ratio,
        miettinen_nurminen_difference(x1, n1, x2, n2, confidence=confidence),
        odds_ratio(x1, n1, x2, n2, confidence=confidence, method=method),
        test,
        fisher_exact(x1, n1, x2, n2),
        chi_square(table),
        chi_square(table, corrected=True),
    )


def _trend(counts: dict[str, EffectiveCount]) -> BinaryTrend:
    """Test a trend over the groups in their order."""
    whole: Sequence[tuple[int, int]] = [count.whole for count in counts.values()]
    test = cochran_armitage([events for events, _ in whole], [total for _, total in whole])
    return BinaryTrend(tuple(counts), test)
