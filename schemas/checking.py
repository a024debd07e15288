"""Run a Pandera schema and bring home the failing cells, without a single cell value.

Pandera judges every cell that is reported. It is not asked about rows and columns in which the same checks,
each as one polars expression, find nothing: asking costs a millisecond for each check and table, and a copy.
"""

from __future__ import annotations

import warnings

import pandera.polars as pa
import polars as pl
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaErrors

from schemas.check_expressions import failing_expression, looks_beyond_row

MISSING = "C05"
CELL_SCHEMA: dict[str, type[pl.DataType]] = {"at": pl.Int64, "column": pl.String, "rule_id": pl.String}
"""A failing cell: number of its row, its column, and the rule it breaks."""


class CheckProgramError(RuntimeError):
    """A check could not run: a bug in a rule or in a type, never a fault of the data."""


def failing_cells(
    schema: pa.DataFrameSchema, frame: pl.DataFrame, *, among: pl.Series | None = None
) -> pl.DataFrame:
    """Return the cells that break a schema, columns of `CELL_SCHEMA`.

    Parameters
    ----------
    schema
        Schema whose checks carry rule ids as their ``error``.
    frame
        Typed rows and ``at``, the number of each row.
    among
        Numbers of the rows that can fail, where they are known.

    Raises
    ------
    CheckProgramError
        A check raised, or a column has not the type of the schema.
    """
    if frame.is_empty() or not schema.columns:
        return pl.DataFrame(schema=CELL_SCHEMA)
    if not _has_form(schema, frame):
        return judged_cells(schema, frame)
    rows = frame if among is None else frame.filter(pl.col("at").is_in(among.implode()))
    wide = [name for name, column in schema.columns.items() if looks_beyond_row(column)]
    narrow = [name for name in schema.columns if name not in wide]
    found = pl.concat([_cells_of(schema, rows, narrow), _cells_of(schema, frame, wide, of_rows=False)])
    order = {name: place for place, name in enumerate(schema.columns)}
    return found.sort(pl.col("column").replace_strict(order, return_dtype=pl.Int64), maintain_order=True)


def _cells_of(
    schema: pa.DataFrameSchema, frame: pl.DataFrame, names: list[str], *, of_rows: bool = True
) -> pl.DataFrame:
    """Ask Pandera about those of some columns, and about those rows, in which anything fails."""
    fails = {name: failing_expression(schema.columns[name]) for name in names}
    if frame.is_empty() or not fails:
        return pl.DataFrame(schema=CELL_SCHEMA)
    found = frame.select(expression.any().alias(name) for name, expression in fails.items())
    broken = [name for name, is_broken in found.row(0, named=True).items() if is_broken]
    if not broken:
        return pl.DataFrame(schema=CELL_SCHEMA)
    part = pa.DataFrameSchema({name: schema.columns[name] for name in broken}, name=schema.name)
    rows = frame.filter(pl.any_horizontal(fails[name] for name in broken)) if of_rows else frame
    return judged_cells(part, rows)


def broken_rows(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> pl.Series:
    """Return the numbers of the rows that break a schema; of all of them where its form is not right."""
    if frame.is_empty() or not schema.columns:
        return frame["at"].clear()
    if not _has_form(schema, frame):
        return frame["at"]
    fails = pl.any_horizontal(failing_expression(column) for column in schema.columns.values())
    return frame.select("at", fails=fails).filter("fails")["at"]


def judged_cells(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> pl.DataFrame:
    """Return what `failing_cells` returns by the word of Pandera on every row and column."""
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


def _has_form(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> bool:
    """Return whether a frame has the columns of a schema, in the types it says."""
    found = {name: dtype for name, dtype in frame.schema.items() if name != "at"}
    if schema.strict and set(found) != set(schema.columns):
        return False
    return all(
        name in found and column.dtype is not None and found[name] == column.dtype.type
        for name, column in schema.columns.items()
    )


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
