"""Periprocedural infarction by three definitions in parallel, from biomarkers.

One published cohort gave 18.0, 14.9, 2.0 and 2.0 % by the 3rd and 4th universal definition, ARC-2 and SCAI:
rates of different definitions must never be compared. Two of the three need findings that a registry does not
hold (new Q waves, new loss of myocardium on imaging), so "cannot tell" is a frequent and honest answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from analytics.cohort.tables import RegistryTables

MET = "met"
NOT_MET = "not_met"
CANNOT_TELL = "cannot_tell"

_FLOW_LIMITING = ("slow_flow_no_reflow", "abrupt_closure", "side_branch_loss")
"""Recorded complications that are angiographic evidence of a flow-limiting event."""


@dataclass(frozen=True)
class InfarctionDefinition:
    """One definition of periprocedural infarction and how well its wording is known here.

    Parameters
    ----------
    key
        Column of `derive_periprocedural_mi`.
    label
        Name on screen.
    sentence
        What is computed.
    is_confirmed
        Whether the cut-offs were read at a source. Where False, do not print them as that definition's.
    """

    key: str
    label: str
    sentence: str
    is_confirmed: bool


INFARCTION_DEFINITIONS = (
    InfarctionDefinition(
        key="pmi_udmi4",
        label="4th universal definition, type 4a",
        sentence=(
            "Troponin above 5 times the upper limit after a normal baseline, with a flow-limiting "
            "complication; a raised baseline cannot be judged from one value."
        ),
        is_confirmed=False,
    ),
    InfarctionDefinition(
        key="pmi_arc2",
        label="ARC-2",
        sentence="Troponin at or above 35 times the upper limit, with a flow-limiting complication.",
        is_confirmed=False,
    ),
    InfarctionDefinition(
        key="pmi_scai",
        label="SCAI 2013",
        sentence=(
            "CK-MB at or above 10 times the upper limit after a normal baseline; where CK-MB was not "
            "measured, troponin at or above 70 times."
        ),
        is_confirmed=True,
    ),
)
"""The definitions in the order of tables."""


def derive_periprocedural_mi(tables: RegistryTables) -> pl.DataFrame:
    """Judge every procedure by three definitions of periprocedural infarction.

    Parameters
    ----------
    tables
        Reads ``procedures`` (``troponin_pre_xuln``, ``troponin_post_xuln``, ``ckmb_post_xuln``: multiples of
        the upper limit, peak within 48 hours) and ``complications``.

    Returns
    -------
    polars.DataFrame
        ``procedure_id``, ``pmi_udmi4``, ``pmi_arc2``, ``pmi_scai``: ``met``; ``not_met`` (the biomarker
        excludes it); or ``cannot_tell`` (no biomarker, no baseline, or the rest of the definition is not on
        record). The share of ``met`` is a lower bound of the incidence; give the number of ``cannot_tell``
        beside it.
    """
    flow_limiting = (
        tables.complications.filter(pl.col("complication_type").is_in(list(_FLOW_LIMITING)))
        .select("procedure_id", pl.lit(value=True).alias("has_evidence"))
        .unique()
    )
    return (
        tables.procedures.select("procedure_id", "troponin_pre_xuln", "troponin_post_xuln", "ckmb_post_xuln")
        .join(flow_limiting, on="procedure_id", how="left", maintain_order="left")
        .with_columns(pl.col("has_evidence").fill_null(value=False))
        .select(
            "procedure_id",
            _universal().alias("pmi_udmi4"),
            _academic().alias("pmi_arc2"),
            _scai().alias("pmi_scai"),
        )
    )


def _verdict(excluded: pl.Expr, met: pl.Expr) -> pl.Expr:
    """Turn two claims into a verdict; a null claim (no measurement) is neither."""
    return (
        pl.when(excluded.fill_null(value=False))
        .then(pl.lit(NOT_MET))
        .when(met.fill_null(value=False))
        .then(pl.lit(MET))
        .otherwise(pl.lit(CANNOT_TELL))
    )


def _universal() -> pl.Expr:
    """Judge by the 4th universal definition, type 4a."""
    before, peak = pl.col("troponin_pre_xuln"), pl.col("troponin_post_xuln")
    return _verdict(peak <= 5, (before <= 1) & (peak > 5) & pl.col("has_evidence"))


def _academic() -> pl.Expr:
    """Judge by ARC-2; after a raised baseline the rise itself must reach the cut-off."""
    before, peak = pl.col("troponin_pre_xuln"), pl.col("troponin_post_xuln")
    rise = pl.when(before > 1).then(peak - before).otherwise(peak)
    known = before.is_not_null()
    return _verdict((peak < 35) | (rise < 35), known & (rise >= 35) & pl.col("has_evidence"))


def _scai() -> pl.Expr:
    """Judge by SCAI: CK-MB where it was measured, troponin otherwise.

    From half the cut-off on, an ECG that is not stored would decide.
    """
    before, peak, ckmb = pl.col("troponin_pre_xuln"), pl.col("troponin_post_xuln"), pl.col("ckmb_post_xuln")
    normal = before <= 1
    by_ckmb = _verdict(ckmb < 5, normal & (ckmb >= 10))
    rise = pl.when(before > 1).then(peak - before).otherwise(peak)
    by_troponin = _verdict((peak < 35) | (rise < 35), normal & (peak >= 70))
    return pl.when(ckmb.is_not_null()).then(by_ckmb).otherwise(by_troponin)
