"""Rules that hold a site against the others, and graders against each other: S03, S04 and S09."""

from __future__ import annotations

import polars as pl

from schemas.rules.site_frames import (
    SiteCheck,
    SiteFrames,
    measured,
    nothing_measured,
    variance_of_whole_numbers,
)
from schemas.rules.site_texts import RULES

__all__ = ["RULES", "SITE_CHECKS"]

FEWEST_OTHERS = 200
FEWEST_OF_FUNNEL = 30
FEWEST_OF_GRADER = 10
EXPECTED_COMPLICATIONS = ("dissection", "perforation", "slow_flow_no_reflow", "side_branch_loss")
_GRADES = {"none": 0, "mild": 1, "moderate": 2, "severe": 3}
_ACUTE = ("nstemi", "stemi", "acs_unspecified")


def _with_history(frames: SiteFrames, table: str, columns: list[str]) -> pl.DataFrame:
    """Return rows of this submission and of the history, told apart by ``is_new``."""
    now = frames[table].select(columns).with_columns(is_new=pl.lit(value=True))
    past = frames.history(table)
    if past is None:
        return now
    return pl.concat([now, past.select(columns).with_columns(is_new=pl.lit(value=False))])


def _recorded(frames: SiteFrames) -> pl.DataFrame:
    """Return procedures that state every complication, with strata of case mix and death in hospital."""
    columns = ["procedure_id", "site_id", "age_years", "presentation", "dialysis", "discharge_status"]
    frame = _with_history(frames, "procedures", [*columns, "complications_recorded"])
    return frame.filter(pl.col("complications_recorded") == "all").select(
        "procedure_id",
        "site_id",
        "is_new",
        is_dead=pl.col("discharge_status") == "dead",
        stratum=(pl.col("age_years") >= 75).fill_null(value=False).cast(pl.Int8)
        + 2 * pl.col("presentation").is_in(_ACUTE).cast(pl.Int8)
        + 4 * pl.col("dialysis").fill_null(value=False).cast(pl.Int8),
    )


def _with_complications(frames: SiteFrames, procedures: pl.DataFrame) -> pl.DataFrame:
    """Add a flag for each expected complication, and ``any``."""
    rows = _with_history(frames, "complications", ["procedure_id", "complication_type"])
    kinds = pl.col("complication_type")
    flags = rows.group_by("procedure_id").agg(
        *((kinds == name).any().alias(name) for name in EXPECTED_COMPLICATIONS), any=pl.lit(value=True)
    )
    joined = procedures.join(flags, on="procedure_id", how="left")
    return joined.with_columns(pl.col(*EXPECTED_COMPLICATIONS, "any").fill_null(value=False))


def _recorded_procedures(frames: SiteFrames) -> pl.DataFrame:
    """Return procedures that state every complication, with what they state."""
    return _with_complications(frames, _recorded(frames))


def unrecorded_kinds(frames: SiteFrames) -> pl.DataFrame:
    """Measure the chance of no complication of a kind, were the site like the others together."""
    rows = frames.once("recorded procedures", _recorded_procedures)
    parts = [nothing_measured()]
    sums = rows.group_by("site_id").agg(
        pl.len().alias("n_checked"), pl.col(*EXPECTED_COMPLICATIONS).sum(), pl.col("is_new").any()
    )
    for kind in EXPECTED_COMPLICATIONS:
        counts = sums.select("site_id", "n_checked", "is_new", n_violating=kind)
        others = pl.col("n_checked").sum() - pl.col("n_checked")
        rate = (pl.col("n_violating").sum() - pl.col("n_violating")) / others
        counts = counts.with_columns(
            others.alias("others"), (1 - rate).pow(pl.col("n_checked")).alias("value")
        )
        counts = counts.filter(pl.col("is_new") & (pl.col("others") >= FEWEST_OTHERS))
        is_failed = (pl.col("n_violating") == 0) & (pl.col("value") < frames.limits.no_event)
        counts = counts.with_columns(is_failed.alias("is_failed"))
        parts.append(measured(counts, table="complications", column="complication_type"))
    every = pl.concat(parts)
    worst = every.sort("value", maintain_order=True)
    return worst.unique("site_id", keep="first", maintain_order=True)


