"""What followed the first device: rescue after a failure, bail-out, and whether devices worked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from analytics.devices.shares import Share, count_share
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

RESCUE_ROLES: Final = ("rescue_modification", "bailout")
"""Roles of a device that was taken up because another had failed."""

PREPARING: Final = (
    "rotational_atherectomy",
    "orbital_atherectomy",
    "intravascular_lithotripsy",
    "elca",
    "cutting_balloon",
    "scoring_balloon",
    "nc_balloon",
    "super_high_pressure_balloon",
    "sc_balloon",
)
"""Classes that prepare a lesion; a stent or a drug-coated balloon treats it."""


@dataclass(frozen=True)
class Crossover:
    """What followed one intended strategy.

    Parameters
    ----------
    strategy
        Code of the intended strategy.
    rescued
        Lesions in which another device was taken up as a rescue. ``n_unknown`` are lesions in which no rescue
        is on record and the role of a device is not: they may hide one.
    rescuers
        Class of the rescuing device to number of lesions, most frequent first.
    bailout_stent
        Lesions with a stent placed as a bail-out; ``n_unknown`` as above.
    """

    strategy: str
    rescued: Share
    rescuers: dict[str, int]
    bailout_stent: Share


@dataclass(frozen=True)
class DeviceSuccess:
    """How often a device reached the lesion and worked as meant.

    Parameters
    ----------
    device_class
        Class of the device.
    severity
        Grade of the lesion, or ``all``.
    worked
        Uses that worked, of those in which the record says so or not; ``n_unknown`` are the others. Without
        any known use the interval is refused: not recorded is not failed.
    """

    device_class: str
    severity: str
    worked: Share


def estimate_crossover(
    lesions: pl.DataFrame, uses: pl.DataFrame, *, strategies: Sequence[str], clusters: str | None = None
) -> tuple[Crossover | NotEstimable, ...]:
    """Count what followed each intended strategy.

    Parameters
    ----------
    lesions
        One row per lesion: ``lesion_id``, ``strategy_intended``.
    uses
        One row per device used: ``lesion_id``, ``device_class``, ``role``, ``use_plan``.
    strategies
        Codes of the strategies, in the order of the answers.
    clusters
        Column of `lesions` whose rows may resemble one another, or None.

    Returns
    -------
    tuple of Crossover or NotEstimable
        Refused for a strategy that was meant for no lesion.
    """
    told = lesions.join(_tell(uses), on="lesion_id", how="inner")
    return tuple(_follow(told, uses, strategy, clusters) for strategy in strategies)


def _tell(uses: pl.DataFrame) -> pl.DataFrame:
    """Say for each lesion whether a rescue or a bail-out stent is on record, or may be hidden."""
    prepares, is_stent = pl.col("device_class").is_in(list(PREPARING)), pl.col("device_class") == "stent"
    return uses.group_by("lesion_id").agg(
        _seen_or_hidden(prepares).alias("is_rescued"), _seen_or_hidden(is_stent).alias("has_bailout")
    )


def _is_rescue() -> pl.Expr:
    """Whether a device was taken up because another had failed: by its role or by the plan."""
    role, plan = pl.col("role").fill_null("unknown"), pl.col("use_plan").fill_null("unknown")
    return role.is_in(list(RESCUE_ROLES)) | (plan == "bailout")


def _seen_or_hidden(of_class: pl.Expr) -> pl.Expr:
    """Return True where a rescue was seen, null where neither role nor plan tells, else False."""
    role, plan = pl.col("role").fill_null("unknown"), pl.col("use_plan").fill_null("unknown")
    hidden = (of_class & (role == "unknown") & (plan == "unknown")).any()
    seen = (of_class & _is_rescue()).any()
    return pl.when(seen).then(statement=True).when(~hidden).then(statement=False)


def _follow(
    told: pl.DataFrame, uses: pl.DataFrame, strategy: str, clusters: str | None
) -> Crossover | NotEstimable:
    """Count what followed one strategy."""
    meant = told.filter(pl.col("strategy_intended") == strategy)
    if not meant.height:
        return NotEstimable(strategy, "It was meant for no lesion on record.", "no_patients")
    rescuers = (
        uses.filter(_is_rescue() & pl.col("device_class").is_in(list(PREPARING)))
        .join(meant.select("lesion_id"), on="lesion_id", how="semi")
        .unique(["lesion_id", "device_class"])["device_class"]
        .value_counts(name="n")
        .sort("n", "device_class", descending=[True, False])
    )
    return Crossover(
        strategy=strategy,
        rescued=count_share(meant, pl.col("is_rescued"), clusters=clusters, group=strategy),
        rescuers=dict(rescuers.iter_rows()),
        bailout_stent=count_share(meant, pl.col("has_bailout"), clusters=clusters, group=strategy),
    )


def estimate_success(
    uses: pl.DataFrame, *, devices: Sequence[str], severities: Sequence[str], clusters: str | None = None
) -> tuple[DeviceSuccess | NotEstimable, ...]:
    """Estimate how often devices worked, by class and calcification grade.

    Parameters
    ----------
    uses
        One row per device used: ``device_class``, ``device_success`` (null where not recorded),
        ``severity``.
    devices, severities
        Classes and grades, in the order of the answers; ``all`` grades come first.
    clusters
        Column whose rows may resemble one another, or None.

    Returns
    -------
    tuple of DeviceSuccess or NotEstimable
        Classes that were not used are refused; grades without a use are left out.
    """
    answers: list[DeviceSuccess | NotEstimable] = []
    for device in devices:
        rows = uses.filter(pl.col("device_class") == device)
        if not rows.height:
            answers.append(NotEstimable(device, "The device was not used.", "no_patients"))
            continue
        parts = [
            ("all", rows),
            *((grade, rows.filter(pl.col("severity") == grade)) for grade in severities),
        ]
        answers += [
            DeviceSuccess(
                device,
                grade,
                count_share(part, pl.col("device_success"), clusters=clusters, group=f"{device} {grade}"),
            )
            for grade, part in parts
            if part.height
        ]
    return tuple(answers)


def count_plans(uses: pl.DataFrame, *, devices: Sequence[str]) -> pl.DataFrame:
    """Count planned and bail-out uses of each class.

    Parameters
    ----------
    uses
        One row per device used: ``device_class``, ``use_plan``.
    devices
        Classes, in the order of the answer.

    Returns
    -------
    polars.DataFrame
        ``device_class``, ``n_planned``, ``n_bailout``, ``n_unknown``; every class, zeros included.
    """
    plan = pl.col("use_plan").fill_null("unknown")
    counts = uses.group_by("device_class").agg(
        (plan == name).sum().cast(pl.Int64).alias(f"n_{name}") for name in ("planned", "bailout", "unknown")
    )
    order = pl.DataFrame({"device_class": list(devices)}, schema={"device_class": pl.String})
    return order.join(counts, on="device_class", how="left", maintain_order="left").fill_null(0)
