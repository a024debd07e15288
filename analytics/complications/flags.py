"""Which unit had which complication: the frame that rates are counted from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import polars as pl

from analytics.complications.definitions import COMPLICATIONS
from analytics.complications.patients import derive_patient_flags
from analytics.complications.records import IMPAIRED_BELOW, join_records
from analytics.complications.use_plan import derive_use_plan
from analytics.errors import SpecificationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.complications.definition import ComplicationDefinition

UNITS = ("procedure", "lesion", "patient")
"""What can be counted."""

Claim = tuple[pl.Expr, pl.Expr]
"""Whether a record is the complication, and whether it may be and does not tell."""


class CohortFrames(Protocol):
    """The part of a cohort that complications are counted in: eligible procedures and their lesions."""

    @property
    def procedures(self) -> pl.DataFrame:
        """One row per eligible procedure."""

    @property
    def lesions(self) -> pl.DataFrame:
        """One row per lesion of these procedures."""


class ComplicationTables(Protocol):
    """The part of the registry that complications come from, as canonical tables."""

    @property
    def complications(self) -> pl.DataFrame:
        """One row per complication."""

    @property
    def lesions(self) -> pl.DataFrame:
        """One row per lesion, with the flow at its end."""

    @property
    def device_uses(self) -> pl.DataFrame:
        """One row per device used."""


def derive_complication_flags(
    cohort: CohortFrames, tables: ComplicationTables, *, unit: str = "procedure"
) -> pl.DataFrame:
    """Derive for every unit whether it had each complication.

    Parameters
    ----------
    cohort
        Its ``procedures`` (all of them, index or not: a complication belongs to the procedure it happened
        in), and its ``lesions`` for the unit ``lesion``.
    tables
        Reads ``complications``, ``lesions`` and ``device_uses``.
    unit
        ``procedure``, ``lesion`` or ``patient`` (see `analytics.complications.patients`).

    Returns
    -------
    polars.DataFrame
        One row per unit in the order of the cohort, its columns, ``use_plan`` (see
        `analytics.complications.use_plan`) and one Boolean column per key of `COMPLICATIONS`: True where it
        happened; null where a record may mean it and cannot tell (no grade, no final flow, no device, no
        time; or, for lesions, no lesion named in a procedure with several); otherwise False. False means
        "did not happen" only where ``complications_recorded`` is ``all``: never take a mean of these columns,
        use `estimate_complication_rates`.

    Raises
    ------
    SpecificationError
        Where the unit is unknown.
    """
    if unit not in UNITS:
        raise SpecificationError(
            where="complications.unit", what="unknown unit", fix=f"Choose from {', '.join(UNITS)}."
        )
    if unit == "patient":
        return derive_patient_flags(derive_complication_flags(cohort, tables))
    units, key = (cohort.procedures, "procedure_id") if unit == "procedure" else (cohort.lesions, "lesion_id")
    used = sorted({name for definition in COMPLICATIONS.values() for name in definition.devices})
    records = join_records(units, tables.complications, tables.lesions, key=key, used=used)
    claims = [_claim(definition).alias(definition.key) for definition in COMPLICATIONS.values()]
    counted = records.select(key, *claims).group_by(key).agg(_combine(list(COMPLICATIONS)))
    flagged = units.join(counted, on=key, how="left", maintain_order="left")
    verdicts = [_verdict(name) for name in COMPLICATIONS]
    return derive_use_plan(flagged.with_columns(verdicts), key, tables.lesions, tables.device_uses)


def _claim(definition: ComplicationDefinition) -> pl.Expr:
    """Whether a record is the complication: 2 yes, 1 cannot tell, 0 no."""
    of_type = pl.col("complication_type").is_in(list(definition.types))
    criteria = [
        *([_by_grade(definition)] if definition.grades else []),
        *([_by_device(definition)] if definition.attributed_to else []),
        *([_by_flow(definition)] if definition.final_flow else []),
        *([_by_time(definition)] if definition.timings else []),
    ]
    yes = pl.all_horizontal([of_type, pl.col("is_certain"), *(one for one, _ in criteria)])
    maybe = pl.all_horizontal([of_type, *(one | other for one, other in criteria)])
    return pl.when(yes).then(2).when(maybe).then(1).otherwise(0).cast(pl.Int8)


def _by_grade(definition: ComplicationDefinition) -> Claim:
    """By the grade, where one is given on this scale."""
    on_scale = pl.col("grade_scale").fill_null(definition.grade_scale) == definition.grade_scale
    has_grade = pl.col("grade").is_not_null() & on_scale
    counts = pl.col("grade").is_in(list(definition.grades)).fill_null(value=False)
    return has_grade & counts, ~has_grade


def _by_device(definition: ComplicationDefinition) -> Claim:
    """By the device held responsible; without one, by the devices used, or not at all."""
    named = pl.col("attributed_device_class").is_in(list(definition.attributed_to))
    used = pl.any_horizontal([pl.col(name) for name in definition.devices])
    if definition.must_name_device:
        return named.fill_null(value=False), named.is_null() & used
    return named.fill_null(used), pl.lit(value=False)


def _by_flow(definition: ComplicationDefinition) -> Claim:
    """By the flow at the end."""
    is_impaired = pl.col("timi_post") < IMPAIRED_BELOW
    counts = is_impaired if definition.final_flow == "impaired" else ~is_impaired
    return counts.fill_null(value=False), is_impaired.is_null()


def _by_time(definition: ComplicationDefinition) -> Claim:
    """By the time within the stay; without one it counts as ``unknown``, or cannot tell."""
    timing = pl.col("timing").fill_null("unknown")
    return timing.is_in(list(definition.timings)), timing == "unknown"


def _combine(keys: Sequence[str]) -> pl.Expr:
    """Take the strongest claim of a unit's records."""
    return pl.col(*keys).max()


def _verdict(key: str) -> pl.Expr:
    """Turn the strongest claim into True, null (cannot tell) or False; a unit without records is False."""
    claim = pl.col(key).fill_null(0)
    return pl.when(claim == 2).then(statement=True).when(claim == 0).then(statement=False).alias(key)
