"""Every rule by id, gathered from the families: the one list that checks, findings and documents share."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import pandera.polars as pa

from schemas.check_expressions import BEYOND_ROW, EXPRESSION
from schemas.rules import (
    clinical_devices,
    clinical_lesions,
    clinical_measurements,
    clinical_patients,
    completeness,
    distributions,
    duplicates,
    file_format,
    follow_up_completeness,
    keys,
    people_across_sites,
    site_comparison,
    time_order,
    values,
    volumes,
)
from schemas.rules.rule import CrossCheck, RowCheck, Rule
from schemas.rules.site_frames import SiteCheck

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

__all__ = ["CROSS_CHECKS", "ROW_CHECKS", "RULES", "SITE_CHECKS", "Rule", "row_checks"]

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.id: rule
        for family in (
            file_format.RULES,
            values.RULES,
            keys.RULES,
            duplicates.RULES,
            people_across_sites.RULES,
            time_order.RULES,
            clinical_lesions.RULES,
            clinical_devices.RULES,
            clinical_patients.RULES,
            clinical_measurements.RULES,
            completeness.RULES,
            site_comparison.RULES,
        )
        for rule in family
    }
)
"""The rule catalogue: id to rule, by family."""

ROW_CHECKS: tuple[RowCheck, ...] = (
    *values.ROW_CHECKS,
    *time_order.ROW_CHECKS,
    *clinical_lesions.ROW_CHECKS,
    *clinical_devices.ROW_CHECKS,
    *clinical_patients.ROW_CHECKS,
    *completeness.ROW_CHECKS,
)
"""Checks that need one row only."""

CROSS_CHECKS: tuple[CrossCheck, ...] = (
    *time_order.CROSS_CHECKS,
    *keys.CROSS_CHECKS,
    *duplicates.CROSS_CHECKS,
    *clinical_lesions.CROSS_CHECKS,
    *clinical_devices.CROSS_CHECKS,
    *clinical_patients.CROSS_CHECKS,
    *clinical_measurements.CROSS_CHECKS,
    *people_across_sites.CROSS_CHECKS,
    *distributions.CROSS_CHECKS,
)
"""Checks that need other rows or tables; time comes first, lest a misdated row be called a duplicate."""


SITE_CHECKS: tuple[SiteCheck, ...] = (
    *completeness.SITE_CHECKS,
    *follow_up_completeness.SITE_CHECKS,
    *volumes.SITE_CHECKS,
    *distributions.SITE_CHECKS,
    *site_comparison.SITE_CHECKS,
)
"""Checks that measure whole sites."""


def level_of(check: RowCheck | CrossCheck) -> str:
    """Return the effect of a failure: the check's own level, or that of its rule."""
    return check.level or RULES[check.rule_id].level


def row_checks(table: str, column: str, *, rejects: bool) -> list[pa.Check]:
    """Return the Pandera checks of one column that look at the whole row.

    Parameters
    ----------
    table, column
        Column that a failure is reported at.
    rejects
        Whether to return the checks that reject the row, or those that keep it.
    """
    return [
        pandera_check(check)
        for check in ROW_CHECKS
        if (check.table, check.column) == (table, column) and (level_of(check) == "ROW") is rejects
    ]


def pandera_check(check: RowCheck) -> pa.Check:
    """Return a row check as a Pandera check that carries the id of its rule."""

    def passes(data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(check.passes.fill_null(value=True).alias(data.key))

    return pa.Check(
        passes,
        error=check.rule_id,
        name=check.rule_id,
        statistics={EXPRESSION: lambda _: check.passes} | ({BEYOND_ROW: True} if check.is_beyond_row else {}),
    )
