"""Whether every kind of patient was seen at every level: the ground that standardisation stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.comparison.covariates import label_covariate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.comparison.comparison_rows import ComparisonRows

SPARSE = 0.01
"""Share of a stratum below which a level rests on the model there, not on patients."""
FIFTHS = 5
SMALLEST_STRATUM = 30
"""Strata with fewer rows are empty at some level by chance."""


def tabulate_overlap(rows: ComparisonRows, covariates: Sequence[str]) -> pl.DataFrame:
    """Count how the rows of each covariate's strata are spread over the levels.

    Returns
    -------
    pl.DataFrame
        One row per covariate, stratum and level: ``covariate``, ``stratum``, ``level``, ``n`` (rows of the
        stratum), ``share``. Numbers of more than five values are cut into fifths.
    """
    schema = {
        "covariate": pl.String,
        "stratum": pl.String,
        "level": pl.String,
        "n": pl.Int64,
        "share": pl.Float64,
    }
    lines: list[tuple[str, str, str, int, float]] = []
    for name in covariates:
        strata = _cut(rows.frame[name])
        for stratum in strata.unique(maintain_order=True).to_list():
            here = rows.level[(strata == stratum).to_numpy()]
            shares = np.bincount(here, minlength=len(rows.levels)) / len(here)
            lines.extend(
                zip(
                    [name] * len(shares),
                    [stratum] * len(shares),
                    rows.levels,
                    [len(here)] * len(shares),
                    shares.tolist(),
                    strict=True,
                )
            )
    return pl.DataFrame(lines, schema=schema, orient="row")


def _cut(values: pl.Series) -> pl.Series:
    """Name the stratum of each row."""
    if not values.dtype.is_numeric() or values.n_unique() <= FIFTHS:
        return values.cast(pl.String)
    fifth = (values.rank("average") / len(values) * FIFTHS).ceil().cast(pl.Int64)
    return "fifth " + fifth.cast(pl.String)


def warn_of_gaps(overlap: pl.DataFrame) -> tuple[str, ...]:
    """Warn of covariates with strata in which a level is all but absent."""
    gaps = overlap.filter((pl.col("n") >= SMALLEST_STRATUM) & (pl.col("share") < SPARSE))
    names = gaps["covariate"].unique(maintain_order=True).to_list()
    if not names:
        return ()
    words = ", ".join(label_covariate(name) for name in names)
    return (
        f"Some groups hold under {100 * SPARSE:g} % of the patients in a stratum of {words}: "
        "there the comparison rests on the model.",
    )
