"""The statistics that a claim can ask for, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from analytics.claims.kinds.discrimination import run_discrimination
from analytics.claims.kinds.means import run_mean_difference, run_paired_mean_difference
from analytics.claims.kinds.odds import run_odds_ratio, run_product_of_odds
from analytics.claims.kinds.ordered import run_ordered_odds_ratio
from analytics.claims.kinds.shares import run_paired_difference, run_risk_difference, run_share
from analytics.claims.kinds.small_samples import run_firth_odds_ratio
from analytics.claims.kinds.survival import run_hazard_ratio

if TYPE_CHECKING:
    from analytics.claims.frames import ClaimFrames
    from analytics.claims.hypothesis import Component
    from analytics.claims.results import Findings

KINDS: dict[str, Callable[[Component, ClaimFrames], Findings]] = {
    "hazard_ratio": run_hazard_ratio,
    "risk_difference": run_risk_difference,
    "mean_difference": run_mean_difference,
    "odds_ratio": run_odds_ratio,
    "firth_odds_ratio": run_firth_odds_ratio,
    "ordered_odds_ratio": run_ordered_odds_ratio,
    "product_of_odds": run_product_of_odds,
    "share": run_share,
    "paired_difference": run_paired_difference,
    "paired_mean_difference": run_paired_mean_difference,
    "discrimination": run_discrimination,
}
"""Each takes a component and the frames of a snapshot."""
