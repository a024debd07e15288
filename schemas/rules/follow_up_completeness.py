"""Rules about how much of the follow-up of a site is known: M09 to M11, and S10."""

from __future__ import annotations

import polars as pl

from schemas.rules.completeness import device_kinds, judged
from schemas.rules.frames import may_repeat
from schemas.rules.site_frames import SiteCheck, SiteFrames, measured, variance_of_whole_numbers

MONTH_OPENS, MONTH_CLOSES = 23, 60
YEAR_OPENS, YEAR_CLOSES = 300, 425
"""Days in which a contact of 30 days and of one year falls (NCDR elements 23 and 425)."""

YEAR = 365


def _day(date: str, day: str) -> pl.Expr:
    """Return a moment as a number of days, of dates or of day counts."""
    return pl.coalesce(pl.col(date).cast(pl.Int64), pl.col(day))


def first_courses(frames: SiteFrames) -> pl.DataFrame:
    """Return the course of each patient from the first procedure.

    Columns ``site_id``, ``patient_id``, ``procedure_id``, ``start``; ``death`` and ``seen`` (days after it:
    of death, and of the last contact that tells something, or null); ``reach`` (days to the cut-off of the
    site, or to the load); ``age_years``, ``dialysis``. Sites whose outcomes come by linkage alone are left
    out: all of theirs are known up to the cut-off.
    """
    return frames.once("first_courses", _first_courses)


def _first_courses(frames: SiteFrames) -> pl.DataFrame:
    """Work out the courses, for all rules that ask."""
    cutoff = _day("data_cutoff_date", "data_cutoff_day").alias("cutoff")
    sites = frames["sites"].select("site_id", "date_policy", "followup_source", cutoff)
    sites = sites.filter(~pl.col("followup_source").is_in(["linkage", "none"]))
    start = _day("procedure_date", "procedure_day").alias("start")
    names = ("site_id", "patient_id", "procedure_id", "age_years", "dialysis", "discharge_status")
    first = frames["procedures"].select(*names, start).drop_nulls("start")
    # Of two procedures of one day the one that comes first in the file is the first, in every run.
    first = _first_of_each(first.join(sites, on="site_id", maintain_order="left"))
    told = frames["follow_up"].filter(pl.col("vital_status") != "lost")
    seen = told.group_by("patient_id").agg(_day("contact_date", "contact_day").max().alias("seen"))
    dead = frames["events"].filter(pl.col("event_type") == "death")
    dead = dead.group_by("patient_id").agg(_day("event_date", "event_day").min().alias("death"))
    joined = first.join(seen, on="patient_id", how="left").join(dead, on="patient_id", how="left")
    load = pl.lit(frames.scene.load_date).cast(pl.Date).cast(pl.Int64)
    # Days that count from time zero cannot be held against a calendar; the last contact bounds them.
    end = pl.coalesce("cutoff", pl.when(pl.col("date_policy") == "actual").then(load))
    return joined.with_columns(pl.col("seen", "death") - pl.col("start"), reach=end - pl.col("start"))


def _first_of_each(procedures: pl.DataFrame) -> pl.DataFrame:
    """Return the first procedure of each patient; only those of patients who may have several are sorted."""
    is_repeated = may_repeat(procedures["patient_id"])
    several = procedures.filter(is_repeated).sort("start", maintain_order=True)
    return pl.concat(
        [procedures.filter(~is_repeated), several.unique("patient_id", keep="first", maintain_order=True)]
    )


def _is_known(opens: int, until: int) -> pl.Expr:
    """Whether the status is known: dead by then, or seen when the window opens or later."""
    is_dead = (pl.col("death") <= until).fill_null(value=False) | (pl.col("discharge_status") == "dead")
    return is_dead | (pl.col("seen") >= opens).fill_null(value=False) | pl.col("death").is_not_null()


def known_status(frames: SiteFrames) -> pl.DataFrame:
    """Measure the share of patients whose status at 30 days and one year is known."""
    courses, limits = first_courses(frames), frames.limits
    parts = []
    for opens, closes, window, least in (
        (MONTH_OPENS, MONTH_CLOSES, "d30", limits.known_30_days),
        (YEAR_OPENS, YEAR_CLOSES, "m12", limits.known_1_year),
    ):
        due = courses.filter(pl.col("reach") >= closes)
        counts = due.group_by("site_id").agg(
            (~_is_known(opens, closes)).sum().alias("n_violating"), pl.len().alias("n_checked")
        )
        parts.append(judged(counts, table="follow_up", column=window, fewest=limits.fewest, least=least))
    return pl.concat(parts)


def clark_completeness(courses: pl.DataFrame, by: list[str], *, horizon: int = YEAR) -> pl.DataFrame:
    """Return the completeness of follow-up after Clark [1]_ by groups.

    Parameters
    ----------
    courses
        ``death`` and ``seen`` (days after the start, or null) and ``reach`` (days to the cut-off).
    by
        Columns that tell the groups apart.
    horizon
        Days up to which time counts.

    Returns
    -------
    polars.DataFrame
        The groups, ``n`` (patients) and ``clark``: observed over potential person-time, both capped at the
        horizon; the potential time ends with death or the cut-off.

    References
    ----------
    .. [1] Clark et al. (2002), Lancet 359:1309-1310, doi:10.1016/S0140-6736(02)08272-7.
    """
    end = pl.min_horizontal(pl.lit(horizon), "reach")
    potential = pl.min_horizontal("death", end).clip(lower_bound=0)
    observed = pl.min_horizontal(pl.coalesce("death", "seen").fill_null(0), potential).clip(lower_bound=0)
    sums = courses.filter(pl.col("reach") > 0).group_by(by)
    return sums.agg(pl.len().alias("n"), (observed.sum() / potential.sum()).alias("clark"))


