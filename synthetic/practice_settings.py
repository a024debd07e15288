"""Settings of what is done at the table: who operates, and what makes complications likelier."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Modifier:
    """What multiplies the odds of one complication, in the tables of `complications.modifiers`.

    The odds are multiplied by `odds_ratio` for every `per` by which the `covariate` lies above the
    `reference` (four, by true calcification): by one there. Complications that are part of this one are
    multiplied with it.
    """

    complication: str
    covariate: str
    odds_ratio: float
    reference: tuple[float, ...]
    per: float = 1.0


@dataclass(frozen=True)
class Learning:
    """Odds of complications at an operator's first case with a device, against those of a master.

    The logarithm of the ratio halves every `halving_cases`.
    """

    first_case_odds: float
    halving_cases: float


@dataclass(frozen=True)
class OperatorModel:
    """Operators of a hospital: how many, how unlike in volume and skill, and how they learn.

    `volume_shape` is that of the gamma distribution whose draws give the shares of a hospital's procedures
    (small: one does most); `odds_log_sd` the standard deviation of the logarithm of what an operator
    multiplies the odds of complications by; `learning` goes by device column of the complication table.
    """

    per_site: int = 5
    volume_shape: float = 1000.0
    odds_log_sd: float = 0.0
    learning: dict[str, Learning] = field(default_factory=dict)
