"""Rules about how the values of a site are spread: C11, S02, S05, S06, S07, S09 and S11."""

from __future__ import annotations

import polars as pl

from schemas.rules.completeness import device_kinds
from schemas.rules.frames import Frames, failing
from schemas.rules.rule import CrossCheck
from schemas.rules.site_frames import SiteCheck, SiteFrames, measured, nothing_measured

FEWEST_VALUES = 50
FEWEST_OF_PERIOD = 100
RUN_LENGTH = 5

MIXES = {
    "calcification_angio": "lesions",
    "device_class": "device_uses",
    "presentation": "procedures",
    "age_band": "procedures",
}
"""Columns whose mix must be stable, and their tables; ages in bands of ten years."""

CHI_SQUARE_999 = (10.83, 13.82, 16.27, 18.47, 20.52, 22.46, 24.32, 26.12, 27.88, 29.59, 31.26, 32.91)
"""Quantiles 0.999 of chi-square with 1 to 12 degrees of freedom."""

CONTINUOUS = {
    "procedures": (
        "bmi_kg_m2",
        "lvef_pct",
        "creatinine_umol_l",
        "egfr_ml_min_173m2",
        "hemoglobin_g_l",
        "calcium_mmol_l",
        "ldl_mmol_l",
        "hs_crp_mg_l",
        "contrast_ml",
    ),
    "lesions": ("lesion_length_mm",),
}
END_DIGITS = {
    "procedures": ("age_years", "creatinine_umol_l", "egfr_ml_min_173m2", "hemoglobin_g_l"),
    "lesions": ("lesion_length_mm",),
}
_COPIED = (
    "age_years",
    "presentation",
    "diabetes",
    "bmi_kg_m2",
    "lvef_pct",
    "creatinine_umol_l",
    "hemoglobin_g_l",
    "contrast_ml",
)
_MEASURED = ("bmi_kg_m2", "lvef_pct", "creatinine_umol_l", "hemoglobin_g_l", "contrast_ml")


def quadrant_arcs(frames: SiteFrames) -> pl.DataFrame:
    """Measure the share of calcium arcs that are multiples of 90 degrees."""
    arcs = frames["imaging"].select("site_id", "calcium_arc_deg").drop_nulls()
    counts = arcs.group_by("site_id").agg(
        pl.len().alias("n_checked"), (pl.col("calcium_arc_deg") % 90 == 0).sum().alias("n_violating")
    )
    counts = counts.filter(pl.col("n_checked") >= frames.limits.fewest)
    counts = counts.with_columns((pl.col("n_violating") / pl.col("n_checked")).alias("value"))
    counts = counts.with_columns(is_failed=pl.col("value") == 1)
    return measured(counts, table="imaging", column="calcium_arc_deg")


