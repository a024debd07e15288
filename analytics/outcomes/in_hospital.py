"""Risk within the index stay: a share of the procedures whose end of stay is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from analytics.survival.horizons import estimate_proportion
from analytics.survival.results import HorizonRisk

if TYPE_CHECKING:
    from analytics.report.content import SurvivalBlock

IN_HOSPITAL = "In hospital"


def add_in_hospital(block: SurvivalBlock, counts: pl.DataFrame, *, by: str) -> SurvivalBlock:
    """Put the risk within the index stay before the other risks of each group.

    Parameters
    ----------
    block
        One endpoint by group, counted from the procedure.
    counts
        Result of `analytics.store.risk_tables.count_in_hospital` by the same groups.
    by
        Column of the groups.

    Returns
    -------
    SurvivalBlock
        Each group's risks start with the share in hospital and Wilson's interval; a group without a known
        end of stay has none.
    """
    stays = {
        str(row[by]): _share(str(row[by]), row["n"], row["n_event"]) for row in counts.iter_rows(named=True)
    }
    groups = list(dict.fromkeys(risk.group for risk in block.risks))
    risks = [
        one
        for group in groups
        for one in (stays.get(group), *(risk for risk in block.risks if risk.group == group))
        if one is not None
    ]
    return replace(block, risks=tuple(risks))


def _share(group: str, n: int, n_event: int) -> HorizonRisk | None:
    """Estimate the share of one group; the days within the stay do not matter, so all stand on day 0."""
    causes = pl.DataFrame({"time_days": [0] * n, "cause": [1] * n_event + [0] * (n - n_event)})
    found = estimate_proportion(causes, 0, group=group)
    return replace(found, period=IN_HOSPITAL) if isinstance(found, HorizonRisk) else None
