"""Features of a lesion before treatment: from the lesion's row and its baseline imaging."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from analytics.devices.lesion_conditions import COLUMNS
from analytics.devices.sources import check_keys, read_entries, refuse

if TYPE_CHECKING:
    from pathlib import Path

NODULES: Final = ("eruptive", "non_eruptive", "present")


@dataclass(frozen=True)
class Feature:
    """A feature by which lesions are grouped.

    Parameters
    ----------
    key, label
        Stable name, and the words for it.
    column
        Column of the lesion.
    levels
        Code to words, in order; empty for a number.
    cuts
        Upper ends of the bands of a number, each included; empty for codes.
    unit
        Unit of a number.
    """

    key: str
    label: str
    column: str
    levels: dict[str, str]
    cuts: tuple[float, ...] = ()
    unit: str = ""

    @property
    def level_labels(self) -> tuple[str, ...]:
        """Words of the levels, in order."""
        if self.levels:
            return tuple(self.levels.values())
        ends = [f"{cut:g}" for cut in self.cuts]
        between = [f"above {low} to {high}" for low, high in pairwise(ends)]
        return tuple(f"{text} {self.unit}" for text in (f"up to {ends[0]}", *between, f"above {ends[-1]}"))

    def level(self) -> pl.Expr:
        """Words of a lesion's level; null where the record cannot tell."""
        if self.levels:
            return pl.col(self.column).cast(pl.String).replace_strict(self.levels, default=None)
        value, labels = pl.col(self.column), self.level_labels
        closed = [
            pl.when(value <= cut).then(pl.lit(label)) for cut, label in zip(self.cuts, labels, strict=False)
        ]
        return pl.coalesce(*closed, pl.when(value.is_not_null()).then(pl.lit(labels[-1])))


def read_features(path: Path | None = None) -> tuple[Feature, ...]:
    """Read the features.

    Parameters
    ----------
    path
        A TOML file like ``lesion_features.toml`` of this package, which is read where None.

    Raises
    ------
    SpecificationError
        Where a key is unknown or missing, or a feature has not exactly one of levels and cuts.
    """
    name = "lesion_features.toml"
    return tuple(_feature(raw, f"{path or name}: feature") for raw in read_entries(name, "feature", path))


def _feature(raw: dict[str, Any], where: str) -> Feature:
    """Read one entry."""
    check_keys(raw, required={"key", "label", "column"}, optional={"levels", "cuts", "unit"}, where=where)
    cuts = tuple(float(cut) for cut in raw.get("cuts", ()))
    place = f"{where} {raw['key']}"
    if raw["column"] not in COLUMNS or ("levels" in raw) == bool(cuts) or list(cuts) != sorted(set(cuts)):
        fix = "Name a column of the lesion, and either levels or ascending cuts."
        raise refuse(place, "not a feature", fix)
    return Feature(raw["key"], raw["label"], raw["column"], raw.get("levels", {}), cuts, raw.get("unit", ""))


def derive_lesion_features(lesions: pl.DataFrame, imaging: pl.DataFrame) -> pl.DataFrame:
    """Add what baseline imaging says of the calcium.

    Parameters
    ----------
    lesions
        One row per lesion: ``lesion_id`` and any columns.
    imaging
        Canonical table ``imaging``; only runs of the stage ``baseline`` count, since later ones see treated
        calcium.

    Returns
    -------
    polars.DataFrame
        The columns of `lesions`, ``is_imaged``, ``calcium_arc_deg`` and ``calcium_length_mm`` (largest of the
        runs), ``calcium_depth`` (``mixed`` where runs see both depths) and ``has_nodule``. Null where no run
        says it.
    """
    depth, nodule = pl.col("calcium_depth"), pl.col("calcified_nodule")
    seen = {name: depth.is_in([name, "mixed"]).any() for name in ("superficial", "deep")}
    found = (
        imaging.filter(pl.col("stage") == "baseline")
        .group_by("lesion_id")
        .agg(
            pl.col("calcium_arc_deg", "calcium_length_mm").max(),
            pl.when(seen["superficial"] & seen["deep"])
            .then(pl.lit("mixed"))
            .when(seen["superficial"])
            .then(pl.lit("superficial"))
            .when(seen["deep"])
            .then(pl.lit("deep"))
            .when((depth == "none").any())
            .then(pl.lit("none"))
            .alias("calcium_depth"),
            pl.when(nodule.is_in(list(NODULES)).any())
            .then(statement=True)
            .when((nodule == "none").any())
            .then(statement=False)
            .alias("has_nodule"),
            is_imaged=pl.lit(value=True),
        )
    )
    joined = lesions.join(found, on="lesion_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col("is_imaged").fill_null(value=False))
