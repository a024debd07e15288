"""Documents and tables generated from the schemas."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import analytics
from schemas.dictionary import (
    committed_files,
    dictionary_files,
    render_dictionary_markdown,
    render_duckdb_ddl,
    render_json_schema,
    render_rule_catalogue,
    render_template_csv,
    write_dictionary,
)
from schemas.registry import TABLES
from schemas.rules.catalogue import RULES

PROJECT = Path(__file__).parents[3]


@pytest.mark.parametrize("path", committed_files())
def test_the_committed_copy_is_fresh(path: str) -> None:
    home = Path(analytics.__file__).parents[1] if path.startswith("analytics/") else PROJECT
    committed = (home / path).read_text(encoding="utf-8")
    assert committed == committed_files()[path], "run python -m schemas.dictionary"


def test_the_dictionary_names_every_column_of_every_table() -> None:
    text = render_dictionary_markdown()
    for table in TABLES.values():
        section = text.split(f"\n## {table.name}\n")[1].split("\n## ")[0]
        assert re.findall(r"^\| `(\w+)`", section, re.MULTILINE) == list(table.dtypes)


def test_a_column_of_the_dictionary_reads_as_its_schema() -> None:
    row = next(line for line in render_dictionary_markdown().splitlines() if line.startswith("| `lvef_pct`"))
    expected = (
        "| `lvef_pct` | float | % |  | 10 to 80 | 1 to 99 | expected | Latest left ventricular ejection"
    )
    assert row.startswith(expected)


def test_a_template_is_one_header_line() -> None:
    assert render_template_csv("patients") == "patient_id,site_id,sex,research_use_allowed\n"


def test_the_json_schema_accepts_nulls_only_where_a_value_may_be_missing() -> None:
    schema = json.loads(render_json_schema("lesions"))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == [
        "lesion_id",
        "procedure_id",
        "lesion_number",
        "vessel",
        "calcification_angio",
    ]
    assert schema["properties"]["lesion_number"] == {
        "description": "Counter of the lesions of a procedure, from 1.",
        "type": "integer",
        "minimum": 1,
        "maximum": 20,
    }
    assert schema["properties"]["timi_post"]["enum"] == [0, 1, 2, 3, None]
    assert schema["properties"]["cto"]["type"] == ["boolean", "null"]
    assert schema["additionalProperties"] is False


def test_a_date_of_the_json_schema_has_its_format() -> None:
    schema = json.loads(render_json_schema("events"))
    assert schema["properties"]["event_date"]["format"] == "date"


def test_the_tables_begin_with_what_the_loader_adds() -> None:
    ddl = render_duckdb_ddl()
    expected = (
        "create table patients (\n    submission_id varchar,\n    source_row bigint,\n    patient_id varchar,"
    )
    assert expected in ddl
    assert ddl.count("create table") == 9
    assert ddl.removeprefix(ddl.splitlines()[0]) == ddl.removeprefix(ddl.splitlines()[0]).lower()


def test_the_page_of_rules_lists_every_rule() -> None:
    listed = sorted(RULES, key=lambda rule_id: ("FCKDTXMS".index(rule_id[0]), rule_id))
    assert re.findall(r"^\| \[([A-Z]\d\d)\]\(", render_rule_catalogue(), re.MULTILINE) == listed


def test_every_rule_has_the_anchor_that_the_list_points_to() -> None:
    pages = dictionary_files()
    for page, anchor in re.findall(r"\]\((\w+\.md)#(\w+)\)", render_rule_catalogue()):
        assert f"\n## {anchor.upper()}\n" in pages[f"checks/{page}"]


def test_no_cell_of_a_table_breaks_its_row() -> None:
    for text in (render_dictionary_markdown(), render_rule_catalogue()):
        widths = {}
        for line in text.splitlines():
            if line.startswith("|"):
                widths.setdefault(line.count("|"), line)
        assert len(widths) == 1, widths


def test_every_document_is_written_below_the_folder(tmp_path: Path) -> None:
    written = write_dictionary(tmp_path / "new")
    assert {path.relative_to(tmp_path / "new").as_posix() for path in written} == set(dictionary_files())
    assert (tmp_path / "new" / "templates" / "sites.csv").read_text(encoding="utf-8") == render_template_csv(
        "sites"
    )
