"""How well a score tells rows with an outcome from rows without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.claims.results import Estimate, Findings, Group
from analytics.claims.selection import CLUSTER, select_population
from analytics.refusals import NotEstimable
from analytics.regression.discrimination import estimate_roc_area

if TYPE_CHECKING:
    from analytics.claims.frames import ClaimFrames
    from analytics.claims.hypothesis import Component


def run_discrimination(part: Component, frames: ClaimFrames) -> Findings:
    """Estimate the area under the receiver operating characteristic curve of a score.

    Returns
    -------
    Findings
        The area with limits that count by patient, and the share with the outcome by score.
    """
    population = select_population(frames.rows(part.rows), part)
    rows = population.drop_nulls([part.exposure, part.outcome])
    left_out = population.height - rows.height
    events = int(rows[part.outcome].cast(pl.Boolean).sum())
    groups = (
        Group("With the outcome", events, None, what="rows"),
        Group("Without", rows.height - events, None, what="rows"),
    )
    if min(group.n for group in groups) < part.minimum:
        reason = f"Fewer than {part.minimum} {part.rows} with or without the outcome have a score."
        return Findings(groups, NotEstimable(part.label, reason, "too_few_events"), n_left_out=left_out)
    found = estimate_roc_area(rows[part.exposure], rows[part.outcome], clusters=rows[CLUSTER])
    if isinstance(found, NotEstimable):
        return Findings(groups, found, n_left_out=left_out)
    area = Estimate(
        "area_under_curve", found.area, found.lower, found.upper, "DeLong, by patient", found.n,
        found.n_events, found.p_value, found.std_error,
    )  # fmt: skip
    return Findings(groups, area, remarks=_by_score(rows, part), n_left_out=left_out)


def _by_score(rows: pl.DataFrame, part: Component) -> tuple[str, ...]:
    """Share with the outcome at each score, where there are few scores and rows enough."""
    if rows[part.exposure].n_unique() > 6:
        return ()
    shares = rows.group_by(part.exposure).agg(pl.col(part.outcome).mean().alias("share"), pl.len().alias("n"))
    shown = shares.filter(pl.col("n") >= part.minimum).sort(part.exposure)
    said = "; ".join(f"{score}: {100 * share:.1f} % of {n:,}" for score, share, n in shown.iter_rows())
    return (f"Share with the outcome by score: {said}.",) if said else ()
