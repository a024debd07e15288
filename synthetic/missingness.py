"""Values that the hospitals did not send: completely at random, per column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import numpy as np

    from synthetic.settings import Missingness


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
            gone = pl.lit(pl.Series(rng.random(len(table)) < share))
            filler = pl.lit("unknown" if column in model.codes else None, dtype=table.schema[column])
            changes.append(
                pl.when(gone & pl.col(column).is_not_null())
                .then(filler)
                .otherwise(pl.col(column))
                .alias(column)
            )
        hidden[name] = table.with_columns(changes)
    return hidden
