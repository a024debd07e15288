"""How many procedures each device was used in: by site, operator and period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.devices.shares import Share, count_share
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST_UNITS = 5
"""With fewer sites or operators a distribution would tell about single ones: only their number is given."""


@dataclass(frozen=True)
class UnitVolumes:
    """How the procedures with one device are spread over sites or operators, none of whom is named.

    Parameters
    ----------
    device_class
        Class of the device.
    unit
        Column that names the units, for example ``site_id`` or ``operator_id``.
    n_procedures, n_all
        Procedures with the device, and all procedures, of known units.
    n_unknown
        Procedures with the device whose unit is not on record.
    without
        Units in whose procedures the device never appears, of all units.
    lowest, median, highest
        Procedures with the device among the units that use it; None where fewer than `FEWEST_UNITS` do.
    """

    device_class: str
    unit: str
    n_procedures: int
    n_all: int
    n_unknown: int
    without: Share
    lowest: int | None
    median: float | None
    highest: int | None


def count_by_period(
    procedures: pl.DataFrame, uses: pl.DataFrame, *, period: str, devices: Sequence[str]
) -> pl.DataFrame:
    """Count procedures with each device in each period.

    Parameters
    ----------
    procedures
        One row per procedure: ``procedure_id`` and the period (a year, or a text such as ``2024-Q1``; null
        where a site sends no calendar dates).
    uses
        One row per device used: ``procedure_id``, ``device_class``.
    period
        Column of the period.
    devices
        Classes to count.

    Returns
    -------
    polars.DataFrame
        ``period``, ``device_class``, ``n_with`` (procedures with the device), ``n_all`` (procedures of the
        period). Every pair is there, zeros included; undated procedures are left out.
    """
    dated = procedures.select("procedure_id", period=pl.col(period)).drop_nulls("period")
    totals = dated.group_by("period").agg(n_all=pl.len()).sort("period")
    used = _pairs(uses, devices).join(dated, on="procedure_id", how="inner")
    counts = used.group_by("period", "device_class").agg(n_with=pl.len())
    grid = totals.join(pl.DataFrame({"device_class": list(devices)}), how="cross")
    return (
        grid.join(counts, on=["period", "device_class"], how="left", maintain_order="left")
        .with_columns(pl.col("n_with").fill_null(0).cast(pl.Int64), pl.col("n_all").cast(pl.Int64))
        .select("period", "device_class", "n_with", "n_all")
    )


def quarter_of(date: str) -> pl.Expr:
    """Name the quarter of a date column, for example ``2024-Q1``; null for no date."""
    day = pl.col(date)
    return pl.format("{}-Q{}", day.dt.year(), day.dt.quarter())


def estimate_unit_volumes(
    procedures: pl.DataFrame, uses: pl.DataFrame, *, unit: str, devices: Sequence[str]
) -> tuple[UnitVolumes | NotEstimable, ...]:
    """Describe how a device is spread over sites or operators.

    Parameters
    ----------
    procedures
        One row per procedure: ``procedure_id`` and the unit.
    uses
        One row per device used: ``procedure_id``, ``device_class``.
    unit
        Column of the unit.
    devices
        Classes to describe, in the order of the answers.

    Returns
    -------
    tuple of UnitVolumes or NotEstimable
        One a device. Numbers of procedures are those on record: what a site did not send is not counted, and
        what an operator does elsewhere neither. Refused where no procedure names its unit.
    """
    known = procedures.select("procedure_id", owner=pl.col(unit)).drop_nulls("owner")
    if not known.height:
        reason = "No procedure says where, or by whom, it was done."
        return tuple(NotEstimable(f"{device} by {unit}", reason, "no_patients") for device in devices)
    used = _pairs(uses, devices).join(procedures.select("procedure_id"), on="procedure_id", how="semi")
    return tuple(_describe(known, used, unit=unit, device=device) for device in devices)


def _describe(known: pl.DataFrame, used: pl.DataFrame, *, unit: str, device: str) -> UnitVolumes:
    """Describe one device."""
    with_device = used.filter(pl.col("device_class") == device).select("procedure_id")
    owned = known.join(with_device, on="procedure_id", how="semi")
    counts = (
        known.select("owner")
        .unique(maintain_order=True)
        .join(owned.group_by("owner").agg(n=pl.len()), on="owner", how="left")
        .with_columns(pl.col("n").fill_null(0))
    )
    users = counts["n"].filter(counts["n"] > 0)
    enough = users.len() >= FEWEST_UNITS
    return UnitVolumes(
        device_class=device,
        unit=unit,
        n_procedures=owned.height,
        n_all=known.height,
        n_unknown=with_device.height - owned.height,
        without=count_share(counts, pl.col("n") == 0, group=f"{device} by {unit}"),
        lowest=int(users.sort().item(0)) if enough else None,
        median=float(users.quantile(0.5, interpolation="linear") or 0) if enough else None,
        highest=int(users.sort().item(-1)) if enough else None,
    )


def _pairs(uses: pl.DataFrame, devices: Sequence[str]) -> pl.DataFrame:
    """Each procedure once for each class that was used in it."""
    return (
        uses.filter(pl.col("device_class").is_in(list(devices)))
        .select("procedure_id", "device_class")
        .unique(maintain_order=True)
    )