def stability_index(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return the population stability index of classes between two sets of rows, by site.

    Parameters
    ----------
    now, before
        ``site_id`` and ``class`` of each row.

    Returns
    -------
    polars.DataFrame
        ``site_id``, ``n`` and ``n_before`` (rows), ``classes``, ``value``: the sum over classes of
        (p - q) ln(p / q) [1]_, each share drawn to that of both together by one row.

    References
    ----------
    .. [1] Kullback & Leibler (1951), Ann Math Stat 22:79-86, doi:10.1214/aoms/1177729694 (symmetric).
    """
    keys = ["site_id", "class"]
    counts = (
        now.drop_nulls()
        .group_by(keys)
        .len("now")
        .join(before.drop_nulls().group_by(keys).len("then"), on=keys, how="full", coalesce=True)
    )
    counts = counts.with_columns(pl.col("now", "then").fill_null(0).cast(pl.Float64))
    totals = counts.with_columns(
        n=pl.col("now").sum().over("site_id"), n_before=pl.col("then").sum().over("site_id")
    ).filter((pl.col("n") > 0) & (pl.col("n_before") > 0))
    both = (pl.col("now") + pl.col("then")) / (pl.col("n") + pl.col("n_before"))
    p = (pl.col("now") + both) / (pl.col("n") + 1)
    q = (pl.col("then") + both) / (pl.col("n_before") + 1)
    # Added in a fixed order, the classes give the same last digit in every run.
    return (
        totals.sort(keys)
        .group_by("site_id", maintain_order=True)
        .agg(
            pl.col("n").first(),
            pl.col("n_before").first(),
            pl.len().alias("classes"),
            ((p - q) * (p / q).log()).sum().alias("value"),
        )
    )


def _mix(tables: dict[str, pl.DataFrame], column: str) -> pl.DataFrame:
    """Return site, date and class of each row of a column whose mix must be stable."""
    procedures = tables["procedures"]
    if column == "age_band":
        band = (pl.col("age_years") // 10 * 10).cast(pl.String)
        return procedures.select("site_id", "procedure_date", band.alias("class"))
    if column == "presentation":
        return procedures.select("site_id", "procedure_date", pl.col(column).alias("class"))
    dated = procedures.select("procedure_id", "site_id", "procedure_date")
    lesions = tables["lesions"].select("lesion_id", "procedure_id", "calcification_angio")
    lesions = lesions.join(dated, on="procedure_id", how="inner")
    if column == "device_class":
        # Devices of one lesion come in sets, so that only its kind of preparation counts.
        lesions = lesions.join(device_kinds(tables["device_uses"]), on="lesion_id", how="left")
        lesions = lesions.with_columns(pl.col("kind").fill_null("balloon").alias("device_class"))
    return lesions.select("site_id", "procedure_date", pl.col(column).alias("class"))


def changed_mixes(frames: SiteFrames) -> pl.DataFrame:
    """Measure the stability index of grades, devices, presentations and ages against the site's past.

    The past is the history where there is one, and otherwise all but the last year of the submission. A
    change must also be beyond chance, as the index of small samples is large by itself: times the harmonic
    size of the two sets it is about chi-square.
    """
    names = ("procedures", "lesions", "device_uses")
    history = frames.scene.context.history
    has_past = all(name in history for name in names)
    parts = [nothing_measured()]
    for column, table in MIXES.items():
        now = _mix({name: frames[name] for name in names}, column)
        if has_past:
            before = _mix({name: history[name] for name in names}, column)
        else:
            is_late = pl.col("procedure_date") > pl.col("procedure_date").max().dt.offset_by("-1y")
            now = now.drop_nulls("procedure_date").with_columns(is_late.alias("late"))
            before, now = now.filter(~pl.col("late")), now.filter("late")
        parts.append(_judged_index(now, before, frames, table=table, column=column))
    return pl.concat(parts)


def _judged_index(
    now: pl.DataFrame, before: pl.DataFrame, frames: SiteFrames, *, table: str, column: str
) -> pl.DataFrame:
    """Hold a stability index against its limit and against chance."""
    index = stability_index(now.select("site_id", "class"), before.select("site_id", "class"))
    index = index.filter((pl.col("n") >= FEWEST_OF_PERIOD) & (pl.col("n_before") >= FEWEST_OF_PERIOD))
    size = 1 / (1 / pl.col("n") + 1 / pl.col("n_before"))
    place = (pl.col("classes").cast(pl.Int64) - 1).clip(1, len(CHI_SQUARE_999))
    chance = place.replace_strict(dict(enumerate(CHI_SQUARE_999, start=1)), return_dtype=pl.Float64)
    is_failed = (pl.col("value") > frames.limits.stability_index) & (pl.col("value") * size > chance)
    index = index.with_columns(is_failed.alias("is_failed"), n_violating=pl.lit(0), n_checked="n")
    return measured(index, table=table, column="age_years" if column == "age_band" else column)


def end_digits(frames: SiteFrames) -> pl.DataFrame:
    """Measure the share of numbers that end in 0 or 5."""
    parts = [nothing_measured()]
    for table, columns in END_DIGITS.items():
        for column in columns:
            values = frames[table].select("site_id", pl.col(column).round(0).alias("value")).drop_nulls()
            counts = values.group_by("site_id").agg(
                pl.len().alias("n_checked"), (pl.col("value") % 5 == 0).sum().alias("n_violating")
            )
            parts.append(_above(counts, frames.limits.end_digits, table=table, column=column))
    return pl.concat(parts)


def filling_values(frames: SiteFrames) -> pl.DataFrame:
    """Measure the share of the most frequent value of columns of measurements."""
    parts = [nothing_measured()]
    for table, columns in CONTINUOUS.items():
        for column in columns:
            counts = frames[table].select("site_id", column).drop_nulls().group_by("site_id", column).len()
            sums = counts.group_by("site_id").agg(
                pl.col("len").sum().alias("n_checked"), pl.col("len").max().alias("n_violating")
            )
            parts.append(_above(sums, frames.limits.one_value, table=table, column=column))
    return pl.concat(parts)


def _above(counts: pl.DataFrame, most: float, *, table: str, column: str) -> pl.DataFrame:
    """Hold a share against the most that is usual."""
    counts = counts.filter(pl.col("n_checked") >= FEWEST_VALUES)
    counts = counts.with_columns((pl.col("n_violating") / pl.col("n_checked")).alias("value"))
    return measured(counts.with_columns(is_failed=pl.col("value") > most), table=table, column=column)


def copied_down(frames: Frames) -> pl.Series:
    """Return procedures that agree in every measurement with four or more neighbours in the file."""
    n_measured = pl.sum_horizontal(pl.col(name).is_not_null().cast(pl.Int8) for name in _MEASURED)
    frame = frames["procedures"].select("at", pl.struct("site_id", *_COPIED).hash(seed=0).alias("key"))
    frame = frame.with_columns(frames["procedures"].select(n_measured.alias("n"))).sort("at")
    is_new = (pl.col("key") != pl.col("key").shift()).fill_null(value=True)
    # Most rows differ from both neighbours; only the others can be a part of a run.
    frame = frame.with_columns(is_new=is_new).filter(
        ~(pl.col("is_new") & pl.col("is_new").shift(-1, fill_value=True))
    )
    frame = frame.with_columns(pl.col("is_new").cum_sum().alias("run"))
    lengths = frame.group_by("run").len().filter(pl.col("len") >= RUN_LENGTH)
    return failing(frame.join(lengths, on="run", how="semi"), pl.col("n") >= 2)


def unlisted_values(frames: SiteFrames) -> pl.DataFrame:
    """Measure the share of the values of a column that are not in its code list."""
    parts = [nothing_measured()]
    # A cell that no column reads, such as a box of a list, counts in none.
    places = frames.unlisted.select("table", "column").drop_nulls().unique(maintain_order=True)
    for table, column in places.iter_rows():
        known = frames[table].group_by("site_id").agg(pl.col(column).count().alias("known"))
        here = (pl.col("table") == table) & (pl.col("column") == column)
        counts = frames.unlisted.filter(here).select("site_id", n_violating="n")
        counts = counts.join(known, on="site_id", how="left")
        total = pl.col("n_violating") + pl.col("known").fill_null(0)
        counts = counts.with_columns(total.alias("n_checked"))
        parts.append(_above(counts, frames.limits.unlisted_values, table=table, column=column))
    return pl.concat(parts)


SITE_CHECKS = (
    SiteCheck(rule_id="C11", measure=quadrant_arcs),
    SiteCheck(rule_id="S02", measure=changed_mixes),
    SiteCheck(rule_id="S05", measure=end_digits),
    SiteCheck(rule_id="S06", measure=filling_values),
    SiteCheck(rule_id="S11", measure=unlisted_values),
)

CROSS_CHECKS = (
    CrossCheck(
        rule_id="S07",
        table="procedures",
        column="procedure_id",
        failing=copied_down,
    ),
)
