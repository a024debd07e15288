"""Run a Pandera schema and bring home the failing cells, without a single cell value."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import polars as pl
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaErrors

if TYPE_CHECKING:
    import pandera.polars as pa

MISSING = "C05"
CELL_SCHEMA: dict[str, type[pl.DataType]] = {"at": pl.Int64, "column": pl.String, "rule_id": pl.String}
"""A failing cell: number of its row, its column, and the rule it breaks."""


class CheckProgramError(RuntimeError):
    """A check could not run: a bug in a rule or in a type, never a fault of the data."""


def failing_cells(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the cells that break a schema, columns of `CELL_SCHEMA`.

    Parameters
    ----------
    schema
        Schema whose checks carry rule ids as their ``error``.
    frame
        Typed rows and ``at``, the number of each row.

    Raises
    ------
    CheckProgramError
        A check raised, or a column has not the type of the schema.
    """
    if frame.is_empty():
        return pl.DataFrame(schema=CELL_SCHEMA)
    failures = _failures(schema, frame.drop("at"))
    broken = failures.filter(pl.col("index").is_null())
    # Raised out here, where no exception with cell values is being handled and could ride along.
    if not broken.is_empty():
        names = ", ".join(sorted({f"{column} {check}" for column, check, _ in broken.iter_rows()}))
        message = f"{schema.name}: checks that could not run: {names}"
        raise CheckProgramError(message)
    rule_id = pl.when(pl.col("check") == "not_nullable").then(pl.lit(MISSING)).otherwise(pl.col("check"))
    at = frame["at"].gather(failures["index"])
    cells = failures.select(at, "column", rule_id.alias("rule_id"))
    return cells.cast(CELL_SCHEMA)  # type: ignore[arg-type]  # polars types the mapping as invariant


def _failures(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> pl.DataFrame:
    """Return column, check and row index of each failure; the values and Pandera's own words stay behind."""
    failures = pl.DataFrame(schema={"column": pl.String, "check": pl.String, "index": pl.Int64})
    # The environment can switch Pandera off or down to types; here it always checks everything.
    with (
        config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            schema.validate(frame, lazy=True)
        except SchemaErrors as error:
            failures = error.failure_cases
    return failures.select("column", "check", pl.col("index").cast(pl.Int64))
