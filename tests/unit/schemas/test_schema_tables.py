"""The registry of tables says what the Pandera schemas say."""

from __future__ import annotations

import ast
import csv
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from schemas import checking, fields, vocabulary
from schemas.fields import code, day, number, relative_day, table_schema
from schemas.registry import DTYPES, TABLES
from schemas.rules import catalogue, values
from schemas.rules.catalogue import CROSS_CHECKS, ROW_CHECKS, RULES
from schemas.rules.rule import KAHN_CLASSES, LEVELS

if TYPE_CHECKING:
    from types import ModuleType

    from schemas.registry import Column, Table

ORDER = [
    "sites",
    "patients",
    "procedures",
    "lesions",
    "imaging",
    "device_uses",
    "complications",
    "follow_up",
    "events",
]
COLUMNS = [(table, column) for table in TABLES.values() for column in table.columns]
EASED = {"age_years"}  # required in the published list, expected here: de-identified files leave it out
PUBLISHED = Path(__file__).parents[4] / "shared" / "standards" / "canonical_schema.csv"


def published_columns() -> list[dict[str, str]]:
    """Return the rows of the published column list, none where it is not at hand."""
    if not PUBLISHED.exists():
        return []
    rows = csv.DictReader(PUBLISHED.read_text(encoding="utf-8").splitlines())
    return [row for row in rows if row["table"] != "*"]


def test_tables_stand_in_load_order_after_those_they_refer_to() -> None:
    assert list(TABLES) == ORDER
    for table in TABLES.values():
        for reference in table.references:
            assert ORDER.index(reference.table) < ORDER.index(table.name)
            assert TABLES[reference.table].primary_key == reference.target


def test_keys_and_references_are_those_of_the_registry() -> None:
    keys = {table.name: table.primary_key for table in TABLES.values()}
    assert keys["follow_up"] == "contact_id"
    assert keys["device_uses"] == "device_use_id"
    links = {(table.name, link.column, link.table) for table in TABLES.values() for link in table.references}
    assert ("complications", "lesion_id", "lesions") in links
    assert ("events", "procedure_id", "procedures") in links
    assert len(links) == 12


def test_columns_equal_the_pandera_columns_in_order_and_type() -> None:
    for table in TABLES.values():
        assert list(table.schema.columns) == list(table.dtypes)
        for column in table.columns:
            source = table.schema.columns[column.name]
            assert source.dtype.type == DTYPES[column.kind]
            assert source.nullable is (column.required != "yes")
            assert source.description == column.definition


def test_an_empty_table_is_typed() -> None:
    empty = TABLES["procedures"].empty()
    assert empty.height == 0
    assert (empty.schema["procedure_date"], empty.schema["age_years"]) == (pl.Date, pl.Int64)


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda value: value.name)
def test_every_column_is_defined_and_consistent(table: Table, column: Column) -> None:
    assert column.definition.endswith(".")
    assert column.required in {"yes", "expected", "no"}
    assert not column.codes or len(set(column.codes)) == len(column.codes)
    if column.kind in {"int", "float"} and column.warn is not None:
        assert column.hard[0] <= column.warn[0] < column.warn[1] <= column.hard[1]
    if column.pattern is not None:
        assert column.pattern.startswith("^")
        assert column.pattern.endswith("$")
        assert re.compile(column.pattern)
    ids = {str(check.error) for check in table.schema.columns[column.name].checks}
    assert ids <= set(RULES)
    assert column.kind != "float" or "C03" in ids


def test_units_end_the_names_of_measurements() -> None:
    endings = {
        "%": "pct",
        "mm": "mm",
        "mm2": "mm2",
        "g/L": "g_l",
        "umol/L": "umol_l",
        "mmol/L": "mmol_l",
        "mg/L": "mg_l",
    }
    for _, column in COLUMNS:
        if column.unit in endings:
            assert column.name.endswith(endings[column.unit])


