"""Laws of counts of rows: SQL, Parquet and frame agree, and the parts add up to the whole."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.store.batches import count_entries, count_rows
from analytics.survival.event_counts import EventCounts, count_events, merge

STRATA = ("device", "grade")
# Quarters add up exactly in any order.
person = st.tuples(
    st.sampled_from(["ivl", "nc", None]),
    st.integers(0, 2),
    st.one_of(st.none(), st.integers(0, 3)),
    st.integers(1, 4),
    st.integers(0, 3),
    st.integers(0, 12).map(lambda quarters: quarters / 4),
)
people = st.lists(person, min_size=1, max_size=40)
choices = st.tuples(st.booleans(), st.booleans())


def frame_of(drawn: list[tuple[object, ...]]) -> pl.DataFrame:
    schema = {
        "device": pl.String,
        "grade": pl.Int8,
        "entry": pl.Int64,
        "stay": pl.Int64,
        "cause": pl.Int64,
        "w": pl.Float64,
    }
    frame = pl.DataFrame(drawn, schema=schema, orient="row")
    return frame.with_columns(time_days=pl.col("entry").fill_null(0) + pl.col("stay")).drop("stay")


def options_of(choice: tuple[bool, bool]) -> dict[str, str]:
    names = (("weight", "w"), ("entry", "entry"))
    return {key: column for wanted, (key, column) in zip(choice, names, strict=True) if wanted}


def counted_from(path: Path, options: dict[str, str]) -> EventCounts:
    weight = options.get("weight")
    cells = count_rows(path, strata=STRATA, table="people", weight=weight)
    if "entry" not in options:
        return EventCounts.from_counts(cells)
    late = count_entries(path, entry=options["entry"], strata=STRATA, table="people", weight=weight)
    return EventCounts.from_counts(cells, entries=late)


def is_same(first: EventCounts, second: EventCounts) -> bool:
    if not (first.frame.equals(second.frame) and first.frame.schema == second.frame.schema):
        return False
    if first.entries is None or second.entries is None:
        return first.entries is second.entries
    return first.entries.equals(second.entries)


@settings(deadline=None, max_examples=40)
@given(people, choices)
def test_sql_and_parquet_count_as_the_frame_does(
    drawn: list[tuple[object, ...]], choice: tuple[bool, bool]
) -> None:
    frame, options = frame_of(drawn), options_of(choice)
    expected = count_events(frame, strata=STRATA, **options)
    with tempfile.TemporaryDirectory() as folder:
        frame.write_parquet(Path(folder) / "people.parquet")
        with duckdb.connect(Path(folder) / "people.duckdb") as connection:
            connection.register("frame", frame)
            connection.execute("create table people as select * from frame").fetchall()
        for name in ("people.parquet", "people.duckdb"):
            assert is_same(counted_from(Path(folder) / name, options), expected)
    assert expected.frame["n"].sum() == frame.height


@settings(deadline=None, max_examples=60)
@given(people, choices, st.data())
def test_the_parts_of_any_split_add_up_to_the_whole(
    drawn: list[tuple[object, ...]], choice: tuple[bool, bool], data: st.DataObject
) -> None:
    frame, options = frame_of(drawn), options_of(choice)
    sides = data.draw(st.lists(st.booleans(), min_size=frame.height, max_size=frame.height))
    side = pl.Series(sides, dtype=pl.Boolean)
    first, second = (
        count_events(part, strata=STRATA, **options) for part in (frame.filter(side), frame.filter(~side))
    )
    assert is_same(merge(first, second), count_events(frame, strata=STRATA, **options))
