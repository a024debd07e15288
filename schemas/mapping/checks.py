"""Checks of a mapping before any data: what can be wrong in the file alone is found in the file alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from schemas.errors import SchemaFileError
from schemas.mapping.dates import order_of_day_and_month, whole_formats
from schemas.mapping.findings import RELATIVE_DAYS
from schemas.mapping.map_checks import map_problems
from schemas.mapping.model import FlaggedStep
from schemas.mapping.notes import PARTIAL_COLUMNS
from schemas.mapping.problems import MappingProblem, value_fault
from schemas.mapping.scope import template_parts
from schemas.mapping.texts import normalise_header
from schemas.registry import TABLES
from schemas.units import conversion_factor, known_units

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.mapping.model import Emit, Expression, SiteMapping
    from schemas.registry import Column

_CHART_NUMBERS = re.compile(
    r"(patientid|patientno|patientnumber|chart|mrn|hospitalno|hospitalnumber|recordid|recordno|caseno|casenumber"
    r"|caseid|subjectid|^id$|^pid$|ssn|nhsnumber|病案号|住院号|门诊号|登记号|身份证|患者编号)"
)


_UNSETTLED = "TODO"


def find_mapping_problems(mapping: SiteMapping) -> list[MappingProblem]:
    """Return everything that can be seen to be wrong in a mapping without data, in the order of the file."""
    problems = [
        *_draft_problems(mapping),
        *_site_problems(mapping),
        *_date_order_problems(mapping),
        *_let_problems(mapping),
        *(problem for emit in mapping.emits for problem in _emit_problems(emit, mapping)),
        *_pseudonym_problems(mapping),
    ]
    return list(dict.fromkeys(problems))


def check_mapping(mapping: SiteMapping) -> None:
    """Raise if a mapping has a fault that can be seen without data.

    Raises
    ------
    SchemaFileError
        With the first problem, and how many more there are.
    """
    problems = find_mapping_problems(mapping)
    if problems:
        first, more = problems[0], len(problems) - 1
        what = first.what + (f" (and {more} more {'problem' if more == 1 else 'problems'})" if more else "")
        raise SchemaFileError(where=first.where, what=what, fix=first.fix)


def _draft_problems(mapping: SiteMapping) -> Iterator[MappingProblem]:
    """Yield that a draft has not been reviewed."""
    if mapping.is_draft:
        fix = "Settle every TODO in it, then remove the line draft = true"
        yield MappingProblem(mapping.name, "this is a draft that nobody has reviewed", fix)
    for key, text in {"name": mapping.source.name, "site_id": mapping.source.site_id}.items():
        if text == _UNSETTLED:
            fix = "Write what is asked for"
            yield MappingProblem(f"{mapping.name} [source].{key}", f"'{_UNSETTLED}' is not settled", fix)


def _site_problems(mapping: SiteMapping) -> Iterator[MappingProblem]:
    """Yield what ``[source]`` says about the site that its row cannot hold, or that rows contradict."""
    where, site = f"{mapping.name} [source]", mapping.source.site_id
    columns = TABLES["sites"].by_name
    for name, text in {"site_id": site, **mapping.source.site}.items():
        fix = None if text is None else value_fault(text, columns[name])
        if fix is not None:
            yield MappingProblem(f"{where}.{name}", f"'{text}' is no value of sites.{name}", fix)
    for emit in mapping.emits:
        expression = emit.columns.get("site_id")
        if expression is not None and site and expression.const not in {None, site}:
            what = f"'{expression.const}' is not the site code of [source], '{site}'"
            yield MappingProblem(expression.place, what, "Use one code in both places")


def _partial_problems(expression: Expression, column: str) -> Iterator[MappingProblem]:
    """Yield formats without a day where a whole date is needed."""
    formats = expression.dates or ()
    if column in PARTIAL_COLUMNS or expression.convert == "precision" or formats == whole_formats(formats):
        return
    what = "a format without a day stands where a whole date is needed"
    fix = f"Keep partial dates to {' and '.join(PARTIAL_COLUMNS)}"
    yield MappingProblem(f"{expression.place}.dates", what, fix)


def _date_order_problems(mapping: SiteMapping) -> Iterator[MappingProblem]:
    """Yield lists of formats in which a day can be read as a month."""
    lists = [(f"{mapping.name} [read].dates", mapping.read.dates)]
    lists += [(f"{e.place}.dates", e.dates) for e in _every_expression(mapping) if e.dates is not None]
    for where, formats in lists:
        if len(order_of_day_and_month(formats)) > 1:
            yield MappingProblem(
                where,
                "the formats mix day-first and month-first dates, so 03/04 could be read both ways",
                "Keep one order, and give a column of the other order its own dates",
            )


def _every_expression(mapping: SiteMapping) -> Iterator[Expression]:
    """Yield the expressions of lets and emits."""
    yield from mapping.let.values()
    for emit in mapping.emits:
        yield from emit.columns.values()


def _let_problems(mapping: SiteMapping) -> Iterator[MappingProblem]:
    """Yield lets that refer to later or unknown lets, or convert what only a column can convert."""
    known: set[str] = set()
    for name, expression in mapping.let.items():
        yield from _reference_problems(expression, known)
        if expression.unit is not None:
            yield MappingProblem(
                expression.place, "'unit' stands in a let", "Move it to the column that it fills"
            )
        yield from map_problems(expression, mapping.read)
        yield from _partial_problems(expression, "")
        known.add(name)


def _reference_problems(expression: Expression, known: set[str]) -> Iterator[MappingProblem]:
    """Yield names of lets that are not there yet."""
    names = [name for name in expression.sources if name.startswith("@")]
    names += re.findall(r"\{(@[^{}]*)\}", expression.template or "")
    for name in names:
        if name.removeprefix("@") not in known:
            yield MappingProblem(
                expression.place, f"no let named '{name}' stands before it", "Add it to [let]"
            )


def _emit_problems(emit: Emit, mapping: SiteMapping) -> Iterator[MappingProblem]:
    """Yield what is wrong in one emit."""
    if emit.table not in TABLES:
        yield MappingProblem(
            emit.place, f"no canonical table '{emit.table}'", f"Use one of {', '.join(TABLES)}"
        )
        return
    columns = TABLES[emit.table].by_name
    yield from _required_problems(emit)
    for name, expression in emit.columns.items():
        if name not in columns:
            fix = "Use a column of the data dictionary: " + ", ".join(columns)
            yield MappingProblem(expression.place, f"no column '{name}' in {emit.table}", fix)
            continue
        yield from _reference_problems(expression, set(mapping.let))
        yield from _variable_problems(expression, emit)
        yield from _value_problems(expression, columns[name])
        yield from map_problems(expression, mapping.read)
        yield from _partial_problems(expression, name)
        yield from _unit_problems(expression, columns[name])


def _variable_problems(expression: Expression, emit: Emit) -> Iterator[MappingProblem]:
    """Yield conditions on step variables that no step makes, or that never hold."""
    variables = [step.variable for step in emit.each]
    values = {
        step.variable: set(step.columns.values()) for step in emit.each if isinstance(step, FlaggedStep)
    }
    for name, value in expression.only_if.items():
        if name in values and value not in values[name]:
            fix = f"Use one of {', '.join(sorted(values[name]))}"
            yield MappingProblem(expression.place, f"'{name}' is never '{value}'", fix)
        if name not in variables:
            fix = f"Use one of {', '.join(variables)}" if variables else "Add the step, or remove only_if"
            yield MappingProblem(expression.place, f"no step makes the variable '{name}'", fix)


def _required_problems(emit: Emit) -> Iterator[MappingProblem]:
    """Yield required columns that the emit does not set; a relative day may stand for its date."""
    for column in TABLES[emit.table].columns:
        if column.required == "yes" and column.name not in emit.columns:
            yield MappingProblem(
                emit.place,
                f"required column '{column.name}' is not set",
                f"Add {column.name} = {{ from = ... }}",
            )
    for date, day in RELATIVE_DAYS.items():
        if date in TABLES[emit.table].by_name and not {date, day} & set(emit.columns):
            yield MappingProblem(
                emit.place, f"neither '{date}' nor '{day}' is set", "Add the one that the site sends"
            )


def _value_problems(expression: Expression, column: Column) -> Iterator[MappingProblem]:
    """Yield constants and map values that the column cannot hold."""
    texts = [text for text in (expression.const, expression.then, expression.default) if text is not None]
    value_map = expression.value_map
    if value_map is not None:
        texts += value_map.values
    for text in dict.fromkeys(texts):
        fix = value_fault(text, column)
        if fix is not None:
            yield MappingProblem(expression.place, f"'{text}' is no value of {column.name}", fix)


def _unit_problems(expression: Expression, column: Column) -> Iterator[MappingProblem]:
    """Yield units that cannot be converted to the column's."""
    if expression.unit is None:
        return
    if conversion_factor(expression.unit, column=column.name, schema_unit=column.unit) is None:
        units = ", ".join(known_units(column=column.name, schema_unit=column.unit))
        fix = f"Use one of {units}" if units else "Remove it: the column has no unit"
        yield MappingProblem(expression.place, f"'{expression.unit}' is no unit of {column.name}", fix)


