"""Reads the model formulas of reference cases (R notation) into columns and a `CoxSpec`."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from analytics.survival.cox_design import CoxSpec, Factor, Interaction, Term

if TYPE_CHECKING:
    from types import ModuleType


def _sibling(name: str) -> ModuleType:
    """Load a module beside this one once, however this one was loaded."""
    here = Path(__file__).resolve().parent
    known = sys.modules.get(name)
    if known is not None and Path(str(known.__file__)).resolve().parent == here:
        return known
    spec = importlib.util.spec_from_file_location(name, here / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


r_bases = _sibling("r_bases")

r_expressions = _sibling("r_expressions")
r_values = _sibling("r_values")
column_expression, split_outside = r_expressions.column_expression, r_expressions.split_outside
expand, written = r_expressions.expand, r_expressions.written


@dataclass
class Model:
    """A formula carried out: the data with derived columns, the terms, and R's names for them."""

    frame: pl.DataFrame
    derived: dict[str, pl.Expr] = field(default_factory=dict)
    bases: list[object] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    strata: list[str] = field(default_factory=list)
    strata_calls: list[list[str]] = field(default_factory=list)
    cluster: str | None = None
    offset: str | None = None

    @property
    def names(self) -> list[str]:
        """R's names of the coefficients."""
        return [name for term in self.terms for name in self._names(term)]

    @property
    def term_names(self) -> list[str]:
        """R's names of the terms."""
        return [self._term_name(term) for term in self.terms]

    def _names(self, term: Term) -> list[str]:
        if isinstance(term, Interaction):
            return [f"{a}:{b}" for b in self._names(term.right) for a in self._names(term.left)]
        if isinstance(term, Factor):
            label = self.labels[term.column]
            return [f"{label}{as_level(level)}" for level in term.levels if level != term.reference]
        is_logical = self.frame.schema[term] == pl.Boolean
        return [self.labels[term] + ("TRUE" if is_logical else "")]

    def _term_name(self, term: Term) -> str:
        if isinstance(term, Interaction):
            return f"{self._term_name(term.left)}:{self._term_name(term.right)}"
        return self.labels[term.column if isinstance(term, Factor) else term]

    def column(self, text: str) -> str:
        """Have a column of this text, derived where the data do not hold it."""
        if text not in self.frame.columns:
            self.derived[text] = column_expression(text)
            self.frame = self.frame.with_columns(self.derived[text].alias(text))
        return text

    def add_right_side(self, text: str) -> None:
        """Add everything on the right of a formula."""
        for products in (expand(part) for part in split_outside(text, "+")):
            for atoms in products:
                self._add_product(atoms)
        self.terms.sort(key=degree)

    def _add_product(self, atoms: tuple[str, ...]) -> None:
        special = re.fullmatch(r"(strata|cluster|offset)\((.*)\)", atoms[0])
        if special:
            self._add_special(*special.groups())
        elif atoms != ("1",):
            blocks = [self._atom(atom) for atom in atoms]
            for term in combine(blocks):
                if term not in self.terms:
                    self.terms.append(term)

    def _add_special(self, kind: str, inside: str) -> None:
        """Note strata, clusters or an offset."""
        if kind == "strata":
            columns = [self.column(part) for part in split_outside(inside, ",")]
            self.strata += columns
            self.strata_calls.append(columns)
        elif kind == "cluster":
            self.cluster = inside.strip()
        else:
            self.offset = self.column(inside)

    def _atom(self, text: str) -> list[Term]:
        basis = r_bases.read_basis(text, self.frame)
        if basis is not None:
            self.bases.append(basis)
            self.frame = self.frame.with_columns(basis.columns(self.frame))
            self.labels |= dict(
                zip(basis.names, (f"{written(text)}{k + 1}" for k in range(basis.size)), strict=True)
            )
            return list(basis.names)
        releveled = re.fullmatch(r"relevel\((.*),\s*(?:ref\s*=\s*)?[\"']?([^\"']*)[\"']?\)", text)
        called = re.fullmatch(r"(?:as\.)?factor\(([^,]*)\)", releveled.group(1) if releveled else text)
        column = self.column(
            (called.group(1) if called else releveled.group(1) if releveled else text).strip()
        )
        self.labels[column] = written(r_expressions.inside_brackets(text) or text)
        values = self.frame[column]
        if not (called or releveled) and (values.dtype.is_numeric() or values.dtype == pl.Boolean):
            return [column]
        known = values.drop_nulls().unique()
        levels = (
            r_values.r_sorted(known.to_list())
            if known.dtype == pl.String
            else known.sort().cast(pl.String).to_list()
        )
        return [Factor(column, tuple(levels), releveled.group(2) if releveled else levels[0])]

    def profiles(self, newdata: dict[str, list[object]]) -> pl.DataFrame:
        """Make a frame of covariate profiles, with derived columns where they can be had."""
        frame = pl.DataFrame(newdata, strict=False)
        known = {
            name: expression
            for name, expression in self.derived.items()
            if set(expression.meta.root_names()) <= set(frame.columns)
        }
        for basis in self.bases:
            frame = frame.with_columns(basis.columns(frame))
        return frame.with_columns(**known)


def combine(blocks: list[list[Term]]) -> list[Term]:
    """Multiply the columns of terms, the first one's running fastest."""
    terms = blocks[0]
    for block in blocks[1:]:
        terms = [Interaction(left, right) for right in block for left in terms]
    return terms


def as_level(level: str) -> str:
    """Write a level as R does: whole numbers without a fraction."""
    return re.sub(r"^(-?\d+)\.0$", r"\1", level)


def read_model(call: dict, frame: pl.DataFrame) -> tuple[Model, CoxSpec]:
    """Carry out the formula and the options of a call."""
    response, right = split_outside(call["formula"], "~")
    model = Model(frame)
    times = split_outside(re.fullmatch(r"Surv\((.*)\)", response).group(1), ",")
    columns = [model.column(text) for text in times]
    model.frame = model.frame.with_columns(event_indicator(model.frame[columns[-1]]).alias(".event"))
    model.add_right_side(right)
    spec = CoxSpec(
        time=columns[-2],
        event=".event",
        terms=tuple(model.terms),
        entry=columns[0] if len(columns) == 3 else None,
        strata=tuple(model.strata),
        weights=call.get("weights"),
        cluster=call.get("cluster") or model.cluster,
        ties=call.get("ties") or "efron",
        robust=asks_for_robust(call, frame),
        offset=model.offset,
    )
    return model, spec


def degree(term: Term) -> int:
    """Count the columns that are multiplied; R lists main effects first."""
    return degree(term.left) + degree(term.right) if isinstance(term, Interaction) else 1


def event_indicator(column: pl.Series) -> pl.Series:
    """Read a status; R takes 1 and 2 for 0 and 1."""
    values = column.cast(pl.Float64)
    return values == (2.0 if values.max() == 2 else 1.0)


def asks_for_robust(call: dict, frame: pl.DataFrame) -> bool:
    """Tell whether R gives a robust variance: asked for, or by itself with clusters or broken weights."""
    if call.get("robust") is not None:
        return bool(call["robust"])
    weights = frame[call["weights"]].drop_nulls() if call.get("weights") else pl.Series([1.0])
    return call.get("cluster") is not None or bool((weights != weights.round()).any())