@pytest.mark.parametrize("row", published_columns(), ids=lambda row: f"{row['table']}.{row['column']}")
def test_columns_keep_what_the_published_list_says(row: dict[str, str]) -> None:
    column = TABLES[row["table"]].by_name[row["column"]]
    assert (column.kind, column.unit) == (row["type"], "vessels" if "vessels" in column.name else row["unit"])
    if row["type"] == "enum" and not row["allowed_values"].startswith("as "):
        assert set(row["allowed_values"].split("|")) <= set(column.codes)
    if row["required"] in {"yes", "expected", "no"} and not column.condition and column.name not in EASED:
        assert column.required == row["required"]
    for text, bounds in ((row["warn_range"], column.warn), (row["hard_range"], column.hard)):
        if text and column.kind in {"int", "float"}:
            assert tuple(float(end) for end in text.split("..")) == tuple(float(end) for end in bounds)


def test_strategies_and_grades_have_labels_in_the_same_order() -> None:
    assert tuple(vocabulary.STRATEGY_LABELS) == vocabulary.STRATEGIES
    assert tuple(vocabulary.SEVERITY_LABELS) == vocabulary.SEVERITY_GRADES


def test_builders_make_ranges_code_lists_and_null_policies() -> None:
    schema = table_schema(
        "toy",
        "Toy.",
        {
            "arc_deg": number("Arc.", unit="deg", hard=(0, 360), required="yes"),
            "colour": code("Colour.", codes=("red", "green")),
            "seen": day("Day."),
            "seen_day": relative_day("Day."),
        },
    )
    frame = pl.DataFrame(
        {"at": [0, 1, 2], "arc_deg": [0.0, None, float("inf")], "colour": ["red", "blue", None]}
        | {"seen": [None, None, None], "seen_day": [0, -40000, None]},
        schema_overrides={"seen": pl.Date, "seen_day": pl.Int64},
    )
    cells = checking.failing_cells(schema, frame).unique().sort("at", "column").rows()
    assert cells == [
        (1, "arc_deg", "C05"),
        (1, "colour", "C02"),
        (1, "seen_day", "C03"),
        (2, "arc_deg", "C03"),
    ]


def test_rules_are_complete_sentences_with_known_level_class_and_tables() -> None:
    for rule_id, rule in RULES.items():
        assert (rule_id, rule.level in LEVELS, rule.kahn in KAHN_CLASSES) == (rule.id, True, True)
        assert rule.sentence.endswith(".")
        assert rule.remedy.endswith(".")
        assert set(rule.tables) <= {*TABLES, "all", "file"}
        assert rule.tables


def test_every_check_belongs_to_a_rule_a_table_and_a_column() -> None:
    for check in (*ROW_CHECKS, *CROSS_CHECKS):
        assert check.rule_id in RULES
        assert check.column in TABLES[check.table].dtypes


def test_every_rule_on_rows_is_checked() -> None:
    checked = {check.rule_id for check in (*ROW_CHECKS, *CROSS_CHECKS)}
    promised = {rule_id for rule_id in RULES if rule_id[0] in "DTX"}
    assert promised <= checked


@pytest.mark.parametrize("module", [fields, catalogue, checking, values], ids=lambda module: module.__name__)
def test_pandera_checks_neither_join_nor_group(module: ModuleType) -> None:
    calls = {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Attribute)
    }
    assert not calls & {"join", "group_by", "collect", "sort", "unique", "filter"} - (
        {"filter", "join", "sort"} if module is checking else set()
    )


def test_row_checks_give_one_answer_for_each_row() -> None:
    for check in ROW_CHECKS:
        table = TABLES[check.table]
        frame = pl.DataFrame({name: [None, None] for name in table.dtypes}, schema=table.dtypes)
        answers = frame.select(check.passes.fill_null(value=True).alias("answer"))
        assert answers.schema == {"answer": pl.Boolean}
        assert answers.height == 2
