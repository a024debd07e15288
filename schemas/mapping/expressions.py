"""Evaluates expressions over whole columns: text in, canonical text and causes out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from schemas.mapping.conversions import convert_dates, convert_map, convert_numbers, convert_pseudonyms
from schemas.mapping.dates import whole_formats
from schemas.mapping.key_texts import fit_keys
from schemas.mapping.lookup import look_up
from schemas.mapping.missing import added, declared_codes, without_codes
from schemas.mapping.notes import (
    CENSORED_RULE,
    PARTIAL_COLUMNS,
    PARTIAL_RULE,
    cell_notes,
    has_limit_sign,
    no_notes,
    partial_precisions,
    without_limit_sign,
)
from schemas.mapping.scope import CAUSE_SCHEMA, Evaluated, Scope, Target, bind, no_causes, template_parts

if TYPE_CHECKING:
    from schemas.mapping.model import Expression

BLANK_RULE = "C05"
"""Rule of a needed value that was not sent."""

_WHAT = ("rule_id", "header", "detail", "record", "line")


def evaluate(expression: Expression, scope: Scope, *, target: Target) -> Evaluated:
    """Evaluate one expression on every row of the scope.

    Parameters
    ----------
    expression
        What to evaluate.
    scope
        Rows and names.
    target
        Canonical column that receives the text; it decides how dates and numbers are read.

    Returns
    -------
    Evaluated
        Canonical text; what was sent and not understood is null and has a cause.

    Raises
    ------
    SchemaFileError
        If a pseudonym is asked for and there is no secret or no site code.
    """
    if expression.const is not None:
        evaluated = _constant(expression.const, scope)
    elif expression.template is not None:
        evaluated = _template(expression.template, scope, target)
    else:
        evaluated = _from_sources(expression, scope, target)
    if target.is_key and _is_composed(expression):
        evaluated = replace(evaluated, values=fit_keys(evaluated.values))
    return _where_it_applies(expression, scope, evaluated)


def _is_composed(expression: Expression) -> bool:
    """Return whether a key is made by the mapping, not sent by the site."""
    return expression.template is not None or any(name.startswith("@") for name in expression.sources)


def _constant(text: str, scope: Scope) -> Evaluated:
    """Return one text for every row."""
    return Evaluated(pl.repeat(text, scope.frame.height, dtype=pl.String, eager=True), no_causes())


def _template(template: str, scope: Scope, target: Target) -> Evaluated:
    """Return joined parts, null where any part is null; where one part is a cell, with its header."""
    parts: list[pl.Series] = []
    labels: set[str | None] = set()
    causes = [no_causes()]
    for is_name, text in template_parts(bind(template, scope.bindings)):
        if not is_name:
            parts.append(_constant(text, scope).values)
            continue
        cells = scope.cells(text)
        labels |= set() if text.startswith("@") else {scope.label(text)}
        parts.append(
            _nulls(scope) if cells is None else without_codes(text, cells, scope.read.missing, {})[0]
        )
        causes += [_inherited(text, scope), _blanks(parts[-1].is_null(), scope.label(text), target, scope)]
    frame = pl.DataFrame([part.alias(str(place)) for place, part in enumerate(parts)])
    values = frame.select(pl.concat_str(pl.all())).to_series()
    labels.discard(None)
    header = labels.pop() if len(labels) == 1 else None
    return Evaluated(values, pl.concat(causes), header)


def _from_sources(expression: Expression, scope: Scope, target: Target) -> Evaluated:
    """Return the converted value of the first source that is not missing."""
    sent, missing, origin = _sent(expression, scope)
    causes = [origin.causes] + [_inherited(name, scope) for name in expression.sources]
    label = _label(expression, scope)
    wanted, unfit = _extracted(expression, sent)
    causes.append(_causes(unfit, "C07", label, f"regex {expression.regex}", origin))
    values, rule_id, detail = _converted(expression, wanted, scope, target)
    failed = wanted.is_not_null() & values.is_null()
    causes.append(_causes(failed, rule_id, label, detail, origin))
    is_absent = sent.is_null() & ~_is_failed(causes, len(sent))
    values = _filled(expression, values, is_absent=is_absent)
    causes.append(_blanks(is_absent, label, target, scope, origin))
    notes = _notes(expression, (sent, wanted, values), scope, target, origin)
    # Where another source filled the value in, a source that failed is no reason for a null.
    is_null = values.is_null().arg_true().cast(pl.Int64).to_list()
    header = label or scope.header_of_let(expression.sources)
    return Evaluated(values, pl.concat(causes).filter(pl.col("at").is_in(is_null)), header, missing, notes)


class _Origin:
    """Which record each value was read from: its own, or the one that a look-up found."""

    def __init__(self, records: pl.DataFrame, causes: pl.DataFrame) -> None:
        self.records = records
        self.causes = causes


def _sent(expression: Expression, scope: Scope) -> tuple[pl.Series, dict[str, int], _Origin]:
    """Return what was sent, how many cells held a missing code, and which records it comes from."""
    codes, reasons = declared_codes(expression, scope)
    if expression.at:
        found = look_up(expression, scope)
        sent, missing = without_codes("#", found.values, codes, reasons)
        return sent, missing, _Origin(found.records, found.causes)
    columns: list[pl.Series] = []
    missing = {}
    for place, name in enumerate(expression.sources):
        cells = scope.cells(name)
        kept, n = (_nulls(scope), {}) if cells is None else without_codes(name, cells, codes, reasons)
        columns.append(kept.alias(str(place)))
        missing = added(missing, n)
    sent = pl.DataFrame(columns).select(pl.coalesce(pl.all()).alias("sent")).to_series()
    return sent, missing, _Origin(scope.frame.select("record", "line"), no_causes())


def _extracted(expression: Expression, sent: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the first group of the pattern, and where it did not fit though it should."""
    if expression.regex is None:
        return sent, sent.is_null() & sent.is_not_null()
    wanted = sent.str.extract(expression.regex, 1).str.strip_chars()
    unfit = sent.is_not_null() & wanted.is_null()
    return wanted, unfit if not expression.soft else unfit & False