def funnel_positions(frames: SiteFrames) -> pl.DataFrame:
    """Measure how many standard deviations a site lies from what its case mix makes expect.

    Expected numbers are those of all sites together in strata of age 75, acute presentation and dialysis
    (indirect standardisation [1]_). ``value`` is (observed - expected) over the binomial deviation: beyond 2
    is an alert, beyond the limit an alarm.

    References
    ----------
    .. [1] Spiegelhalter (2005), Stat Med 24:1185-1202, doi:10.1002/sim.1970.
    """
    rows = frames.once("recorded procedures", _recorded_procedures)
    parts = [nothing_measured()]
    if rows["site_id"].n_unique() < 2:
        return parts[0]
    for outcome, table, column in (
        ("any", "complications", "complication_type"),
        ("is_dead", "procedures", "discharge_status"),
    ):
        sums = _expected_by_site(rows, outcome)
        sums = sums.filter((pl.col("n_checked") >= FEWEST_OF_FUNNEL) & (pl.col("deviation") > 0))
        z = (pl.col("n_violating") - pl.col("expected")) / pl.col("deviation")
        sums = sums.with_columns(z.alias("value"))
        is_failed = pl.col("value").abs() > frames.limits.funnel_deviations
        parts.append(measured(sums.with_columns(is_failed.alias("is_failed")), table=table, column=column))
    return pl.concat(parts)


def _expected_by_site(rows: pl.DataFrame, outcome: str) -> pl.DataFrame:
    """Return procedures, outcomes, their expected number and its deviation, by site.

    Rows are counted first, which is exact; the few strata of a site are added in their order, so that the
    last digit is the same in every run.
    """
    rates = rows.group_by("stratum").agg(rate=pl.col(outcome).sum() / pl.len())
    own = rows.filter("is_new").group_by("site_id", "stratum")
    counts = own.agg(pl.len().alias("n"), pl.col(outcome).sum().alias("seen"))
    n, rate = pl.col("n"), pl.col("rate")
    strata = counts.join(rates, on="stratum", how="inner").sort("site_id", "stratum")
    return strata.group_by("site_id", maintain_order=True).agg(
        n.sum().alias("n_checked"),
        pl.col("seen").sum().alias("n_violating"),
        (n * rate).sum().alias("expected"),
        (n * rate * (1 - rate)).sum().sqrt().alias("deviation"),
    )


def intraclass_correlation(rows: pl.DataFrame, *, by: str, grader: str) -> pl.DataFrame:
    """Return the one-way intraclass correlation of ``grade`` between graders [1]_.

    Parameters
    ----------
    rows
        ``grade`` (a whole number), ``by`` and ``grader``.
    by
        Column within which graders are compared.
    grader
        Column of the graders; one with fewer than ten rows is left out.

    Returns
    -------
    polars.DataFrame
        ``by``, ``n``, ``graders`` and ``value``.

    References
    ----------
    .. [1] Donner (1986), Int Stat Rev 54:67-82, doi:10.2307/1403259 (from analysis of variance).
    """
    groups = rows.group_by(by, grader).agg(
        pl.len().alias("n"),
        pl.col("grade").mean().alias("mean"),
        variance_of_whole_numbers(pl.col("grade")).alias("var"),
    )
    # Added in a fixed order, the groups give the same last digit in every run.
    groups = groups.filter(pl.col("n") >= FEWEST_OF_GRADER).sort(by, grader)
    n, k = pl.col("n").sum(), pl.len()
    grand = (pl.col("n") * pl.col("mean")).sum() / n
    between = (pl.col("n") * (pl.col("mean") - grand).pow(2)).sum() / (k - 1)
    within = ((pl.col("n") - 1) * pl.col("var")).sum() / (n - k)
    size = (n - pl.col("n").pow(2).sum() / n) / (k - 1)
    icc = (between - within) / (between + (size - 1) * within)
    sums = groups.group_by(by, maintain_order=True).agg(
        n.alias("total"), k.alias("graders"), icc.alias("value")
    )
    return sums.filter(pl.col("graders") > 1).rename({"total": "n"})


def grader_effects(frames: SiteFrames) -> pl.DataFrame:
    """Measure how far the grade depends on the operator of a site, and over all sites on the site."""
    grade = pl.col("calcification_angio").replace_strict(_GRADES, default=None, return_dtype=pl.Float64)
    owners = frames["procedures"].select("procedure_id", "operator_id")
    rows = frames["lesions"].select("site_id", "procedure_id", grade.alias("grade"))
    if rows.is_empty():
        return nothing_measured()
    rows = rows.join(owners, on="procedure_id", how="left").drop_nulls("grade")
    limit = frames.limits.grader_effect
    by_operator = intraclass_correlation(rows.drop_nulls("operator_id"), by="site_id", grader="operator_id")
    everywhere = rows.with_columns(whole=pl.lit("all"))
    by_site = intraclass_correlation(everywhere, by="whole", grader="site_id").drop("whole")
    found = [
        frame.with_columns(is_failed=pl.col("value") > limit, n_checked="n", n_violating=pl.lit(0, pl.Int64))
        for frame in (by_operator, by_site)
    ]
    return pl.concat([measured(frame, table="lesions", column="calcification_angio") for frame in found])


SITE_CHECKS = (
    SiteCheck(rule_id="S03", measure=unrecorded_kinds),
    SiteCheck(rule_id="S04", measure=funnel_positions),
    SiteCheck(rule_id="S09", measure=grader_effects),
)
