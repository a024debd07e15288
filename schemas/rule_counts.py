"""How many cells or rows each rule could be held against: the denominators of the rule results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.rules.catalogue import CROSS_CHECKS, ROW_CHECKS
from schemas.table_state import ABSENCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.registry import Column, Table
    from schemas.rules.rule import RowCheck
    from schemas.table_state import TableState

_MAPPED = ("C07", "C08", "C14", "C15", "C16", "C17")
"""Rules that only a mapping can hold a row against."""

_CELL_RULES = ("C01", "C02", "C03", "C04", "C10", "C12", "C13")
_N = "n_checked"


def checked_counts(
    states: Mapping[str, TableState], sites: Mapping[str, pl.Series], *, is_mapped: bool
) -> pl.DataFrame:
    """Return ``n_checked`` by ``site_id`` and ``rule_id``.

    Parameters
    ----------
    states
        Tables after all checks.
    sites
        Site of every row, by table.
    is_mapped
        Whether a mapping made the tables; its rules apply to no row otherwise.
    """
    filled: dict[str, pl.DataFrame] = {}
    parts = [pl.DataFrame(schema={"site_id": pl.String, "rule_id": pl.String, _N: pl.Int64})]
    for name, state in states.items():
        wide = _count_table(state, sites[name])
        filled |= {f"{name}.{column}": _named(wide, column) for column in state.table.by_name}
        parts += _of_cells(state.table, wide, is_mapped=is_mapped)
        parts += [
            wide.select("site_id", rule_id=pl.lit(check.rule_id), n_checked=pl.col(f"check {number}"))
            for number, check in enumerate(_row_checks(state.table))
        ]
    parts += _of_cross_checks(filled, sites)
    counts = pl.concat([part.cast({_N: pl.Int64}) for part in parts])
    return counts.drop_nulls("site_id").group_by("site_id", "rule_id").agg(pl.col(_N).sum())


def _row_checks(table: Table) -> list[RowCheck]:
    """Return the checks of one row in a table."""
    return [check for check in ROW_CHECKS if check.table == table.name]


def _count_table(state: TableState, site: pl.Series) -> pl.DataFrame:
    """Count rows, filled cells and applicable rows by site, in one pass."""
    checks = {
        f"check {number}": _applies(check).sum() for number, check in enumerate(_row_checks(state.table))
    }
    filled = [pl.col(column).count() for column in state.table.by_name if column != "site_id"]
    sums = [pl.len().alias("rows"), *filled, *(expr.alias(name) for name, expr in checks.items())]
    parts = [
        frame.with_columns(site.gather(frame["at"]).alias("site of row"))
        .group_by(pl.col("site of row").alias("site_of"))
        .agg(sums)
        for frame in (state.accepted(), state.rejected())
    ]
    counted = pl.concat(parts).group_by("site_of").sum()
    if "site_id" in state.table.by_name:
        counted = counted.with_columns(site_id=pl.col("rows"))
    return counted.rename({"site_id": "count of site_id"}, strict=False).rename({"site_of": "site_id"})


def _applies(check: RowCheck) -> pl.Expr:
    """Return whether a row has what a check looks at."""
    if check.applies is not None:
        return check.applies.fill_null(value=False)
    others = sorted(set(check.passes.meta.root_names()) - {check.column})
    applies = pl.col(check.column).is_not_null()
    return applies & pl.any_horizontal(pl.col(name).is_not_null() for name in others) if others else applies


def _named(wide: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return the filled cells of a column by site."""
    name = "count of site_id" if column == "site_id" else column
    return wide.select("site_id", pl.col(name).alias(_N))


def _of_cells(table: Table, wide: pl.DataFrame, *, is_mapped: bool) -> list[pl.DataFrame]:
    """Count the cells of the rules that hang on a column's definition."""
    columns = {
        rule_id: [column.name for column in table.columns if _is_subject(rule_id, column)]
        for rule_id in _CELL_RULES
    }
    columns["K02"] = [reference.column for reference in table.references]
    parts = [
        _named(wide, name).with_columns(rule_id=pl.lit(rule_id)).select("site_id", "rule_id", _N)
        for rule_id, names in columns.items()
        for name in names
    ]
    by_row = ["K01", *(["K14"] if table.references else []), *(_MAPPED if is_mapped else ())]
    required = sum(column.required == "yes" for column in table.columns)
    counts = {rule_id: pl.col("rows") for rule_id in by_row} | {"C05": pl.col("rows") * required}
    return parts + [
        wide.select("site_id", rule_id=pl.lit(rule_id), n_checked=n) for rule_id, n in counts.items()
    ]


def _is_subject(rule_id: str, column: Column) -> bool:
    """Whether the filled cells of a column are held against a rule about cells."""
    return {
        "C01": column.kind not in {"string", "enum"},
        "C02": bool(column.codes),
        "C03": column.hard is not None,
        "C04": column.warn is not None,
        "C10": column.kind == "float",
        "C12": column.name == "event_date",
        "C13": column.pattern is not None,
    }[rule_id]


def _of_cross_checks(
    filled: Mapping[str, pl.DataFrame], sites: Mapping[str, pl.Series]
) -> list[pl.DataFrame]:
    """Count the rows that checks across rows look at; none where a site sends nothing that they need."""
    parts = []
    for check in CROSS_CHECKS:
        counts = filled[f"{check.table}.{check.column}"]
        if check.rule_id in ABSENCES:
            counts = sites[check.table].to_frame("site_id").group_by("site_id").len(_N)
        for need in check.needs:
            sent = filled[need].filter(pl.col(_N) > 0)
            counts = counts.join(sent, on="site_id", how="semi")
        parts.append(
            counts.select("site_id", pl.lit(check.rule_id).alias("rule_id"), pl.col(_N).cast(pl.Int64))
        )
    return parts
