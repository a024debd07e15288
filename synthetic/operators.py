"""Operators: how a hospital's procedures fall to them, how skilled they are, and how they learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from synthetic.codes import COLUMNS_OF_STRATEGY, COMPLICATION_COLUMNS
from synthetic.elementary import exp, log, power
from synthetic.streams import draw_category

if TYPE_CHECKING:
    from collections.abc import Iterator

    from synthetic.practice_settings import OperatorModel
    from synthetic.scenario import Scenario
    from synthetic.streams import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class Operators:
    """Operators of all hospitals: one row per hospital, one column per operator, the busiest first.

    Parameters
    ----------
    share
        Of the hospital's procedures; each row sums to 1.
    odds
        What each multiplies the odds of complications by. Weighted by their shares they average 1 in each
        hospital, so that operators make no hospital better or worse than the scenario says.
    """

    share: Floats
    odds: Floats


def draw_operators(scenario: Scenario, rng: np.random.Generator) -> Operators:
    """Draw the operators of each hospital; with the same stream they are the same in every block."""
    model = scenario.operators
    shape = (len(scenario.sites), model.per_site)
    volume = np.sort(rng.standard_gamma(model.volume_shape, shape), axis=1)[:, ::-1]
    # Gamma draws end in the mathematics of the system: nine decimals are the same everywhere.
    share = np.round(volume / volume.sum(axis=1, keepdims=True), 9)
    odds = exp(model.odds_log_sd * rng.standard_normal(shape))
    return Operators(share=share, odds=odds / (share * odds).sum(axis=1, keepdims=True))


def draw_operator_of_visits(operators: Operators, site: Ints, rng: np.random.Generator) -> Ints:
    """Draw who treats each visit: number of the operator in the hospital, from 0."""
    return draw_category(rng, operators.share[site])


def learning_odds(model: OperatorModel, *, strategy: Ints, site: Ints, operator: Ints, day: Ints) -> Floats:
    """Return what an operator's inexperience multiplies the odds of complications by, one value per visit.

    An operator's cases are the earlier visits whose leading lesion was treated with the device; on one day
    they count in the order of the rows. Where two devices are used, the less familiar one counts.

    Parameters
    ----------
    model
        Learning curves by device.
    strategy, site, operator, day
        One value per visit.
    """
    odds = np.ones(len(strategy))
    person = site * model.per_site + operator
    for device, curve in model.learning.items():
        column = COMPLICATION_COLUMNS.index(device)
        rows = np.flatnonzero(_uses(strategy, column))
        earlier = _earlier_cases(person[rows], day[rows])
        excess = log(curve.first_case_odds) * power(0.5, earlier / curve.halving_cases)
        odds[rows] = np.maximum(odds[rows], exp(excess))
    return odds


def _uses(strategy: Ints, column: int) -> Bools:
    """Return whether each strategy uses a device of the complication table."""
    return np.array([column in columns for columns in COLUMNS_OF_STRATEGY])[strategy]


def _earlier_cases(person: Ints, day: Ints) -> Ints:
    """Count the cases of the same operator before each case."""
    cases = pl.DataFrame({"person": person, "day": day}).with_row_index("row")
    numbered = cases.sort("person", "day", "row").with_columns(earlier=pl.int_range(pl.len()).over("person"))
    return numbered.sort("row")["earlier"].to_numpy()


def operator_problems(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield numbers of operators that cannot be, and curves of devices that do not exist."""
    model = scenario.operators
    if model.per_site < 1 or model.volume_shape <= 0 or model.odds_log_sd < 0:
        yield "operators", "needs per_site of 1 or more, volume_shape above 0, odds_log_sd of 0 or more"
    for device, curve in model.learning.items():
        where = f"operators.learning.{device}"
        if device not in COMPLICATION_COLUMNS:
            yield where, f"unknown device, not one of {', '.join(COMPLICATION_COLUMNS)}"
        if curve.first_case_odds < 1 or curve.halving_cases <= 0:
            yield where, "needs first_case_odds of 1 or more and halving_cases above 0"
