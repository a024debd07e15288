"""Rules about missing values of a whole site: M01 to M07."""

from __future__ import annotations

import polars as pl

from schemas.rules.completeness_texts import RULES
from schemas.rules.rule import RowCheck
from schemas.rules.site_frames import SiteCheck, SiteFrames, is_filled, measured, nothing_measured

__all__ = ["ROW_CHECKS", "RULES", "SITE_CHECKS"]

_Z = 2.576  # a difference of shares must also be beyond chance (two-sided 1 per cent)

DETAILS = {
    "rotational_atherectomy": "diameter_mm",
    "orbital_atherectomy": "rotation_speed_krpm",
    "intravascular_lithotripsy": "ivl_pulses",
    "elca": "laser_fluence_mj_mm2",
}
"""What a row of each class of device should tell: burr size, speed, pulses, fluence."""

MEASUREMENTS = (
    "calcium_arc_deg",
    "calcium_thickness_mm",
    "calcium_length_mm",
    "calcium_arc270_length_mm",
    "calcium_depth",
    "calcified_nodule",
    "calcium_fracture",
    "vessel_diameter_mm",
    "mla_mm2",
    "reference_lumen_area_mm2",
    "msa_mm2",
    "stent_expansion_pct",
)

DEVICE_KINDS = {
    "rotational_atherectomy": "rotational",
    "orbital_atherectomy": "orbital",
    "intravascular_lithotripsy": "lithotripsy",
    "elca": "laser",
    "cutting_balloon": "cutting",
    "scoring_balloon": "cutting",
}
"""Kinds of device that completeness is compared between, in the order in which one names a lesion."""

ROW_CHECKS = (
    RowCheck(
        rule_id="M07",
        table="imaging",
        column="modality",
        passes=pl.any_horizontal(pl.col(name).is_not_null() for name in MEASUREMENTS),
        applies=pl.col("modality").is_not_null(),
    ),
)


def judged(
    counts: pl.DataFrame, *, table: str, column: str | None, fewest: int, least: float
) -> pl.DataFrame:
    """Hold the share of good rows against a limit: ``n_violating`` and ``n_checked`` by site."""
    share = 1 - pl.col("n_violating") / pl.col("n_checked")
    counts = counts.with_columns(share.alias("value"))
    is_failed = pl.when(pl.col("n_checked") >= fewest).then(pl.col("value") < least)
    return measured(counts.with_columns(is_failed.alias("is_failed")), table=table, column=column)


def tells(frame: pl.DataFrame, column: str) -> pl.Expr:
    """Return whether a row tells the value; a day count stands for a date."""
    filled = is_filled(frame, column)
    if column.endswith("_date"):
        filled |= pl.col(f"{column.removesuffix('_date')}_day").is_not_null()
    return filled


def loses_value() -> pl.Expr:
    """Return whether a finding of level ROW says that its column has no value, or none that can be used."""
    return pl.col("rule_id").str.starts_with("C") | (pl.col("rule_id") == "T00")


def asked_rows(table: str, column: str) -> pl.Expr:
    """Return the rows that should have the value: all but structural blanks."""
    if table == "imaging":
        stages = ["after_stent", "final"] if column == "msa_mm2" else ["baseline"]
        return pl.col("stage").is_in(stages)
    if column in {"timi_post", "residual_stenosis_pct"}:
        return (pl.col("crossability") != "wire_failure").fill_null(value=True)
    return pl.lit(value=True)


def column_completeness(frames: SiteFrames) -> pl.DataFrame:
    """Measure the share of filled cells of each column that has a limit; day counts stand for dates.

    A row that was rejected for want of the value counts as sent without it: of accepted rows alone, a
    required column would always be complete.
    """
    parts = [nothing_measured()]
    names = [name.split(".") for name in frames.limits.completeness]
    counts = {
        table: _asked_and_lacking(frames[table], table, [column for of, column in names if of == table])
        for table in dict.fromkeys(table for table, _ in names)
    }
    for (table, column), least in zip(names, frames.limits.completeness.values(), strict=True):
        n_violating, n_checked = pl.col(f"lacks {column}"), pl.col(f"asked {column}")
        counted = counts[table].select("site_id", n_violating=n_violating, n_checked=n_checked)
        counted = counted.filter(pl.col("n_checked") > 0)
        counted = _with_lost(counted, frames.lost.filter(table=table, column=column))
        fewest = frames.limits.fewest
        parts.append(judged(counted, table=table, column=column, fewest=fewest, least=least))
    return pl.concat(parts)


def _asked_and_lacking(frame: pl.DataFrame, table: str, columns: list[str]) -> pl.DataFrame:
    """Count by site the rows that are asked for each column, and those of them that lack it, in one pass."""
    asked = {column: asked_rows(table, column).fill_null(value=False) for column in columns}
    told = frame.select(
        "site_id",
        *(expr.alias(f"asked {column}") for column, expr in asked.items()),
        *((expr & ~tells(frame, column)).alias(f"lacks {column}") for column, expr in asked.items()),
    )
    return told.group_by("site_id").sum()


def _with_lost(counted: pl.DataFrame, lost: pl.DataFrame) -> pl.DataFrame:
    """Add the rows that were rejected for want of the value, to those that lack it and to all."""
    more = lost.select("site_id", n_violating="n", n_checked="n").cast(counted.schema)
    both = pl.concat([counted, more]).drop_nulls("site_id")
    return both.group_by("site_id", maintain_order=True).agg(pl.col("n_violating", "n_checked").sum())


