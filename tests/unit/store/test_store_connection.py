"""Opening: safe settings, and one clear line when it cannot be done."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest

from analytics.errors import StoreError
from analytics.store.connection import open_for_loading, open_snapshot
from analytics.store.engine import explain_database_error, fetch_frame, run, transaction
from analytics.store.migrations import STEPS, read_canonical_columns
from schemas.registry import TABLES

if TYPE_CHECKING:
    from pathlib import Path


def test_new_store_has_the_canonical_tables_of_the_schemas(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with open_for_loading(path) as connection:
        for name, table in TABLES.items():
            expected = {"submission_id": pl.String, "source_row": pl.Int64, **table.dtypes}
            columns = ", ".join(f'"{column}"' for column in expected)
            assert dict(fetch_frame(connection, f"select {columns} from {name}").schema) == expected  # noqa: S608


def test_opening_again_changes_nothing(store: Path) -> None:
    with open_for_loading(store) as connection:
        assert run(connection, "select version from schema_version") == [
            (number + 1,) for number in range(len(STEPS))
        ]
        assert run(connection, "select count(*) from patients") == [(3,)]


def test_column_that_came_later_is_added_to_an_old_store(store: Path) -> None:
    with open_for_loading(store) as connection:
        run(connection, "alter table lesions drop column stent_count")
    with open_for_loading(store) as connection:
        assert run(connection, "select count(*), count(stent_count) from lesions") == [(4, 0)]


def test_column_of_another_type_is_refused(store: Path) -> None:
    with open_for_loading(store) as connection:
        run(connection, "alter table lesions alter column lesion_number type varchar")
    with pytest.raises(StoreError, match=r"another type .*lesions\.lesion_number"), open_for_loading(store):
        pass


def test_store_of_a_newer_program_is_refused(store: Path) -> None:
    with open_for_loading(store) as connection:
        run(connection, "insert into schema_version (version) values (99)")
    with (
        pytest.raises(StoreError, match=r"made by a newer calcpci \(store version 99"),
        open_for_loading(store),
    ):
        pass


def test_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    duckdb.connect(path).execute("create table orders (n int)").fetchall()
    with pytest.raises(StoreError, match="a database of another program"), open_for_loading(path):
        pass


def test_snapshot_is_never_loaded_into(snapshot: Path) -> None:
    with pytest.raises(StoreError, match="a published snapshot, not a store"), open_for_loading(snapshot):
        pass


@pytest.mark.parametrize(
    "statement",
    [
        "create table intruder (n int)",
        "delete from patients",
        "select count(*) from read_csv('/etc/passwd')",
        "attach '/tmp/other.duckdb'",
        "copy patients to '/tmp/out.csv'",
        "install httpfs",
        "set enable_external_access = true",
    ],
)
def test_reader_can_neither_write_nor_reach_other_files(store: Path, statement: str) -> None:
    with pytest.raises(StoreError) as caught, open_snapshot(store) as connection:
        run(connection, statement)
    assert "passwd" not in str(caught.value)


def test_python_frames_are_no_tables_to_a_reader(store: Path) -> None:
    hidden = pl.DataFrame({"n": [1]})
    with pytest.raises(StoreError), open_snapshot(store) as connection:
        run(connection, "select n from hidden")
    assert hidden.height == 1


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"procedure_id,date\n" * 900, "not a DuckDB database"),
        (b"", "not a DuckDB database"),
        (None, "damaged"),
    ],
)
@pytest.mark.parametrize("opened", [open_snapshot, open_for_loading])
def test_file_that_is_no_database_is_named_as_such(
    store: Path, content: bytes | None, what: str, opened: type
) -> None:
    store.write_bytes(store.read_bytes()[:9000] if content is None else content)
    with pytest.raises(StoreError, match=what), opened(store):
        pass


def test_missing_database_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such database"), open_snapshot(tmp_path / "a.duckdb"):
        pass
    with pytest.raises(StoreError, match="no such folder"), open_for_loading(tmp_path / "b" / "a.duckdb"):
        pass
    with pytest.raises(StoreError, match="a folder, not a database"), open_snapshot(tmp_path):
        pass


def test_store_in_use_by_this_program_says_so(store: Path) -> None:
    with (
        open_for_loading(store),
        pytest.raises(StoreError, match="in use by this program"),
        open_snapshot(store),
    ):
        pass


HOLDER = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@pytest.mark.parametrize("opened", [open_snapshot, open_for_loading])
def test_store_in_use_by_another_process_says_so(store: Path, opened: type) -> None:
    command = [sys.executable, "-c", HOLDER, os.fspath(store)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreError, match="in use by another process"), opened(store):
            pass
        holder.kill()


def test_newer_file_format_says_so(tmp_path: Path) -> None:
    error = duckdb.IOException(
        "Trying to read a database file with version number 99, but we can only read 64-67"
    )
    assert "written by a newer DuckDB" in str(explain_database_error(tmp_path / "a.duckdb", error))


def test_text_of_an_unknown_error_is_not_repeated(tmp_path: Path) -> None:
    error = duckdb.ConversionException("Could not convert string 'Mrs Smith' to INT32")
    explained = explain_database_error(tmp_path / "a.duckdb", error)
    assert "Smith" not in str(explained)
    assert explained.exit_code == 13


def test_failed_transaction_is_rolled_back(store: Path) -> None:
    def _fail() -> None:
        with open_for_loading(store) as connection, transaction(connection):
            run(connection, "delete from patients")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _fail()
    with open_snapshot(store) as connection:
        assert run(connection, "select count(*) from patients") == [(3,)]


def test_loader_columns_stand_first_in_every_table() -> None:
    columns = read_canonical_columns()
    first = columns.group_by("table_name", maintain_order=True).agg(pl.col("column_name").head(2))
    assert first.height == 9
    assert set(map(tuple, first["column_name"].to_list())) == {("submission_id", "source_row")}
