"""What readers need of a store, derived and published: cohort, outcomes, drift."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.cohort.eligibility import derive_first_and_every
from analytics.cohort.endpoints import bundled_endpoints
from analytics.cohort.horizons import derive_in_hospital
from analytics.cohort.tables import RegistryTables
from analytics.cohort.time_to_event import derive_times_to_events
from analytics.complications.flags import derive_complication_flags
from analytics.drift.months import derive_drift
from analytics.store.publishing import publish_snapshot, read_snapshot_info, snapshot_folder
from analytics.store.queries import read_registry
from analytics.versions import describe_versions

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

NOT_DERIVED_FROM = {
    "procedures": (
        "operator_id",
        "bmi_kg_m2",
        "smoking",
        "hypertension",
        "dyslipidaemia",
        "heart_failure",
        "atrial_fibrillation",
        "prior_stroke",
        "pad",
        "egfr_ml_min_173m2",
        "hemoglobin_g_l",
        "calcium_mmol_l",
        "phosphate_mmol_l",
        "hs_crp_mg_l",
        "ldl_mmol_l",
        "syntax_score",
        "n_diseased_vessels",
        "mechanical_support",
        "gp2b3a_inhibitor",
        "contrast_ml",
        "radiation_air_kerma_mgy",
        "ckmb_post_xuln",
        "hemoglobin_nadir_g_l",
        "creatinine_peak_umol_l",
        "dapt_at_discharge",
    )
}
"""Columns of the largest table that `derive_tables` does not look at; one that it comes to use goes."""


def publish_again(db: Path) -> Path:
    """Publish a store anew under the notice that its last snapshot carried."""
    return publish(db, notice=read_snapshot_info(snapshot_folder(db)).get("notice", ""))


def publish(db: Path, *, notice: str = "") -> Path:
    """Derive what readers need from a store and publish it; a notice is shown on every page and report."""
    tables = RegistryTables(**read_registry(db, with_refusals=True, without=NOT_DERIVED_FROM))
    return publish_snapshot(
        db,
        snapshot_folder(db),
        derived=derive_tables(tables),
        info=describe_versions() | ({"notice": notice} if notice else {}),
    )


def derive_tables(tables: RegistryTables) -> dict[str, pl.DataFrame]:
    """Derive the analysis tables of a snapshot.

    Parameters
    ----------
    tables
        The canonical tables.

    Returns
    -------
    dict of str to polars.DataFrame
        ``cohort_procedures``, ``cohort_lesions``, ``cohort_complications`` (one row per procedure),
        ``cohort_lesion_complications`` (one row per lesion), ``time_to_event`` (every eligible procedure that
        is no planned stage; ``is_index`` of the cohort says which come first), ``attrition`` and ``drift``.
    """
    cohort, every = derive_first_and_every(tables)
    return {
        "cohort_procedures": cohort.procedures,
        "cohort_lesions": cohort.lesions,
        "cohort_complications": derive_complication_flags(cohort, tables, unit="procedure"),
        "cohort_lesion_complications": derive_complication_flags(cohort, tables, unit="lesion"),
        "time_to_event": derive_in_hospital(
            derive_times_to_events(every, tables, bundled_endpoints().values()), every.procedures
        ),
        "attrition": cohort.attrition,
        "drift": derive_drift(
            {
                name: getattr(tables, name)
                for name in ("sites", "procedures", "lesions", "imaging", "device_uses")
            }
        ),
    }