def stated_complications(frames: SiteFrames) -> pl.DataFrame:
    """Measure the share of procedures that state every complication."""
    is_partial = pl.col("complications_recorded") != "all"
    counts = (
        frames["procedures"]
        .group_by("site_id")
        .agg(is_partial.sum().alias("n_violating"), pl.len().alias("n_checked"))
    )
    limits = frames.limits
    return judged(
        counts,
        table="procedures",
        column="complications_recorded",
        fewest=limits.fewest,
        least=limits.complications_recorded,
    )


def vague_grades(frames: SiteFrames) -> pl.DataFrame:
    """Measure the share of lesions graded unknown or not severe."""
    is_vague = pl.col("calcification_angio").is_in(["unknown", "not_severe"])
    counts = (
        frames["lesions"]
        .group_by("site_id")
        .agg(is_vague.sum().alias("n_violating"), pl.len().alias("n_checked"))
    )
    limits = frames.limits
    return judged(
        counts,
        table="lesions",
        column="calcification_angio",
        fewest=limits.fewest,
        least=1 - limits.vague_grades,
    )


def device_details(frames: SiteFrames) -> pl.DataFrame:
    """Measure the share of devices with the detail of their class."""
    parts = [nothing_measured()]
    for device_class, column in DETAILS.items():
        rows = frames["device_uses"].filter(pl.col("device_class") == device_class)
        counts = rows.group_by("site_id").agg(
            pl.col(column).null_count().alias("n_violating"), pl.len().alias("n_checked")
        )
        limits = frames.limits
        parts.append(
            judged(
                counts, table="device_uses", column=column, fewest=limits.fewest, least=limits.device_detail
            )
        )
    return pl.concat(parts)


def missing_by_group(
    frame: pl.DataFrame, *, table: str, columns: list[str], group: str, frames: SiteFrames
) -> pl.DataFrame:
    """Measure the widest difference between groups in the share of missing values, by site and column.

    Parameters
    ----------
    frame
        Rows with ``site_id`` and the column ``group``; rows without a group are left out.
    table, columns
        What is looked at.
    group
        Column that tells the groups apart; one with fewer rows than the limit asks for is left out.
    frames
        Where the limits stand.
    """
    missing = [(~is_filled(frame, name)).sum().alias(name) for name in columns]
    counts = (
        frame.drop_nulls(["site_id", group]).group_by("site_id", group).agg(pl.len().alias("n"), *missing)
    )
    counts = counts.filter(pl.col("n") >= frames.limits.fewest)
    long = counts.unpivot(
        columns, index=["site_id", group, "n"], variable_name="column", value_name="missing"
    )
    # Of groups with the same share the same one is the last in every run.
    long = long.with_columns(share=pl.col("missing") / pl.col("n")).sort("share", group)
    ends = long.group_by("site_id", "column", maintain_order=True).agg(
        pl.len().alias("groups"),
        (pl.col("share").last() - pl.col("share").first()).alias("value"),
        (1 / pl.col("n").first() + 1 / pl.col("n").last()).alias("spread"),
        pl.col("missing").sum().alias("n_violating"),
        pl.col("n").sum().alias("n_checked"),
    )
    pooled = pl.col("n_violating") / pl.col("n_checked")
    chance = _Z * (pooled * (1 - pooled) * pl.col("spread")).sqrt()
    is_failed = (pl.col("value") > frames.limits.missing_difference) & (pl.col("value") > chance)
    ends = ends.filter(pl.col("groups") > 1).with_columns(is_failed.alias("is_failed"))
    return measured(ends, table=table)


def missing_by_outcome(frames: SiteFrames) -> pl.DataFrame:
    """Compare missing values between patients who died and the others."""
    dead = frames["events"].filter(pl.col("event_type") == "death")["patient_id"].implode()
    is_dead = pl.col("patient_id").is_in(dead) | (pl.col("discharge_status") == "dead")
    frame = frames["procedures"].with_columns(is_dead.alias("is_dead"))
    columns = [name.split(".")[1] for name in frames.limits.completeness if name.startswith("procedures.")]
    columns = [name for name in columns if not name.endswith("_date")]
    return missing_by_group(frame, table="procedures", columns=columns, group="is_dead", frames=frames)


def device_kinds(device_uses: pl.DataFrame) -> pl.DataFrame:
    """Return ``lesion_id`` and ``kind`` of the lesions with a calcium-modifying device, one row each."""
    order = {name: place for place, name in enumerate(dict.fromkeys(DEVICE_KINDS.values()))}
    kind = pl.col("device_class").replace_strict(DEVICE_KINDS, default=None, return_dtype=pl.String)
    used = device_uses.select("lesion_id", kind=kind).drop_nulls()
    place = pl.col("kind").replace_strict(order, return_dtype=pl.Int8)
    used = used.with_columns(place.alias("place")).group_by("lesion_id").agg(pl.col("place").min())
    names = {place: name for name, place in order.items()}
    return used.select("lesion_id", kind=pl.col("place").replace_strict(names, return_dtype=pl.String))


def missing_by_device(frames: SiteFrames) -> pl.DataFrame:
    """Compare missing values of lesions between kinds of device; lesions without one count as one kind."""
    frame = frames["lesions"].join(
        device_kinds(frames["device_uses"]), on="lesion_id", how="left", maintain_order="left"
    )
    frame = frame.with_columns(pl.col("kind").fill_null("balloon"))
    columns = [name.split(".")[1] for name in frames.limits.completeness if name.startswith("lesions.")]
    return missing_by_group(frame, table="lesions", columns=columns, group="kind", frames=frames)


SITE_CHECKS = (
    SiteCheck(rule_id="M01", measure=column_completeness),
    SiteCheck(rule_id="M02", measure=stated_complications),
    SiteCheck(rule_id="M03", measure=missing_by_outcome),
    SiteCheck(rule_id="M04", measure=missing_by_device),
    SiteCheck(rule_id="M05", measure=vague_grades),
    SiteCheck(rule_id="M06", measure=device_details),
)
