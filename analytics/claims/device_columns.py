"""What was used in a lesion as claims use it: rescue, pressure, success of the laser."""

from __future__ import annotations

import polars as pl

_RESCUE_ROLES = ("rescue_modification", "bailout")
_NC = ("nc_balloon", "super_high_pressure_balloon")
_MODIFYING = (
    "rotational_atherectomy", "orbital_atherectomy", "intravascular_lithotripsy", "elca", "cutting_balloon",
    "scoring_balloon", *_NC, "sc_balloon",
)  # fmt: skip


def derive_device_columns(device_uses: pl.DataFrame) -> pl.DataFrame:
    """Derive what claims say of the devices of a lesion.

    Parameters
    ----------
    device_uses
        The canonical table ``device_uses``.

    Returns
    -------
    polars.DataFrame
        ``lesion_id``, ``crossover`` (another device had to rescue), ``first_balloon_failed`` (the first
        device that opens or modifies did not do its work; null where that is not recorded),
        ``nc_max_pressure_atm`` (highest pressure of a non-compliant balloon), ``laser_success`` (every laser
        pass did its work) and ``used_super_high_pressure``. Lesions without any device have no row.
    """
    device, success = pl.col("device_class"), pl.col("device_success")
    rescues = pl.col("role").is_in(list(_RESCUE_ROLES)) & device.is_in(list(_MODIFYING))
    first = success.filter(device.is_in(list(_MODIFYING))).first()
    laser = device == "elca"
    return (
        device_uses.sort("lesion_id", "sequence_no")
        .group_by("lesion_id", maintain_order=True)
        .agg(
            rescues.fill_null(value=False).any().alias("crossover"),
            (~first).alias("first_balloon_failed"),
            pl.col("max_pressure_atm").filter(device.is_in(list(_NC))).max().alias("nc_max_pressure_atm"),
            success.filter(laser).all(ignore_nulls=False).alias("_laser"),
            laser.any().alias("used_laser"),
            (device == "super_high_pressure_balloon").any().alias("used_super_high_pressure"),
        )
        .with_columns(pl.when("used_laser").then("_laser").alias("laser_success"))
        .drop("_laser")
    )