def _pseudonym_problems(mapping: SiteMapping) -> Iterator[MappingProblem]:
    """Yield chart numbers that would enter the registry as they are, and pseudonyms without a site code."""
    if mapping.uses_pseudonyms and not mapping.source.site_id:
        where = f"{mapping.name} [source]"
        yield MappingProblem(where, "pseudonyms need a site code", 'Add site_id = "..."')
    for expression in _text_expressions(mapping):
        for name in () if expression.pseudonym or expression.keeps_text else _names(expression):
            if _CHART_NUMBERS.search(normalise_header(name, loose=True)):
                what = f"'{name}' is named like a chart number and would be kept as it is"
                fix = "Add pseudonym = true, in a [let] for composed keys, or = false if it is a pseudonym"
                yield MappingProblem(expression.place, what, fix)


def _text_expressions(mapping: SiteMapping) -> Iterator[Expression]:
    """Yield what a chart number could pass through as it is: lets, and columns of text, keys among them."""
    yield from mapping.let.values()
    for emit in mapping.emits:
        kinds = (
            {column.name: column.kind for column in TABLES[emit.table].columns}
            if emit.table in TABLES
            else {}
        )
        yield from (expression for name, expression in emit.columns.items() if kinds.get(name) == "string")


def _names(expression: Expression) -> list[str]:
    """Return the headers whose text an expression passes on."""
    parts = template_parts(expression.template or "")
    names = [*expression.sources, *(text for is_name, text in parts if is_name)]
    return [name for name in names if not name.startswith("@")]
