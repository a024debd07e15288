"""Patients as units: what happened in any of their procedures counts once."""

from __future__ import annotations

import polars as pl

from analytics.complications.definitions import COMPLICATIONS
from analytics.complications.use_plan import BAILOUT, PLANNED, UNKNOWN, USE_PLAN

N_PROCEDURES = "n_procedures"
"""Column that only frames of patients have."""

_ORDER = ("procedure_day", "procedure_date", "procedure_id")


def derive_patient_flags(procedures: pl.DataFrame) -> pl.DataFrame:
    """Derive for every patient whether one of the procedures had each complication.

    Parameters
    ----------
    procedures
        Flags of procedures (`analytics.complications.flags.derive_complication_flags`), filtered as you like
        before: what is left out does not count. Reads ``patient_id``.

    Returns
    -------
    polars.DataFrame
        One row per patient, columns of the patient's first procedure (device, grade, date, site) except:
        complications are True where any procedure had it, null where one cannot tell and none had it;
        ``complications_recorded`` is ``all`` only where it is for every procedure; ``used_*`` and
        ``devices_recorded`` hold for any procedure; ``use_plan`` is ``bailout`` where any procedure is;
        ``n_procedures`` counts them.
    """
    order = [name for name in _ORDER if name in procedures.columns]
    sorted_rows = procedures.sort("patient_id", *order, nulls_last=True)
    keys = [key for key in COMPLICATIONS if key in procedures.columns]
    used = [name for name in procedures.columns if name.startswith("used_") or name == "devices_recorded"]
    special = {"patient_id", "complications_recorded", USE_PLAN, *keys, *used}
    first = [name for name in procedures.columns if name not in special]
    return sorted_rows.group_by("patient_id", maintain_order=True).agg(
        pl.col(*first).first(),
        _recorded(),
        *([_plan()] if USE_PLAN in procedures.columns else []),
        # Kleene logic: one True decides; else one unknown leaves it unknown.
        *(pl.col(name).any(ignore_nulls=False) for name in (*keys, *used)),
        pl.len().cast(pl.Int64).alias(N_PROCEDURES),
    )


def _recorded() -> pl.Expr:
    """Whether every procedure states presence or absence; the weakest of them decides."""
    recorded = pl.col("complications_recorded").fill_null("none")
    is_all = (recorded == "all").all()
    weakest = recorded.filter(recorded != "all").first()
    return pl.when(is_all).then(pl.lit("all")).otherwise(weakest).alias("complications_recorded")


def _plan() -> pl.Expr:
    """Bailout where any procedure was, planned where any is known to be."""
    plan = pl.col(USE_PLAN)
    return (
        pl.when((plan == BAILOUT).any())
        .then(pl.lit(BAILOUT))
        .when((plan == PLANNED).any())
        .then(pl.lit(PLANNED))
        .otherwise(pl.lit(UNKNOWN))
        .alias(USE_PLAN)
    )
