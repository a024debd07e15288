"""One step of intake, of ours or of a peer, to be run in a process of its own: FOLDER TASK."""

# ruff: noqa: PLC0415 - each task loads only what it measures
from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.registry import Column


def read_with_polars(folder: Path) -> None:
    """Read every cell as text."""
    pl.read_csv(folder / "procedures.csv", infer_schema=False)


def read_with_duckdb(folder: Path) -> None:
    """Scan every cell as text and touch each, so that none is passed over."""
    import duckdb  # noqa: TID251 - a floor to measure against, not a way to our store

    path = str(folder / "procedures.csv")
    with duckdb.connect() as connection:
        names = pl.read_csv(path, infer_schema=False, n_rows=1).columns
        counts = ", ".join(f'count("{name}")' for name in names)
        sql = f"select {counts} from read_csv(?, all_varchar=true, delim=',', quote='\"', header=true)"  # noqa: S608
        connection.execute(sql, [path]).fetchall()


def _columns(frame: pl.DataFrame) -> list[Column]:
    """Return what the canonical schema says of the columns that the file has."""
    from schemas.registry import TABLES

    return [column for column in TABLES["procedures"].columns if column.name in frame.columns]


def _codes(column: Column) -> list[str] | list[int]:
    """Return the code list of a column, in its type."""
    return [int(code) for code in column.codes] if column.kind == "int" else list(column.codes)


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    """Give the text its types as our reader does: no peer reads dates and flags from text with polars 2."""
    from schemas.parsing import parse_text
    from schemas.registry import TABLES

    table = TABLES["procedures"]
    absent = [pl.lit(None, pl.String).alias(name) for name in table.dtypes if name not in frame.columns]
    return parse_text(frame.with_columns(*absent, at=pl.int_range(pl.len())), table).select(frame.columns)


def _text(folder: Path) -> pl.DataFrame:
    """Read the procedures as text."""
    return pl.read_csv(folder / "procedures.csv", infer_schema=False)


def validate_with_pandera(folder: Path) -> None:
    """Types by Pandera's coercion, code lists, ranges, patterns, required values and the unique key."""
    import pandera.polars as pa
    from pandera.errors import SchemaErrors

    frame = _text(folder)
    columns = {}
    for column in _columns(frame):
        dtype = {"int": pl.Int64, "float": pl.Float64, "bool": pl.Boolean, "date": pl.Date}.get(column.kind)
        checks = [pa.Check.isin(_codes(column))] if column.codes else []
        checks += [pa.Check.str_matches(column.pattern)] if column.pattern else []
        if column.hard is not None and column.kind in {"int", "float"}:
            low, high = column.hard
            checks += [] if low is None else [pa.Check.ge(low)]
            checks += [] if high is None else [pa.Check.le(high)]
        columns[column.name] = pa.Column(
            dtype or pl.String,
            checks,
            nullable=column.required != "yes",
            unique=column.name == "procedure_id",
        )
    try:
        pa.DataFrameSchema(columns, coerce=True).validate(frame, lazy=True)
    except SchemaErrors as error:
        error.failure_cases.height  # noqa: B018 - the failures are the answer


def validate_with_pointblank(folder: Path) -> None:
    """Code lists, ranges, patterns, required values and the unique key on typed columns."""
    import pointblank as pb

    frame = _typed(_text(folder))
    plan = pb.Validate(frame).rows_distinct("procedure_id")
    for column in _columns(frame):
        if column.required == "yes":
            plan = plan.col_vals_not_null(column.name)
        if column.codes:
            plan = plan.col_vals_in_set(column.name, [*_codes(column), None])
        if column.pattern:
            plan = plan.col_vals_regex(column.name, column.pattern, na_pass=True)
        if column.hard is not None and column.kind in {"int", "float"}:
            low, high = column.hard
            if low is not None:
                plan = plan.col_vals_ge(column.name, low, na_pass=True)
            if high is not None:
                plan = plan.col_vals_le(column.name, high, na_pass=True)
    plan.interrogate()


def validate_with_dataframely(folder: Path) -> None:
    """Code lists, ranges, patterns, required values and the primary key on typed columns."""
    import dataframely as dy

    frame = _typed(_text(folder))
    makers = {"int": dy.Int64, "float": dy.Float64, "bool": dy.Bool, "date": dy.Date}
    columns = {}
    for column in _columns(frame):
        is_key = column.name == "procedure_id"
        facts = {"nullable": column.required != "yes" and not is_key, "primary_key": is_key}
        if column.kind in {"int", "float"} and column.hard is not None:
            facts |= {"min": column.hard[0], "max": column.hard[1]}
        if column.kind in makers:
            columns[column.name] = makers[column.kind](**facts)
        elif column.codes:
            columns[column.name] = dy.String(**facts, check=_is_code(column.codes))
        else:
            columns[column.name] = dy.String(**facts, regex=column.pattern)
    schema = type("Procedures", (dy.Schema,), columns)
    _, failures = schema.filter(frame)
    failures.counts()


def _is_code(codes: tuple[str, ...]) -> Callable[[pl.Expr], pl.Expr]:
    """Return the check of a code list."""
    return lambda cells: cells.is_in(codes)


TASKS: dict[str, Callable[[Path], None]] = {
    "polars": read_with_polars,
    "duckdb": read_with_duckdb,
    "pandera": validate_with_pandera,
    "pointblank": validate_with_pointblank,
    "dataframely": validate_with_dataframely,
}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    TASKS[sys.argv[2]](Path(sys.argv[1]))
