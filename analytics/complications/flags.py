"""Which unit had which complication: the frame that rates are counted from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import polars as pl

from analytics.complications.definitions import COMPLICATIONS
from analytics.errors import SpecificationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.complications.definitions import ComplicationDefinition

UNITS = ("procedure", "lesion")
"""What can be counted."""


class CohortFrames(Protocol):
    """The part of a cohort that complications are counted in: eligible procedures and their lesions."""

    @property
    def procedures(self) -> pl.DataFrame:
        """One row per eligible procedure."""

    @property
    def lesions(self) -> pl.DataFrame:
        """One row per lesion of these procedures."""


class ComplicationTables(Protocol):
    """The part of the registry that complications come from."""

    @property
    def complications(self) -> pl.DataFrame:
        """The canonical table ``complications``."""


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
        Reads ``complications``.
    unit
        ``procedure`` or ``lesion``.

    Returns
    -------
    polars.DataFrame
        One row per unit in the order of the cohort, its columns, and one Boolean column per key of
        `COMPLICATIONS`: True where it happened; null where a record may mean it and cannot tell (no grade;
        or, for lesions, no lesion named in a procedure with several); otherwise False. False means "did not
        happen" only where ``complications_recorded`` is ``all``: never take a mean of these columns, use
        `estimate_complication_rates`.

    Raises
    ------
    SpecificationError
        Where the unit is unknown.
    """
    if unit not in UNITS:
        raise SpecificationError(
            where="complications.unit", what="unknown unit", fix=f"Choose from {', '.join(UNITS)}."
        )
    units, key = (cohort.procedures, "procedure_id") if unit == "procedure" else (cohort.lesions, "lesion_id")
    records = _records_by_unit(units, tables.complications, key)
    claims = [_claim(definition).alias(definition.key) for definition in COMPLICATIONS.values()]
    counted = records.select(key, *claims).group_by(key).agg(_combine(list(COMPLICATIONS)))
    flagged = units.join(counted, on=key, how="left", maintain_order="left")
    verdicts = [_verdict(name) for name in COMPLICATIONS]
    return flagged.with_columns(verdicts)


def _records_by_unit(units: pl.DataFrame, complications: pl.DataFrame, key: str) -> pl.DataFrame:
    """Give each record its unit, with the devices used there and whether the unit is certain."""
    used = ["used_rotational_atherectomy", "used_orbital_atherectomy"]
    records = complications.select(
        "procedure_id",
        pl.col("lesion_id").alias("named_lesion"),
        "complication_type",
        "grade_scale",
        "grade",
        "attributed_device_class",
    )
    if key == "procedure_id":
        return records.join(units.select(key, *used), on=key, how="inner").with_columns(
            pl.lit(value=True).alias("is_certain")
        )
    n_lesions = pl.len().over("procedure_id").alias("n_lesions")
    joined = records.join(units.select(key, "procedure_id", *used, n_lesions), on="procedure_id", how="inner")
    is_named = pl.col("named_lesion") == pl.col("lesion_id")
    return joined.filter(pl.col("named_lesion").is_null() | is_named).with_columns(
        (pl.col("named_lesion").is_not_null() | (pl.col("n_lesions") == 1)).alias("is_certain")
    )


def _claim(definition: ComplicationDefinition) -> pl.Expr:
    """Whether a record is the complication: 2 yes, 1 cannot tell, 0 no."""
    of_type = pl.col("complication_type").is_in(list(definition.types))
    yes = pl.lit(value=True)
    maybe = pl.lit(value=False)
    if definition.grades:
        on_scale = pl.col("grade_scale").fill_null(definition.grade_scale) == definition.grade_scale
        has_grade = pl.col("grade").is_not_null() & on_scale
        yes = has_grade & pl.col("grade").is_in(list(definition.grades)).fill_null(value=False)
        maybe = ~has_grade
    if definition.attributed_to:
        named = pl.col("attributed_device_class").is_in(list(definition.attributed_to))
        used = pl.any_horizontal([pl.col(name) for name in definition.devices])
        yes = named.fill_null(used)
    certain = of_type & yes & pl.col("is_certain")
    possible = of_type & (yes | maybe)
    return pl.when(certain).then(2).when(possible).then(1).otherwise(0).cast(pl.Int8)


def _combine(keys: Sequence[str]) -> pl.Expr:
    """Take the strongest claim of a unit's records."""
    return pl.col(*keys).max()


def _verdict(key: str) -> pl.Expr:
    """Turn the strongest claim into True, null (cannot tell) or False; a unit without records is False."""
    claim = pl.col(key).fill_null(0)
    return pl.when(claim == 2).then(statement=True).when(claim == 0).then(statement=False).alias(key)
