"""The nine canonical tables as one value, and the columns that a cohort carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class RegistryTables:
    """Canonical tables as typed polars frames, columns as in `schemas.registry`.

    Parameters
    ----------
    sites, patients, procedures, lesions, imaging, device_uses, complications, follow_up, events
        One frame each; a table without rows is an empty frame with its columns.
    """

    sites: pl.DataFrame
    patients: pl.DataFrame
    procedures: pl.DataFrame
    lesions: pl.DataFrame
    imaging: pl.DataFrame
    device_uses: pl.DataFrame
    complications: pl.DataFrame
    follow_up: pl.DataFrame
    events: pl.DataFrame