def completeness_of_follow_up(frames: SiteFrames) -> pl.DataFrame:
    """Measure Clark's completeness at one year, and its gap between kinds of device."""
    limits = frames.limits
    courses = first_courses(frames)
    lesions = frames["lesions"].select("lesion_id", "procedure_id")
    kinds = device_kinds(frames["device_uses"]).join(lesions, on="lesion_id")
    kinds = kinds.sort("lesion_id").unique("procedure_id", keep="first").drop("lesion_id")
    courses = courses.join(kinds, on="procedure_id", how="left")
    overall = clark_completeness(courses, ["site_id"]).filter(pl.col("n") >= limits.fewest)
    overall = overall.select(
        "site_id",
        column=pl.lit("contact_date"),
        n_violating=pl.lit(0),
        n_checked="n",
        value="clark",
        is_failed=pl.col("clark") < limits.clark_completeness,
    )
    groups = clark_completeness(courses.drop_nulls("kind"), ["site_id", "kind"])
    sizes = pl.len().alias("groups"), pl.col("n").sum().alias("n_checked")
    gap = (pl.col("clark").max() - pl.col("clark").min()).alias("value")
    gaps = groups.filter(pl.col("n") >= limits.fewest).group_by("site_id").agg(*sizes, gap)
    gaps = gaps.filter(pl.col("groups") > 1).with_columns(
        column=pl.lit("device_class"),
        n_violating=pl.lit(0),
        is_failed=pl.col("value") > limits.clark_gap,
    )
    return pl.concat([measured(overall, table="follow_up"), measured(gaps, table="follow_up")])


def lost_patients(frames: SiteFrames) -> pl.DataFrame:
    """Measure how far patients of unknown status at one year differ from the rest, as a standardised mean."""
    limits = frames.limits
    courses = first_courses(frames).filter(pl.col("reach") >= YEAR_CLOSES)
    courses = courses.with_columns(
        (~_is_known(YEAR_OPENS, YEAR_CLOSES)).alias("lost"), pl.col("dialysis").cast(pl.Float64)
    )
    parts = []
    for name in ("age_years", "dialysis"):
        lost = pl.col("lost")
        groups = pl.col(name).filter(lost), pl.col(name).filter(~lost)
        sums = (
            courses.drop_nulls(name)
            .group_by("site_id")
            .agg(
                lost.sum().alias("n_violating"),
                pl.len().alias("n_checked"),
                (groups[0].mean() - groups[1].mean()).abs().alias("gap"),
                ((variance_of_whole_numbers(groups[0]) + variance_of_whole_numbers(groups[1])) / 2)
                .sqrt()
                .alias("spread"),
            )
        )
        rest = pl.col("n_checked") - pl.col("n_violating")
        sums = sums.filter((pl.col("n_violating") >= limits.fewest) & (rest >= limits.fewest))
        sums = sums.with_columns(value=pl.when(pl.col("spread") > 0).then(pl.col("gap") / pl.col("spread")))
        sums = sums.with_columns(is_failed=pl.col("value") >= limits.lost_difference)
        parts.append(measured(sums, table="procedures", column=name))
    return pl.concat(parts)


def deaths_of_contacted(frames: SiteFrames) -> pl.DataFrame:
    """Measure how surprising it is that no patient without a contact died after discharge.

    The chance of none follows from the deaths of the contacted; it is no chance if it falls below the limit.
    """
    courses = first_courses(frames).filter((pl.col("discharge_status") != "dead") & (pl.col("reach") >= YEAR))
    is_contacted = pl.col("patient_id").is_in(frames["follow_up"]["patient_id"].implode())
    is_dead = pl.col("death").is_not_null()
    sums = courses.group_by("site_id").agg(
        pl.len().alias("n_checked"),
        is_contacted.sum().alias("contacted"),
        (is_contacted & is_dead).sum().alias("deaths"),
        (~is_contacted).sum().alias("n_violating"),
        (~is_contacted & is_dead).sum().alias("others"),
    )
    sums = sums.filter((pl.col("contacted") > 0) & (pl.col("n_violating") > 0))
    chance = (1 - pl.col("deaths") / pl.col("contacted")).pow(pl.col("n_violating"))
    sums = sums.with_columns(chance.alias("value"))
    is_failed = (pl.col("others") == 0) & (pl.col("value") < frames.limits.no_event)
    return measured(sums.with_columns(is_failed.alias("is_failed")), table="events", column="event_type")


SITE_CHECKS = (
    SiteCheck(rule_id="M09", measure=known_status),
    SiteCheck(rule_id="M10", measure=completeness_of_follow_up),
    SiteCheck(rule_id="M11", measure=lost_patients),
    SiteCheck(rule_id="S10", measure=deaths_of_contacted),
)
