"""A draft of a mapping for an unknown file: proposals with TODO lines, which no command applies unseen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from analytics.intake.draft_columns import TODO, ColumnDraft, date_formats, draft_columns, toml_text
from analytics.intake.draft_source import ReadProposal, propose_read
from analytics.intake.identifiers import identifier_columns
from schemas.mapping.synonyms import load_synonyms, plain_header
from schemas.mapping.texts import normalise_cells, position_name
from schemas.registry import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schemas.mapping.raw import RawFile

_MISSING_TEXTS: tuple[str, ...] = (
    "NA",
    "N/A",
    "#N/A",
    "NULL",
    ".",
    "-",
    "/",
    "?",
    "unknown",
    "Unknown",
    "UNK",
    "nd",
    "not done",
)
_MISSING_TEXTS += ("未知", "不详", "未查", "-1", "-9", "-99", "-999", "9999", "0000-00-00")
_MANY_ITEMS = {"device_uses": "device_class", "complications": "complication_type", "events": "event_type"}
_KEYS = {
    "procedures": {"procedure_id": '{ from = "@procedure" }', "patient_id": '{ from = "@patient" }'},
    "patients": {"patient_id": '{ from = "@patient" }'},
    "lesions": {"lesion_id": '{ from = "@lesion" }', "procedure_id": '{ from = "@procedure" }'},
    "device_uses": {
        "device_use_id": '{ fmt = "{@lesion}.D{n}" }',
        "lesion_id": '{ from = "@lesion" }',
        "sequence_no": '{ fmt = "{n}" }',
    },
    "complications": {
        "complication_id": '{ fmt = "{@procedure}.C{n}" }',
        "procedure_id": '{ from = "@procedure" }',
    },
    "follow_up": {"contact_id": '{ fmt = "{@patient}.last" }', "patient_id": '{ from = "@patient" }'},
    "events": {
        "event_id": '{ fmt = "{@patient}.E{n}" }',
        "patient_id": '{ from = "@patient" }',
        "event_date_precision": '{ const = "day" }',
    },
}
_ITEM_SIGNS = "[+,;、]"  # cells are compared with full-width signs made plain
_NONE = ["none", "None", "无"]
_CHART = ("patients", "patient_id")


def draft_mapping(path: Path) -> str:
    """Return a draft of a mapping as TOML.

    Parameters
    ----------
    path
        A site's file. Of its cells the draft shows only the values of columns that look like codes: at most
        12 distinct ones of at most 24 characters, in a column that is mapped to a code list and is no
        identifier, date or number.

    Raises
    ------
    InputFileError
        If the file cannot be read as a table in any likely way.
    """
    proposal = propose_read(path)
    raw = proposal.raw
    chart = {
        position_name(place)
        for place, header in enumerate(raw.headers)
        if load_synonyms().headers.get(plain_header(header)) == _CHART
    }
    dropped = [column for column in identifier_columns(raw) if column not in chart]
    drafts = draft_columns(raw, {*dropped})
    lines = [
        *_head(),
        *_source_lines(proposal, dropped, drafts),
        *_read_lines(proposal, drafts),
        *_let_lines(drafts),
        *_emit_lines(drafts),
        *_left_over(raw, dropped, drafts),
    ]
    return "\n".join(lines) + "\n"


def _head() -> list[str]:
    """Return what a reader has to know first."""
    return [
        "# A draft, proposed from the headers and the shape of the cells. Settle every TODO, check the rest,",
        "# remove the line draft = true, and try it: calcpci mapping check FILE, then calcpci validate.",
        "format = 1",
        f"draft = true # {TODO} remove this line when the mapping has been reviewed",
        "",
    ]


def _line(key: str, value: str, todo: str | None = None) -> str:
    """Return one line of TOML with its remark."""
    return f"{key} = {value}" + (f" # {TODO} {todo}" if todo else "")


def _header(drafts: list[ColumnDraft], table: str, column: str) -> str:
    """Return the header proposed for a column, or TODO."""
    return next((draft.header for draft in drafts if (draft.table, draft.column) == (table, column)), TODO)


def _source_lines(proposal: ReadProposal, dropped: list[str], drafts: list[ColumnDraft]) -> list[str]:
    """Return section ``[source]``."""
    needed = [_header(drafts, *_CHART), _header(drafts, "procedures", "procedure_date")]
    drop = [proposal.raw.headers[int(column[1:]) - 1] for column in dropped]
    return [
        "[source]",
        _line("name", toml_text(TODO), "say what kind of file this is"),
        _line("site_id", toml_text(TODO), "the site's code in the registry"),
        _line("require", toml_text(needed)),
        _line("drop", toml_text(drop), "add every other column that tells who a patient is"),
        "",
    ]


def _read_lines(proposal: ReadProposal, drafts: list[ColumnDraft]) -> list[str]:
    """Return section ``[read]``."""
    read, todos = proposal.read, proposal.todos
    formats, order = date_formats(proposal.raw, drafts)
    missing = _missing_seen(proposal.raw)
    options = {"encoding": read.encoding, "delimiter": read.delimiter, "decimal": read.decimal}
    lines = ["[read]", *(_line(key, toml_text(value), todos.get(key)) for key, value in options.items())]
    if read.sheet is not None:
        lines.append(_line("sheet", toml_text(read.sheet), todos.get("sheet")))
    if read.header_row > 1:
        lines.append(_line("header_row", str(read.header_row), todos.get("header_row")))
    lines.append(
        _line(
            "missing", toml_text(["", *missing]), "confirm that none of them is a value" if missing else None
        )
    )
    return [*lines, _line("dates", toml_text(formats), order), ""]


def _missing_seen(raw: RawFile) -> list[str]:
    """Return the usual codes for "no value" that occur in the file."""
    seen: set[str] = set()
    for column in raw.frame.columns:
        if column.startswith("#"):
            cells = normalise_cells(raw.frame.get_column(column))
            seen |= set(cells.filter(cells.is_in(list(_MISSING_TEXTS))).unique().to_list())
    return [text for text in _MISSING_TEXTS if text in seen]


def _let_lines(drafts: list[ColumnDraft]) -> list[str]:
    """Return the lists of words and section ``[let]``."""
    lines: list[str] = []
    for name, words in load_synonyms().words.items():
        if any(draft.column == name for draft in drafts):
            lines += [
                f"[map.{name}]",
                *(_line(toml_text(w), f'"{v}"') for w, v in words.items()),
                "",
            ]
    chart, day, number = (
        toml_text(_header(drafts, *target))
        for target in (_CHART, ("procedures", "procedure_date"), ("lesions", "lesion_number"))
    )
    unknown = "no header was recognised"
    made = toml_text(f"{{@procedure}}.L{{{json.loads(number)}}}")
    lesion = f"{{ fmt = {made} }}"
    return [
        *lines,
        "[let]",
        _line("patient", f"{{ from = {chart}, pseudonym = true }}", unknown if TODO in chart else None),
        _line("day", f'{{ from = {day}, as = "date" }}', unknown if TODO in day else None),
        _line("procedure", '{ fmt = "{@patient}.{@day}" }'),
        _line("lesion", lesion, "no header numbers the lesions" if TODO in number else None),
        "",
    ]


def _emit_lines(drafts: list[ColumnDraft]) -> Iterator[str]:
    """Yield the sections of the tables that a header was recognised for, and of patients and procedures."""
    for table in ("patients", "procedures", "lesions", "device_uses", "complications", "follow_up", "events"):
        own = [draft for draft in drafts if draft.table == table and (table, draft.column) != _CHART]
        if own or table in {"patients", "procedures"}:
            yield from _emit(table, own)


def _emit(table: str, own: list[ColumnDraft]) -> Iterator[str]:
    """Yield the section of one table."""
    yield "[[emit]]"
    yield _line("table", toml_text(table))
    item = _MANY_ITEMS.get(table)
    header = next((draft.header for draft in own if draft.column == item), None)
    if item is None and table != "lesions":
        yield _line("collapse", '"agree"', "if a patient or procedure has one row only, remove this")
    if header is not None:
        split = f'split = {toml_text(header)}, sep = "{_ITEM_SIGNS}"'
        yield _line("each", f'[{{ {split}, none = {toml_text(_NONE)}, as = "item" }}]', "check the signs")
    yield "[emit.set]"
    lines = _emit_columns(table, own, item)
    for column in TABLES[table].columns:
        if column.name in lines:
            yield _line(column.name, *lines[column.name])
    yield ""


def _emit_columns(table: str, own: list[ColumnDraft], item: str | None) -> dict[str, tuple[str, str | None]]:
    """Return expression and remark of each column: keys, what was recognised, what is required."""
    lines: dict[str, tuple[str, str | None]] = {name: (value, None) for name, value in _KEYS[table].items()}
    if "site_id" in TABLES[table].by_name:
        lines["site_id"] = (f'{{ const = "{TODO}" }}', "the site's code")
    for draft in own:
        lines[draft.column] = (draft.expression, draft.todo)
    if item in lines:
        lines[item] = (
            f'{{ from = "item", match = "contains", map = "{item}" }}',
            "check the words of the map",
        )
    for column in TABLES[table].columns:
        if column.required == "yes" and column.name not in lines:
            codes = f": one of {', '.join(column.codes)}" if column.codes else ""
            lines[column.name] = (f'{{ const = "{TODO}" }}', f"no header was recognised for it{codes}")
    return lines


def _left_over(raw: RawFile, dropped: list[str], drafts: list[ColumnDraft]) -> Iterator[str]:
    """Yield the headers that nothing was proposed for."""
    used = {draft.header for draft in drafts}
    for place, header in enumerate(raw.headers):
        if header not in used and position_name(place) not in dropped:
            name = toml_text(header or position_name(place))
            yield f"# {TODO} not recognised: map it, or list it under ignore: {name}"
