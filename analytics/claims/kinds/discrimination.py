"""How well a score tells rows with an outcome from rows without."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

from analytics.claims.results import Estimate, Findings, Group
from analytics.claims.selection import select_population
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    import numpy.typing as npt

    from analytics.claims.frames import ClaimFrames
    from analytics.claims.hypothesis import Component

    Floats = npt.NDArray[np.float64]


def run_discrimination(part: Component, frames: ClaimFrames) -> Findings:
    """Estimate the area under the receiver operating characteristic curve of a score.

    Returns
    -------
    Findings
        The area with the interval of DeLong and others [1]_, and the share with the outcome by score.

    References
    ----------
    .. [1] DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44:837-845, doi:10.2307/2531595.
    """
    population = select_population(frames.rows(part.rows), part)
    rows = population.drop_nulls([part.exposure, part.outcome])
    left_out = population.height - rows.height
    with_event, without = (rows.filter(pl.col(part.outcome) == value) for value in (True, False))
    groups = (
        Group("with the outcome", with_event.height, None, what="rows"),
        Group("without", without.height, None, what="rows"),
    )
    if min(with_event.height, without.height) < part.minimum:
        reason = f"Fewer than {part.minimum} {part.rows} with or without the outcome have a score."
        return Findings(groups, NotEstimable(part.label, reason, "too_few_events"), n_left_out=left_out)
    sides = [side[part.exposure].cast(pl.Float64).to_numpy() for side in (with_event, without)]
    found = area_under_curve(*sides)
    return Findings(groups, found, remarks=_by_score(rows, part), n_left_out=left_out)


def area_under_curve(with_event: Floats, without: Floats) -> Estimate:
    """Estimate the probability that a row with the event scores higher than one without, ties half.

    Parameters
    ----------
    with_event, without
        Scores of the rows with and without the event, at least two each.
    """
    m, n = len(with_event), len(without)
    ranks = stats.rankdata(np.concatenate([with_event, without]))
    inside_first, inside_second = stats.rankdata(with_event), stats.rankdata(without)
    first = (ranks[:m] - inside_first) / n
    second = 1.0 - (ranks[m:] - inside_second) / m
    area = float(first.mean())
    error = math.sqrt(first.var(ddof=1) / m + second.var(ddof=1) / n)
    reach = 1.959963984540054 * error
    p_value = float(2 * stats.norm.sf(abs(area - 0.5) / error)) if error else None
    return Estimate(
        "area_under_curve",
        area,
        max(area - reach, 0.0),
        min(area + reach, 1.0),
        "DeLong",
        m + n,
        m,
        p_value,
        error,
    )


def _by_score(rows: pl.DataFrame, part: Component) -> tuple[str, ...]:
    """Share with the outcome at each score, where there are few scores."""
    if rows[part.exposure].n_unique() > 6:
        return ()
    table = (
        rows.group_by(part.exposure)
        .agg(pl.col(part.outcome).mean().alias("share"), pl.len())
        .sort(part.exposure)
    )
    said = "; ".join(f"{score}: {100 * share:.1f} % of {n:,}" for score, share, n in table.iter_rows())
    return (f"Share with the outcome by score: {said}.",)
