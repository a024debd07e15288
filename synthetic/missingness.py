"""Values that the hospitals did not send: completely at random per column, unless a rule says who else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from synthetic.streams import scale_odds

if TYPE_CHECKING:
    from synthetic.settings import Missingness, MissingnessRule
    from synthetic.streams import Bools, Floats


def hide_values(
    tables: dict[str, pl.DataFrame], model: Missingness, rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    """Replace cells by 'unknown' or by nothing, as the scenario says.

    Parameters
    ----------
    tables
        Complete canonical tables by name.
    model
        Shares by column; a column that several tables share is hidden in each.
    rng
        Stream of the stage.
    """
    hidden = {}
    for name, table in tables.items():
        changes = []
        for column in table.columns:
            share = model.codes.get(column, model.cells.get(column))
            if share is None:
                continue
            gone = pl.lit(pl.Series(rng.random(len(table)) < _shares(table, column, share, model)))
            filler = pl.lit("unknown" if column in model.codes else None, dtype=table.schema[column])
            changes.append(
                pl.when(gone & pl.col(column).is_not_null())
                .then(filler)
                .otherwise(pl.col(column))
                .alias(column)
            )
        hidden[name] = table.with_columns(changes)
    return hidden


def _shares(table: pl.DataFrame, column: str, share: float, model: Missingness) -> Floats:
    """Return the chance that each cell of a column is hidden."""
    odds = np.ones(len(table))
    for rule in model.rules:
        if rule.column == column and rule.driver in table.columns:
            odds *= np.where(_applies(table[rule.driver], rule), rule.odds, 1.0)
    return scale_odds(np.full(len(table), share), odds)


def _applies(driver: pl.Series, rule: MissingnessRule) -> Bools:
    """Return the rows that a rule is about; a row without the driver is not one."""
    if rule.equals:
        return driver.cast(pl.String).is_in(list(rule.equals)).fill_null(value=False).to_numpy()
    number = driver.cast(pl.Float64)
    return ((number >= rule.at_least) & (number < rule.below)).fill_null(value=False).to_numpy()
