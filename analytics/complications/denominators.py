"""Who belongs into the denominator of a complication, and what is shown where nobody does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from analytics.complications.definition import ComplicationDefinition


@dataclass(frozen=True)
class Count:
    """Numerator, denominator and what was left out, for one complication in one group.

    Parameters
    ----------
    n_events
        Units with the complication, in the denominator.
    n_total
        Units whose site states presence or absence of every complication, and in which a device that can
        cause it was used.
    n_unrecorded
        Units left out because their site does not state absence.
    n_unclear
        Units of the denominator with a record that may mean the complication and cannot tell.
    n_device
        Units of the group in which a device that can cause it was used, recorded or not.
    n_with_devices
        Units of the group with any device on record.
    n_contradicting
        Units with the complication though no such device is on record.
    """

    n_events: int
    n_total: int
    n_unrecorded: int
    n_unclear: int
    n_device: int
    n_with_devices: int
    n_contradicting: int


def count_expressions(definition: ComplicationDefinition) -> list[pl.Expr]:
    """Build the counts of one complication over the rows of a group.

    Parameters
    ----------
    definition
        The complication.

    Returns
    -------
    list of polars.Expr
        One per field of `Count`, named ``<key>:<field>``.
    """
    is_recorded = _is_recorded()
    can_have = _can_have(definition)
    happened = pl.col(definition.key)
    counts = {
        "n_events": can_have & is_recorded & happened,
        "n_total": can_have & is_recorded,
        "n_unrecorded": can_have & ~is_recorded,
        "n_unclear": can_have & is_recorded & happened.is_null(),
        "n_device": can_have,
        "n_with_devices": pl.col("devices_recorded"),
        "n_contradicting": ~can_have & is_recorded & happened,
    }
    return [
        claim.fill_null(value=False).sum().cast(pl.Int64).alias(f"{definition.key}:{name}")
        for name, claim in counts.items()
    ]


def in_denominator(definition: ComplicationDefinition) -> pl.Expr:
    """Whether a unit is in the denominator of a complication."""
    return (_can_have(definition) & _is_recorded()).fill_null(value=False)


def in_numerator(definition: ComplicationDefinition) -> pl.Expr:
    """Whether a unit of the denominator had the complication for certain."""
    return (in_denominator(definition) & pl.col(definition.key)).fill_null(value=False)


def _is_recorded() -> pl.Expr:
    """Whether the site states presence or absence of every complication."""
    return (pl.col("complications_recorded") == "all").fill_null(value=False)


def _can_have(definition: ComplicationDefinition) -> pl.Expr:
    """Whether a device that can cause it was used; always where any procedure can have it."""
    used = [pl.col(name) for name in definition.devices]
    # A literal has length one: the identifier ties it to the rows of the group.
    return pl.any_horizontal(used) if used else pl.col("procedure_id").is_not_null()
