"""Outcomes ready to be estimated, and the words that belong to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.cohort.endpoints import bundled_endpoints
from analytics.errors import SpecificationError

if TYPE_CHECKING:
    import polars as pl

    from analytics.cohort.endpoints import Endpoint


@dataclass(frozen=True, eq=False)
class OutcomeData:
    """Outcomes ready to be estimated.

    Parameters
    ----------
    frame
        ``time_days``, ``cause``, grouping and covariate columns.
    causes
        Labels of the causes from 1 on.
    endpoint_label, composition
        Words that belong beside every number.
    source
        What the data are: a snapshot id, or a file name.
    n_left_out
        Rows without outcome.
    time_origin
        What time zero is.
    """

    frame: pl.DataFrame
    causes: tuple[str, ...]
    endpoint_label: str
    composition: str
    source: str
    n_left_out: int = 0
    time_origin: str = "PCI"


def find_endpoint(name: str | None) -> Endpoint:
    """Return a bundled endpoint, or say which there are."""
    known = bundled_endpoints()
    if name not in known:
        raise SpecificationError(
            where="specification [outcome]", what="unknown endpoint", fix=f"Use one of {', '.join(known)}."
        )
    return known[name]
