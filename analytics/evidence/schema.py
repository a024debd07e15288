"""What a file of published figures must satisfy."""

from __future__ import annotations

from typing import ClassVar

import pandera.polars as pa
import polars as pl

from analytics.evidence.recovering import decimals, is_only_count
from analytics.evidence.vocabulary import (
    COUNT_SOURCES,
    DEFINITION_LABELS,
    DESIGNS,
    DEVICE_LABELS,
    DEVICE_VARIANTS,
    HORIZON_KINDS,
    MEASURES,
    OUTCOME_LABELS,
    SEVERITY_WORDS,
    UNITS,
    USES,
)

_DOI = r"^10\.\d{4,9}/\S+$"
_PMID = r"^[1-9]\d{0,8}$"
_STUDY = r"^[a-z0-9_]{1,40}$"
_GROUPS = r"^[a-z0-9_]+(;[a-z0-9_]+)*$"
OUTCOME_KEY = (
    *("study_id", "arm", "population", "device", "device_label", "severity", "severity_label"),
    *("unit", "outcome", "definition", "definition_text", "horizon_days"),
)
"""What makes a published proportion the same one."""

EFFECT_KEY = ("study_id", "exposure", "comparator", "outcome", "horizon_days", "measure", "adjusted")
"""What makes a published ratio the same one."""


class _Cited(pa.DataFrameModel):
    """Columns that proportions and ratios share."""

    study_id: str = pa.Field(str_matches=_STUDY)
    study: str = pa.Field(str_length={"min_value": 1, "max_value": 120})
    year: int = pa.Field(nullable=True, ge=1970, le=2100)
    design: str = pa.Field(isin=DESIGNS)
    population: str = pa.Field(nullable=True)
    outcome: str = pa.Field(isin=list(OUTCOME_LABELS))
    horizon_days: int = pa.Field(nullable=True, ge=0, le=7305)
    doi: str = pa.Field(nullable=True, str_matches=_DOI)
    pmid: str = pa.Field(nullable=True, str_matches=_PMID)
    benchmark_use: str = pa.Field(isin=USES)
    overlap_groups: str = pa.Field(nullable=True, str_matches=_GROUPS)
    note: str = pa.Field(nullable=True)

    @pa.dataframe_check
    @classmethod
    def uncited_row_is_context(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Keep a figure whose source a reader cannot open to context."""
        cited = pl.col("doi").is_not_null() | pl.col("pmid").is_not_null()
        return data.lazyframe.select(cited | (pl.col("benchmark_use") == "context"))


class OutcomeSchema(_Cited):
    """One published proportion: a study, an arm, an outcome, a horizon."""

    arm: str = pa.Field(nullable=True)
    device: str = pa.Field(isin=list(DEVICE_LABELS))
    device_label: str = pa.Field(nullable=True, isin=list(DEVICE_VARIANTS))
    severity: str = pa.Field(isin=list(SEVERITY_WORDS))
    severity_label: str = pa.Field(nullable=True)
    unit: str = pa.Field(isin=UNITS)
    definition: str = pa.Field(isin=list(DEFINITION_LABELS))
    definition_text: str = pa.Field(nullable=True)
    horizon_kind: str = pa.Field(nullable=True, isin=HORIZON_KINDS)
    n_events: int = pa.Field(nullable=True, ge=0)
    n_total: int = pa.Field(nullable=True, ge=1)
    percent: float = pa.Field(nullable=True, ge=0, le=100)
    count_source: str = pa.Field(isin=COUNT_SOURCES)

    class Config:
        """No column but these."""

        strict: ClassVar[bool] = True

    @pa.dataframe_check
    @classmethod
    def row_is_not_repeated(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Allow a study one figure per arm, unit, outcome, definition and horizon."""
        return data.lazyframe.select(~pl.struct(*OUTCOME_KEY).is_duplicated())

    @pa.dataframe_check
    @classmethod
    def events_fit_in_total(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Refuse more events than units."""
        return data.lazyframe.select((pl.col("n_events") <= pl.col("n_total")).fill_null(value=True))

    @pa.dataframe_check
    @classmethod
    def row_has_a_figure(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Demand a percentage, or events and a total."""
        counted = pl.col("n_events").is_not_null() & pl.col("n_total").is_not_null()
        return data.lazyframe.select(counted | pl.col("percent").is_not_null())

    @pa.dataframe_check
    @classmethod
    def percent_agrees_with_counts(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Demand that a percentage is events over total, rounded or cut off at its last decimal."""
        off = (100 * pl.col("n_events") / pl.col("n_total") - pl.col("percent")).abs()
        return data.lazyframe.select((off <= 10.0 ** -decimals() + 1e-9).fill_null(value=True))

    @pa.dataframe_check
    @classmethod
    def count_source_agrees(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Demand events exactly where the row says from where they are."""
        return data.lazyframe.select(pl.col("n_events").is_null() == (pl.col("count_source") == "none"))

    @pa.dataframe_check
    @classmethod
    def recovered_events_are_certain(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Demand that no other count gives the percentage, and that no follow-up time lies in it."""
        certain = is_only_count(pl.col("n_events")) & (pl.col("horizon_days") == 0)
        wanted = pl.col("count_source") != "recovered"
        return data.lazyframe.select((wanted | certain).fill_null(value=False))


class EffectSchema(_Cited):
    """One published hazard, odds or risk ratio."""

    exposure: str
    exposure_key: str = pa.Field(nullable=True, isin=[*DEVICE_LABELS, *SEVERITY_WORDS])
    comparator: str = pa.Field(nullable=True)
    comparator_key: str = pa.Field(nullable=True, isin=[*DEVICE_LABELS, *SEVERITY_WORDS])
    measure: str = pa.Field(isin=MEASURES)
    estimate: float = pa.Field(gt=0)
    ci_low: float = pa.Field(nullable=True, gt=0)
    ci_high: float = pa.Field(nullable=True, gt=0)
    adjusted: str = pa.Field(isin=("yes", "no"))

    class Config:
        """No column but these."""

        strict: ClassVar[bool] = True

    @pa.dataframe_check
    @classmethod
    def row_is_not_repeated(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Allow a study one ratio per comparison, outcome, horizon and adjustment."""
        return data.lazyframe.select(~pl.struct(*EFFECT_KEY).is_duplicated())

    @pa.dataframe_check
    @classmethod
    def interval_holds_estimate(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Demand an interval with two ends around its estimate, or none."""
        inside = (pl.col("ci_low") <= pl.col("estimate")) & (pl.col("estimate") <= pl.col("ci_high"))
        both = pl.col("ci_low").is_null() == pl.col("ci_high").is_null()
        return data.lazyframe.select(both & inside.fill_null(value=True))
