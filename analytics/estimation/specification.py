"""One pre-specified analysis, read from TOML: every key is known, or the file is refused."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from analytics.errors import InputFileError, SpecificationError
from analytics.estimation.specification_checks import check_head, check_model
from analytics.estimation.specification_parts import (
    Contrast,
    Grouping,
    ModelPart,
    ModelTerm,
    Outcome,
    Profile,
)
from analytics.store.filters import CohortFilter

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

__all__ = [
    "Contrast",
    "Grouping",
    "ModelPart",
    "ModelTerm",
    "Outcome",
    "Profile",
    "Specification",
    "build_part",
    "parse_specification",
    "read_specification",
    "read_toml",
    "refuse_unknown",
]


@dataclass(frozen=True)
class Specification:
    """One analysis: estimator, population, outcome, groups, model, options.

    Parameters
    ----------
    name, question
        Short name, and the question in words.
    estimator
        One of `analytics.estimation.specification_checks.ESTIMATORS`.
    horizons_days
        Days at which risks are given.
    confidence
        Level of the intervals, between 0 and 1.
    landmark_days
        Clock starts here for those event-free and under observation, or None.
    until_days
        Last day that counts, from time zero; later events are left to another analysis. None: all.
    interval
        Scale of the intervals of curves, one of `analytics.estimation.specification_checks.INTERVALS`.
    weights
        Column of sampling weights for curves, or None.
    band
        Simultaneous band drawn beside the pointwise intervals of Kaplan-Meier curves: ``equal-precision``,
        ``hall-wellner`` or None.
    from_day
        Day from which conditional survival is given.
    bandwidth_days
        Width of the kernel of a smooth hazard, on either side; chosen from the data where None.
    population, outcome, groups, model
        The parts.
    """

    name: str
    estimator: str
    question: str = ""
    horizons_days: tuple[int, ...] = (30, 365, 1095)
    confidence: float = 0.95
    landmark_days: int | None = None
    until_days: int | None = None
    interval: str = "log-log"
    weights: str | None = None
    band: str | None = None
    from_day: int = 0
    bandwidth_days: float | None = None
    population: CohortFilter = field(default_factory=CohortFilter)
    outcome: Outcome = field(default_factory=Outcome)
    groups: Grouping = field(default_factory=Grouping)
    model: ModelPart = field(default_factory=ModelPart)


def read_specification(path: Path) -> Specification:
    """Read one analysis from a TOML file.

    Raises
    ------
    InputFileError
        If there is no such file.
    SpecificationError
        If it is no TOML, a key is unknown or a value does not fit.
    """
    return parse_specification(read_toml(path, name=str(path)), where=path.name)


def read_toml(path: Path | Traversable, *, name: str) -> dict[str, Any]:
    """Read a TOML file, or say in one line why not; ``name`` names it in messages."""
    if not path.is_file():
        raise InputFileError(where=name, what="no such file", fix="Give the path of a TOML file.")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        detail = str(error).splitlines()[0]
        raise SpecificationError(
            where=name, what=f"is not valid TOML ({detail})", fix="Mend the line named."
        ) from None


def parse_specification(data: dict[str, Any], *, where: str) -> Specification:
    """Turn parsed TOML into a specification; ``where`` names the place in messages."""
    parts = {"analysis", "population", "outcome", "groups", "model"}
    refuse_unknown(data, parts, where=where)
    head = _table(data, "analysis", where=where)
    names = {entry.name for entry in fields(Specification)} - parts
    refuse_unknown(head, names, where=f"{where} [analysis]")
    check_head(head, where=f"{where} [analysis]")
    built: dict[str, Any] = _tuples(head)
    built["population"] = build_part(
        CohortFilter, _table(data, "population", where=where), f"{where} [population]"
    )
    built["outcome"] = build_part(Outcome, _table(data, "outcome", where=where), f"{where} [outcome]")
    built["groups"] = build_part(Grouping, _table(data, "groups", where=where), f"{where} [groups]")
    check_model(head["estimator"], _table(data, "model", where=where), where=f"{where} [model]")
    built["model"] = _build_model(_table(data, "model", where=where), f"{where} [model]")
    return Specification(**built)


def _build_model(data: dict[str, Any], where: str) -> ModelPart:
    """Build the model part with its lists of terms, profiles and contrasts."""
    lists = {
        "term": ("terms", ModelTerm),
        "profile": ("profiles", Profile),
        "contrast": ("contrasts", Contrast),
    }
    found: dict[str, Any] = {
        name: tuple(
            build_part(kind, entry, f"{where} {key} {number}")
            for number, entry in enumerate(data.get(key, []), 1)
        )
        for key, (name, kind) in lists.items()
    }
    refuse_unknown(data, {*lists, *(entry.name for entry in fields(ModelPart))} - set(found), where=where)
    rest = {key: value for key, value in data.items() if key not in lists}
    built: ModelPart = build_part(ModelPart, {**rest, **found}, where)
    return built


def build_part(kind: type[Any], data: dict[str, Any], where: str) -> Any:  # noqa: ANN401 - one builder for several dataclasses
    """Build a frozen dataclass from a table, refusing unknown keys."""
    refuse_unknown(data, {entry.name for entry in fields(kind)}, where=where)
    try:
        return kind(**_tuples(data))
    except (TypeError, ValueError) as error:
        raise SpecificationError(where=where, what=str(error), fix="Compare with docs/analyses.md.") from None


def _tuples(data: dict[str, Any]) -> dict[str, Any]:
    """Turn lists into tuples, so that the value can be hashed and compared."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}


def _table(data: dict[str, Any], key: str, *, where: str) -> dict[str, Any]:
    """Return a sub-table, or an empty one."""
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise SpecificationError(
            where=where, what=f"'{key}' is no table", fix=f"Write [{key}] and its keys below."
        )
    return value


def refuse_unknown(data: dict[str, Any], known: set[str], *, where: str) -> None:
    """Refuse the first key that nothing reads."""
    for key in data:
        if key not in known:
            raise SpecificationError(
                where=where, what=f"unknown key '{key}'", fix=f"Known keys: {', '.join(sorted(known))}."
            )