def _converted(
    expression: Expression, wanted: pl.Series, scope: Scope, target: Target
) -> tuple[pl.Series, str, str]:
    """Return canonical text, and the rule and the reading that a null breaks, if it breaks one."""
    if expression.pseudonym:
        return convert_pseudonyms(wanted, scope, place=expression.place), "", ""
    if expression.value_map is not None:
        rule_id = "C02" if expression.value_map.otherwise == "reject" else ""
        return convert_map(wanted, expression.value_map), rule_id, f"map {hash(expression.value_map)}"
    if expression.then is not None:
        return wanted, "", ""
    if expression.convert is not None or _is_date(expression, scope, target):
        formats = _formats(expression, scope, target)
        return convert_dates(wanted, formats, form=expression.convert or "date"), "C01", f"dates {formats}"
    if target.kind in {"int", "float"}:
        plain = without_limit_sign(wanted)
        numbers = convert_numbers(plain, scope.read, unit=expression.unit, target=target)
        return numbers, "C01", "number"
    return wanted, "", ""


def _formats(expression: Expression, scope: Scope, target: Target) -> tuple[str, ...]:
    """Return the date formats that count: without a day only where a partial date may stand."""
    formats = scope.read.dates if expression.dates is None else expression.dates
    may_be_partial = target.column in PARTIAL_COLUMNS or expression.convert == "precision"
    return formats if may_be_partial else whole_formats(formats)


def _notes(
    expression: Expression,
    texts: tuple[pl.Series, pl.Series, pl.Series],
    scope: Scope,
    target: Target,
    origin: _Origin,
) -> pl.DataFrame:
    """Return what is worth knowing about values (as sent, as wanted, as read) that were understood."""
    sent, wanted, values = texts
    is_plain = expression.value_map is None and expression.then is None and not expression.pseudonym
    if is_plain and target.kind in {"int", "float"}:
        is_limit = has_limit_sign(sent) & values.is_not_null()
        details = _nulls(scope).zip_with(~is_limit, pl.Series(["limit"]))
        return cell_notes(CENSORED_RULE, details, _label(expression, scope), origin.records)
    if is_plain and target.column in PARTIAL_COLUMNS and _is_date(expression, scope, target):
        details = partial_precisions(wanted, _formats(expression, scope, target))
        return cell_notes(PARTIAL_RULE, details, _label(expression, scope), origin.records)
    return no_notes()


