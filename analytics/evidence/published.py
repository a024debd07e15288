"""The figures that come with the program, and how they are cited."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import polars as pl

from analytics.evidence.reading import read_figures
from analytics.evidence.schema import EffectSchema, OutcomeSchema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any


@cache
def read_published() -> pl.DataFrame:
    """Read the published proportions that come with the program.

    Returns
    -------
    polars.DataFrame
        One row per study, arm, outcome and horizon: columns of
        `analytics.evidence.schema.OutcomeSchema` and ``shown_percent`` (events over total where both are
        known, else as printed). Numbers were read in abstracts, seldom in full papers. Rows with neither DOI
        nor PMID are ``context`` and are not shown beside a registry's rate.

    Raises
    ------
    InputFileError
        Where the installed file is damaged.
    """
    return with_shown_percent(read_figures(_path("published_outcomes.csv"), OutcomeSchema))


@cache
def read_effects() -> pl.DataFrame:
    """Read the published hazard, odds and risk ratios that come with the program.

    Returns
    -------
    polars.DataFrame
        One row per comparison: columns of `analytics.evidence.schema.EffectSchema`; ``ci_low`` and
        ``ci_high`` are 95 % limits.

    Raises
    ------
    InputFileError
        Where the installed file is damaged.
    """
    return read_figures(_path("published_effects.csv"), EffectSchema)


def with_shown_percent(figures: pl.DataFrame) -> pl.DataFrame:
    """Add the percentage to show: counts win over what was printed."""
    counted = 100 * pl.col("n_events") / pl.col("n_total")
    return figures.with_columns(pl.coalesce(counted, pl.col("percent")).alias("shown_percent"))


def is_cited() -> pl.Expr:
    """Tell rows whose source a reader can open."""
    return pl.col("doi").is_not_null() | pl.col("pmid").is_not_null()


def cite(row: Mapping[str, Any]) -> str:
    """Name a source so that a reader finds it.

    Parameters
    ----------
    row
        Row of `read_published` or `read_effects`.

    Returns
    -------
    str
        ``<study> <year>, DOI <doi>``; with the PMID where there is no DOI; and a plain remark where there
        is neither.
    """
    name = f"{row['study']} {row['year']}" if row["year"] else str(row["study"])
    if row["doi"]:
        return f"{name}, DOI {row['doi']}"
    return f"{name}, PMID {row['pmid']}" if row["pmid"] else f"{name}, no DOI or PMID seen"


def source_link(row: Mapping[str, Any]) -> str:
    """Give the address at which a reader opens the source, or an empty text."""
    if row["doi"]:
        return f"https://doi.org/{row['doi']}"
    return f"https://pubmed.ncbi.nlm.nih.gov/{row['pmid']}/" if row["pmid"] else ""


def _path(name: str) -> Path:
    """Locate a shipped file; wheels of this project are always unpacked."""
    from pathlib import Path  # noqa: PLC0415 - only typed otherwise

    return Path(str(resources.files("analytics.evidence") / "data" / name))
