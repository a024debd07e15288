"""Keys that must be unique (rule K01) and references that must lead somewhere (rule K02)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.table_state import TableState, with_level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.registry import Reference

NO_KEYS = pl.Series(dtype=pl.String)


def check_keys(state: TableState, states: Mapping[str, TableState], known: pl.Series) -> None:
    """Reject rows whose primary key an earlier accepted row or the store already has.

    Parameters
    ----------
    state, states
        Table to check, and all tables: where a record of the file came twice, its first table says so and the
        others count as its cascade.
    known
        Keys of this table in the store. They do not count for sites and patients, which every submission
        describes anew.
    """
    if state.is_empty:
        return
    key = state.table.primary_key
    taken = NO_KEYS if state.table.is_shared else known
    keys = state.accepted()[key]
    # As many hashes as keys: no key comes twice.
    is_unique = keys.hash(seed=0).n_unique() == len(keys)
    repeated = pl.lit(value=False) if is_unique else ~pl.col(key).is_first_distinct()
    if not taken.is_empty():
        repeated |= pl.col(key).is_in(taken.implode())
    rows = state.accepted().select("at", key).filter(repeated)
    cells = rows.select("at", column=pl.lit(key), rule_id=pl.lit("K01"))
    said = pl.concat([_repeated_records(other) for other in states.values()])
    parts = cells.join(state.origin, on="at").join(said, on=["file", "record"], how="semi").sort("at")
    state.reject(parts, is_cascade=True)
    state.note(with_level(parts.select("at", "column", rule_id=pl.lit("K14"))))
    state.apply(with_level(cells.join(parts, on="at", how="anti", maintain_order="left")))


def _repeated_records(state: TableState) -> pl.DataFrame:
    """Return ``file`` and ``record`` of the rows that were rejected because their key came before."""
    repeats = state.rejections.filter((pl.col("rule_id") == "K01") & ~pl.col("is_cascade"))
    return state.origin.join(repeats, on="at", how="semi").select("file", "record")


def let_parts_of_repeats_fall(state: TableState, states: Mapping[str, TableState]) -> None:
    """Reject rows made of the same record of a file as a rejected parent that came twice (a cascade).

    Their parent's key lives on in the row that was kept, so that they would be said to repeat it one by one.
    """
    place = ["file", "record", "key"]
    for reference in () if state.is_empty else state.table.references:
        parent = states[reference.table]
        repeats = parent.rejections.filter(pl.col("rule_id") == "K01").select("at", "rule_id")
        if repeats.is_empty() or state.table.by_name[reference.column].required != "yes":
            continue
        keys = (
            parent.rows.as_sent(reference.target)
            .rename({reference.target: "key"})
            .join(parent.origin, on="at")
        )
        kept = keys.join(parent.accepted().select("at"), on="at", how="semi").select(place)
        lost = keys.join(repeats, on="at").join(kept, on=place, how="anti").unique(place)
        own = (
            state.rows.as_sent(reference.column).rename({reference.column: "key"}).join(state.origin, on="at")
        )
        parts = own.join(lost.select(*place, "rule_id"), on=place, how="inner").sort("at")
        parts = parts.join(state.accepted().select("at"), on="at", how="semi", maintain_order="left")
        state.reject(parts, is_cascade=True)
        state.note(with_level(parts.select("at", column=pl.lit(reference.column), rule_id=pl.lit("K14"))))


def refused_tables(prior: pl.DataFrame, states: Mapping[str, TableState]) -> dict[str, str]:
    """Return the tables of which nothing came, because their own file was refused, with the rule."""
    stem = pl.col("file").str.replace(r"\.gz$", "").str.replace(r"\.csv$", "")
    found = prior.filter(pl.col("level") == "FILE").select(stem, "rule_id").drop_nulls()
    rules = dict(found.reverse().iter_rows())
    return {name: rule for name, rule in rules.items() if name in states and states[name].is_empty}


def let_children_of_refused_fall(
    state: TableState, refused: Mapping[str, str], known: Mapping[str, pl.Series]
) -> None:
    """Let rows fall, or lose their link, whose parents stood in a refused file: one fault, told once."""
    for reference in () if state.is_empty else state.table.references:
        rule_id = refused.get(reference.table)
        rows = state.accepted().select("at", reference.column).drop_nulls()
        rows = rows.filter(~pl.col(reference.column).is_in(known.get(reference.table, NO_KEYS).implode()))
        if rule_id is None or rows.is_empty():
            continue
        cells = rows.select("at", column=pl.lit(reference.column), rule_id=pl.lit("K14"))
        if state.table.by_name[reference.column].required == "yes":
            state.reject(rows.select("at", rule_id=pl.lit(rule_id)), is_cascade=True)
        else:
            state.empty(cells)
        state.note(with_level(cells))


def check_references(
    state: TableState,
    states: Mapping[str, TableState],
    known: Mapping[str, pl.Series],
    *,
    again: bool = False,
) -> bool:
    """Follow the references of a table, and return whether a row was rejected.

    A row whose required parent was rejected falls with it and inherits its cause (a cascade, counted under
    rule K14); a row whose required parent was never sent is rejected under rule K02. An optional reference
    that leads nowhere is emptied, because the row says something without it. Where they were followed before
    (``again``), only what leads to a row that was rejected can lead nowhere now.
    """
    before = state.rejections.height
    references = () if state.accepted().is_empty() else state.table.references
    for reference in references:
        parent = states[reference.table]
        rows = state.accepted().select("at", reference.column).drop_nulls()
        if again:
            gone = parent.rejected()[reference.target].implode()
            rows = rows.filter(pl.col(reference.column).is_in(gone))
        found = pl.concat([parent.accepted()[reference.target], known.get(reference.table, NO_KEYS)])
        found = found if rows.height else found.clear()
        lost = rows.filter(~pl.col(reference.column).is_in(found.implode()))
        if not lost.is_empty():
            _act_on_lost(state, lost, reference, parent)
    return state.rejections.height > before


def _act_on_lost(state: TableState, lost: pl.DataFrame, reference: Reference, parent: TableState) -> None:
    """Tell children of rejected rows, which fall or lose their link, from references to nothing."""
    is_required = state.table.by_name[reference.column].required == "yes"
    cells = lost.select("at", column=pl.lit(reference.column), rule_id=pl.lit("K02"))
    orphans = lost.join(_rejected_keys(parent, reference), on=reference.column, how="inner")
    orphans = pl.concat([orphans, _of_broken_parents(lost, orphans, parent, reference)])
    is_orphan = pl.col("at").is_in(orphans["at"].implode())
    if is_required:
        state.reject(orphans.select("at", "rule_id"), is_cascade=True)
    else:
        state.empty(cells.filter(is_orphan))
    state.note(with_level(cells.filter(is_orphan).with_columns(rule_id=pl.lit("K14"))))
    state.apply(with_level(cells.filter(~is_orphan), "ROW" if is_required else "NULL"))


def _rejected_keys(parent: TableState, reference: Reference) -> pl.DataFrame:
    """Return the keys of rejected parents, under the child's column name, each with its first cause."""
    rows = parent.rejections.join(parent.rows.as_sent(reference.target), on="at", how="left")
    keys = rows.select(pl.col(reference.target).alias(reference.column), "rule_id")
    return keys.drop_nulls().unique(reference.column, keep="first", maintain_order=True)


