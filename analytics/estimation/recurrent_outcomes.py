"""Rows of recurrent events of a registry, read from a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.cohort.eligibility import derive_cohort
from analytics.cohort.recurrent_events import derive_recurrent_events
from analytics.cohort.specification import CohortSpec
from analytics.cohort.tables import RegistryTables
from analytics.errors import SpecificationError
from analytics.estimation.outcome_data import OutcomeData, find_endpoint
from analytics.store.queries import read_registry

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.estimation.specification import Specification

DEATH_ENDS = "death"


def read_recurrences(
    snapshot: Path, spec: Specification, cohort: pl.DataFrame, *, source: str
) -> OutcomeData:
    """Read every event of an endpoint for the procedures of a cohort.

    Parameters
    ----------
    snapshot
        A published snapshot; it holds the canonical tables.
    spec
        Its outcome names a non-fatal endpoint.
    cohort
        The procedures asked for, with their groups.
    source
        Words for the snapshot.

    Raises
    ------
    SpecificationError
        If the endpoint is unknown, or death is part of it.
    StoreError
        If the snapshot cannot be read.
    """
    endpoint = find_endpoint(spec.outcome.endpoint)
    if "death" in endpoint.event_types:
        raise SpecificationError(
            where="specification [outcome]",
            what="a mean cumulative count takes an endpoint without death",
            fix="Use for example mi, tvr, tlr or any_revascularisation.",
        )
    tables = RegistryTables(**read_registry(snapshot))
    every = derive_cohort(tables, CohortSpec(index="every_procedure"))
    rows = derive_recurrent_events(every, tables, endpoint)
    joined = cohort.drop("patient_id").join(rows, on="procedure_id", how="inner", maintain_order="left")
    left_out = cohort.height - joined["procedure_id"].n_unique()
    words = f"{endpoint.composition} Every event counts; several on one day count once."
    causes = (endpoint.label, DEATH_ENDS)
    return OutcomeData(joined, causes, endpoint.label, words, source, left_out)
