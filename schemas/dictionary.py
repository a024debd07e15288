"""The schemas as documents: data dictionary, CSV templates, JSON Schema, DuckDB tables and the page of rules.

The committed copies are refreshed with ``python -m schemas.dictionary`` in the project's folder; a stale copy
fails a test.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.registry import TABLES
from schemas.rule_pages import LEVEL_WORDS, ordered_rules, page_name, render_rule_pages
from schemas.rules.rule import KAHN_CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.fields import Bound, Range
    from schemas.registry import Column, Table

DUCKDB_TYPES = {
    "string": "varchar",
    "enum": "varchar",
    "int": "bigint",
    "float": "double",
    "bool": "boolean",
    "date": "date",
}
JSON_TYPES = {
    "string": "string",
    "enum": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "date": "string",
}
GENERATED = "Generated from the schemas by `python -m schemas.dictionary`; edit the schemas, not this file."


def render_dictionary_markdown() -> str:
    """Return the data dictionary: the columns of each table with type, unit, codes, ranges and definition."""
    parts = [
        "# Data dictionary",
        GENERATED,
        "Files are UTF-8 CSV with a header. Dates are `YYYY-MM-DD`, decimals take a point, flags are "
        "`true` and `false`, an empty cell means unknown. A value outside the limits is emptied, "
        "or costs the row where the column is required; a value outside the usual range is kept and listed. "
        "*expected*: the column counts towards completeness. Every table also carries `submission_id` and "
        "`source_row` (line of the incoming file), which the loader sets.",
        *(_table_section(table) for table in TABLES.values()),
    ]
    return "\n\n".join(parts) + "\n"


def render_template_csv(table: str) -> str:
    """Return a CSV file of one table that holds the header only."""
    return ",".join(TABLES[table].dtypes) + "\n"


def render_json_schema(table: str) -> str:
    """Return the JSON Schema (draft 2020-12) of one row of a table."""
    source = TABLES[table]
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:calcpci:{table}",
        "title": table,
        "description": source.definition,
        "type": "object",
        "properties": {column.name: _json_property(column) for column in source.columns},
        "required": [column.name for column in source.columns if column.required == "yes"],
        "additionalProperties": False,
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def render_duckdb_ddl() -> str:
    """Return the ``create table`` statements of the canonical tables.

    Keys carry no constraint: uniqueness and references are rules, checked before loading and reported by row.
    """
    comment = "-- " + GENERATED.replace("`", "")
    return "\n\n".join([comment, *(_create_table(table) for table in TABLES.values())]) + "\n"


def render_rule_catalogue() -> str:
    """Return the page of rules: id, effect, tables, what is wrong and how to fix it."""
    levels = "\n".join(f"- **{level}**: {words}" for level, words in LEVEL_WORDS.items())
    kahn = "; ".join(f"{code}: {words}" for code, words in KAHN_CLASSES.items())
    rows = [
        "| "
        + " | ".join(
            [
                f"[{rule.id}]({page_name(rule)})",
                rule.level,
                ", ".join(rule.tables),
                rule.kahn,
                rule.sentence,
                rule.remedy,
            ]
        )
        + " |"
        for rule in ordered_rules()
    ]
    table = "\n".join(
        ["| id | level | tables | class | what is wrong | what to do |", "|---|---|---|---|---|---|", *rows]
    )
    note = "A check may be stricter or milder than its rule; the level of each finding says what happened."
    return "\n\n".join(["# Rules", GENERATED, levels, note, f"Classes: {kahn}.", table]) + "\n"


def dictionary_files() -> dict[str, str]:
    """Return every generated document by its path below the folder of documents."""
    files = {
        "data-dictionary.md": render_dictionary_markdown(),
        "checks/README.md": render_rule_catalogue(),
        "tables.sql": render_duckdb_ddl(),
        **render_rule_pages(GENERATED),
    }
    for name in TABLES:
        files[f"templates/{name}.csv"] = render_template_csv(name)
        files[f"json-schema/{name}.json"] = render_json_schema(name)
    return files


def write_dictionary(out: Path) -> list[Path]:
    """Write every generated document below a folder, and return the files."""
    return _write({out / name: text for name, text in dictionary_files().items()})


def refresh_project(root: Path) -> list[Path]:
    """Write the committed copies of a project folder, and return the files."""
    return _write({root / path: text for path, text in committed_files().items()})


def committed_files() -> dict[str, str]:
    """Return the documents that are committed, by their path in the project."""
    files = dictionary_files()
    ddl = files.pop("tables.sql")
    return {"analytics/store/tables.sql": ddl, **{f"docs/{name}": text for name, text in files.items()}}


def _write(files: Mapping[Path, str]) -> list[Path]:
    """Write texts to files, making their folders."""
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(files)


def _table_section(table: Table) -> str:
    """Render one table of the dictionary."""
    references = "".join(
        f" `{link.column}` refers to `{link.table}.{link.target}`." for link in table.references
    )
    head = (
        "| column | type | unit | codes | usual range | limits | required | definition |\n" + "|---" * 8 + "|"
    )
    rows = [_column_row(column) for column in table.columns]
    return "\n\n".join(
        [
            f"## {table.name}",
            f"{table.definition} Key: `{table.primary_key}`.{references}",
            "\n".join([head, *rows]),
        ]
    )


def _column_row(column: Column) -> str:
    """Render one column of the dictionary."""
    limits = _range_words(column.hard) if column.pattern is None else f"`{column.pattern}`"
    cells = [
        f"`{column.name}`",
        column.kind,
        column.unit,
        ", ".join(f"`{code}`" for code in column.codes),
        _range_words(column.warn),
        limits,
        column.condition or column.required,
        column.definition,
    ]
    return "| " + " | ".join(cells) + " |"


def _range_words(bounds: Range | None) -> str:
    """Render a range; an open end of a date range is the day of loading."""
    if bounds is None:
        return ""
    low, high = bounds
    return f"{_bound_word(low)} to {_bound_word(high)}"


def _bound_word(bound: Bound) -> str:
    """Render one end of a range."""
    if bound is None:
        return "load date"
    return f"{bound:g}" if isinstance(bound, int | float) else bound.isoformat()


def _json_property(column: Column) -> dict[str, Any]:
    """Render one column as a JSON Schema property."""
    is_nullable = column.required != "yes"
    kind = JSON_TYPES[column.kind]
    facts: dict[str, Any] = {
        "description": column.definition,
        "type": [kind, "null"] if is_nullable else kind,
    }
    if column.codes:
        codes: list[Any] = (
            [int(code) for code in column.codes] if column.kind == "int" else list(column.codes)
        )
        facts["enum"] = [*codes, None] if is_nullable else codes
    if column.kind == "date":
        facts["format"] = "date"
    if column.pattern is not None:
        facts["pattern"] = column.pattern
    if column.unit:
        facts["x-unit"] = column.unit
    return facts | _json_bounds(column)


def _json_bounds(column: Column) -> dict[str, Any]:
    """Render the possible range of a number; JSON Schema has no range for dates."""
    if column.hard is None or column.kind not in {"int", "float"}:
        return {}
    low, high = column.hard
    return {"minimum": low, "maximum": high}


def _create_table(table: Table) -> str:
    """Render one table as lower-case SQL."""
    columns = ["submission_id varchar", "source_row bigint"]
    columns += [f"{column.name} {DUCKDB_TYPES[column.kind]}" for column in table.columns]
    return f"create table {table.name} (\n    " + ",\n    ".join(columns) + "\n);"


if __name__ == "__main__":
    for written in refresh_project(Path.cwd()):
        sys.stdout.write(f"{written}\n")