def _is_date(expression: Expression, scope: Scope, target: Target) -> bool:
    """Return whether the text still has to be read as a date."""
    canonical = all(
        name.removeprefix("@") in scope.dated_lets for name in expression.sources if name.startswith("@")
    )
    has_let = any(name.startswith("@") for name in expression.sources)
    return target.kind == "date" and not (has_let and canonical)


def _filled(expression: Expression, values: pl.Series, *, is_absent: pl.Series) -> pl.Series:
    """Return values with ``then`` where there is one and ``default`` where nothing was sent."""
    frame = pl.DataFrame([values.alias("value"), is_absent.alias("is_absent")])
    value = pl.col("value")
    if expression.then is not None:
        value = pl.when(value.is_not_null()).then(pl.lit(expression.then))
    if expression.default is not None:
        value = pl.when("is_absent").then(pl.lit(expression.default)).otherwise(value)
    return frame.select(value.alias("value")).to_series()


def _where_it_applies(expression: Expression, scope: Scope, evaluated: Evaluated) -> Evaluated:
    """Return the evaluation with nulls, and no causes, where ``only_if`` does not hold."""
    if not expression.only_if:
        return evaluated
    holds = pl.repeat(True, scope.frame.height, dtype=pl.Boolean, eager=True)  # noqa: FBT003 -- the value repeated
    for name, wanted in expression.only_if.items():
        cells = scope.cells(name)
        holds &= _nulls(scope).is_not_null() if cells is None else (cells == wanted).fill_null(value=False)
    values = evaluated.values.zip_with(holds, _nulls(scope))
    causes = evaluated.causes.filter(pl.col("at").is_in(holds.arg_true().cast(pl.Int64).to_list()))
    notes = evaluated.notes.filter(pl.col("at").is_in(holds.arg_true().cast(pl.Int64).to_list()))
    return replace(evaluated, values=values, causes=causes, notes=notes)


def _blanks(
    is_blank: pl.Series, label: str | None, target: Target, scope: Scope, origin: _Origin | None = None
) -> pl.DataFrame:
    """Return one cause for each cell that is blank though the target needs it."""
    if not target.is_needed or label is None:
        return no_causes()
    place = origin or _Origin(scope.frame.select("record", "line"), no_causes())
    return _causes(is_blank, BLANK_RULE, label, "blank", place)


def _inherited(name: str, scope: Scope) -> pl.DataFrame:
    """Return the causes that a let brings to the rows that use it."""
    causes = scope.let_causes.get(name.removeprefix("@")) if name.startswith("@") else None
    if causes is None or causes.is_empty():
        return no_causes()
    rows = scope.frame.select("src").with_row_index("row")
    tied = causes.join(rows, left_on="at", right_on="src", how="inner", maintain_order="left")
    return tied.select(
        pl.col("row").cast(pl.Int64).alias("at"), *_WHAT, pl.lit(value=True).alias("is_inherited")
    )


def _causes(failed: pl.Series, rule_id: str, label: str | None, detail: str, origin: _Origin) -> pl.DataFrame:
    """Return one cause for each failed row."""
    if not rule_id or not failed.any():
        return no_causes()
    rows = failed.arg_true()
    return pl.DataFrame(
        {
            "at": rows.cast(pl.Int64),
            "rule_id": [rule_id] * len(rows),
            "header": [label] * len(rows),
            "detail": [detail] * len(rows),
            "record": origin.records.get_column("record").gather(rows),
            "line": origin.records.get_column("line").gather(rows),
            "is_inherited": [False] * len(rows),
        },
        schema=CAUSE_SCHEMA,
    )


def _is_failed(causes: list[pl.DataFrame], height: int) -> pl.Series:
    """Return which rows have a cause."""
    rows = pl.concat(causes).get_column("at")
    return pl.int_range(height, eager=True).is_in(rows.unique().to_list())


def _label(expression: Expression, scope: Scope) -> str | None:
    """Return the header, or the headers, that a value comes from."""
    labels = [label for name in expression.sources if (label := scope.label(name)) is not None]
    return " / ".join(labels) or None


def _nulls(scope: Scope) -> pl.Series:
    """Return a column of nulls."""
    return pl.repeat(None, scope.frame.height, dtype=pl.String, eager=True)
