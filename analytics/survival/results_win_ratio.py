"""What the comparison of pairs returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from analytics.survival.results import Basis


@dataclass(frozen=True, eq=False)
class WinRatio:
    """Every patient of one group set against every patient of the other, outcome after outcome.

    Parameters
    ----------
    group, reference
        Labels; a win is a pair in which the patient of ``group`` did better.
    table
        One row per outcome, the most serious first: ``outcome``; pairs decided or left at this outcome
        ``n_pairs``, ``n_win``, ``n_loss``, ``n_neutral`` (known to be equal), ``n_uninformative`` (too little
        follow-up to tell), under Peron's rule sums of probabilities; and, over this outcome and those before
        it, ``win_share``, ``loss_share``, ``win_ratio``, ``win_ratio_std_error`` (of the logarithm),
        ``win_ratio_lower``, ``win_ratio_upper``, ``win_ratio_p_value``, ``net_benefit`` (win minus loss
        share), ``net_benefit_std_error``, ``net_benefit_lower``, ``net_benefit_upper``,
        ``net_benefit_p_value``, ``win_odds``. Null where no pair was won or none lost yet. The last row is
        the answer.
    basis
        What it rests on; ``n_events`` counts patients with at least one of the events.
    """

    group: str
    reference: str
    table: pl.DataFrame
    basis: Basis
