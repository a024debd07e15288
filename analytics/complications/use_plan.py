"""Whether devices were used as planned, or some of them for a bailout."""

from __future__ import annotations

import polars as pl

PLANNED = "planned"
BAILOUT = "bailout"
UNKNOWN = "unknown"
USE_PLAN = "use_plan"

_DEFINITIVE = ("stent", "drug_coated_balloon")
_RESCUE_ROLES = ("rescue_modification", "bailout")


def derive_use_plan(units: pl.DataFrame, key: str, lesions: pl.DataFrame, uses: pl.DataFrame) -> pl.DataFrame:
    """Derive for every unit whether a device that prepares was used for a bailout.

    Parameters
    ----------
    units
        Rows with the key.
    key
        ``lesion_id`` or ``procedure_id``.
    lesions
        Canonical ``lesions``: ``lesion_id``, ``procedure_id``.
    uses
        Canonical ``device_uses``: ``lesion_id``, ``device_class``, ``role``, ``use_plan``. Stents and
        drug-coated balloons do not prepare and are left aside.

    Returns
    -------
    polars.DataFrame
        The units with ``use_plan``: ``bailout`` where one device or more was used so (by plan or by role),
        ``planned`` where a plan is recorded and none was, ``unknown`` otherwise.
    """
    is_rescue = (pl.col("use_plan") == BAILOUT) | pl.col("role").is_in(list(_RESCUE_ROLES))
    preparing = uses.filter(~pl.col("device_class").is_in(list(_DEFINITIVE))).select(
        "lesion_id",
        is_bailout=is_rescue.fill_null(value=False),
        is_planned=(pl.col("use_plan") == PLANNED).fill_null(value=False),
    )
    located = preparing.join(lesions.select("lesion_id", "procedure_id"), on="lesion_id", how="inner")
    by_unit = located.group_by(key).agg(pl.col("is_bailout", "is_planned").any())
    verdict = (
        pl.when(pl.col("is_bailout")).then(pl.lit(BAILOUT)).when("is_planned").then(pl.lit(PLANNED))
    ).otherwise(pl.lit(UNKNOWN))
    return (
        units.join(by_unit, on=key, how="left", maintain_order="left")
        .with_columns(verdict.alias(USE_PLAN))
        .drop("is_bailout", "is_planned")
    )