def excuse_children_of_broken_keys(state: TableState, states: Mapping[str, TableState]) -> None:
    """Let rows fall whose reference repeats the malformed key of a rejected parent (a cascade).

    The fault is the parent's; the same text in the child is not said again.
    """
    for reference in () if state.is_empty else state.table.references:
        broken = _broken_keys(states[reference.table], reference).drop_nulls(reference.column)
        is_required = state.table.by_name[reference.column].required == "yes"
        if broken.is_empty() or not is_required:
            continue
        keys = broken.unique(reference.column, keep="first", maintain_order=True)
        parts = state.rows.as_sent(reference.column).join(keys, on=reference.column, how="inner")
        cells = parts.sort("at").with_columns(column=pl.lit(reference.column))
        state.excuse(cells)
        state.reject(cells.select("at", "rule_id"), is_cascade=True)
        state.note(with_level(cells.select("at", "column", rule_id=pl.lit("K14"))))


def _broken_keys(parent: TableState, reference: Reference) -> pl.DataFrame:
    """Return the keys of rejected parents that are empty or malformed, each with the cause of its row."""
    pattern = parent.table.by_name[reference.target].pattern
    is_broken = pl.col(reference.target).is_null()
    if pattern is not None:
        is_broken |= ~pl.col(reference.target).str.contains(pattern)
    rows = parent.rejections.filter(~pl.col("is_cascade"))
    keys = rows.join(parent.rows.as_sent(reference.target), on="at", how="left").filter(is_broken)
    return keys.select(pl.col(reference.target).alias(reference.column), "rule_id")


def _of_broken_parents(
    lost: pl.DataFrame, orphans: pl.DataFrame, parent: TableState, reference: Reference
) -> pl.DataFrame:
    """Return the children, in the form of ``orphans``, of parents whose own key is broken.

    A key that differs from a broken one in signs and capitals only is its child's. Of the others, no more
    keys may be missing than parents have none: otherwise one of them was never sent, and each is said.
    """
    name = reference.column
    broken = _broken_keys(parent, reference)
    rest = lost.join(orphans, on="at", how="anti", maintain_order="left")
    if broken.is_empty() or rest.is_empty():
        return orphans.clear()
    plain = pl.col(name).str.replace_all("[^A-Za-z0-9]", "").str.to_lowercase().alias("plain")
    known = broken.with_columns(plain).drop_nulls("plain").unique("plain", keep="first", maintain_order=True)
    alike = rest.with_columns(plain).join(known.select("plain", "rule_id"), on="plain", how="inner")
    rest = rest.join(alike, on="at", how="anti", maintain_order="left")
    nameless = broken.with_columns(plain).join(alike, on="plain", how="anti")
    is_told = rest[name].n_unique() > nameless.height
    if is_told or nameless.is_empty():
        rest = rest.clear()
    cause = nameless["rule_id"].head(1).to_list() or [None]
    others = rest.with_columns(rule_id=pl.lit(cause[0], pl.String))
    return pl.concat([alike.select(orphans.columns), others.select(orphans.columns)])
