"""Rules about when a site's procedures were done: M08, S01 and S08."""

from __future__ import annotations

from datetime import timedelta
from math import exp, lgamma, log

import numpy as np
import polars as pl

from schemas.rules.site_frames import SiteCheck, SiteFrames, measured, nothing_measured

FEWEST_DATES = 30
PERIODS_BEFORE = 4
_KINDS_OF_DAY = {"1 January": 0.03, "end of month": 0.12, "Sunday": None}
"""Share of procedures above which a kind of day is heaped; Sundays take the limit of the settings."""


def procedures_by_day(frames: SiteFrames) -> pl.DataFrame:
    """Return ``site_id``, ``procedure_date`` and ``n``, the procedures of a day, of sites with real dates."""
    return frames.once("procedures by day", _procedures_by_day)


def _procedures_by_day(frames: SiteFrames) -> pl.DataFrame:
    """Count the procedures of each site and day."""
    sites = frames["sites"].filter(pl.col("date_policy") == "actual")["site_id"].implode()
    dated = _counted(frames["procedures"].select("site_id", "procedure_date"))
    return dated.filter(pl.col("site_id").is_in(sites))


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    """Count rows by site and day, those without either left out."""
    counts = rows.group_by("site_id", "procedure_date").len("n").cast({"n": pl.Int64})
    return counts.drop_nulls()


def gaps_in_time(frames: SiteFrames) -> pl.DataFrame:
    """Measure how surprising the longest gap between two procedures is, and a volume below the declared one.

    Under a steady rate the gaps are exponential; of n gaps the longest exceeds g with probability
    1 - (1 - exp(-g n / span))^n.
    """
    dates = procedures_by_day(frames).sort("site_id", "procedure_date")
    gap = pl.col("procedure_date").diff().dt.total_days()
    span = (pl.col("procedure_date").max() - pl.col("procedure_date").min()).dt.total_days()
    sums = dates.group_by("site_id", maintain_order=True).agg(
        pl.col("n").sum().alias("n_checked"), gap.max().alias("gap"), span.alias("span")
    )
    sums = sums.filter((pl.col("n_checked") >= FEWEST_DATES) & (pl.col("span") > 0))
    n = pl.col("n_checked") - 1
    one = (-pl.col("gap") * n / pl.col("span")).exp()
    sums = sums.with_columns((1 - (1 - one).pow(n)).alias("value"), n_violating=pl.lit(0))
    sums = sums.with_columns(is_failed=pl.col("value") < frames.limits.surprise)
    found = measured(sums, table="procedures", column="procedure_date")
    return pl.concat([found, _below_declared(frames)])


def _below_declared(frames: SiteFrames) -> pl.DataFrame:
    """Hold the number of procedures against the declared volume: the Poisson chance of so few."""
    declared = frames.scene.context.declared_volumes
    counts = dict(frames["procedures"].group_by("site_id").len().iter_rows())
    rows = [
        {
            "site_id": site,
            "n_violating": max(volume - counts.get(site, 0), 0),
            "n_checked": volume,
            "value": poisson_at_most(counts.get(site, 0), volume),
        }
        for site, volume in declared.items()
        if volume > 0
    ]
    if not rows:
        return nothing_measured()
    frame = pl.DataFrame(rows).with_columns(is_failed=pl.col("value") < frames.limits.surprise)
    return measured(frame, table="procedures", column="procedure_id")


def poisson_at_most(count: int, mean: float) -> float:
    """Return the probability of at most ``count`` events where ``mean`` are expected (mean > 0)."""
    return min(1.0, sum(exp(-mean + k * log(mean) - lgamma(k + 1)) for k in range(count + 1)))


def quarter_volumes(frames: SiteFrames) -> pl.DataFrame:
    """Measure how surprising the newest whole quarter is after the four before it.

    Given the sum of the five, the newest is binomial with probability 1/5 under an equal rate [1]_. The
    quarter in which the submission ends does not count, as it may be incomplete. The tail is taken twice.

    References
    ----------
    .. [1] Przyborowski & Wilenski (1940), Biometrika 31:313-323, doi:10.1093/biomet/31.3-4.313.
    """
    dates = procedures_by_day(frames)
    history = frames.history("procedures")
    last = dates["procedure_date"].max()
    if last is None:
        return nothing_measured()
    if history is not None:
        dates = pl.concat([dates, _counted(history.select("site_id", "procedure_date"))])
    first = dates.group_by("site_id").agg(pl.col("procedure_date").min().alias("first"))
    period = frames.scene.context.period
    newest = _newest_quarter_start(last if period is None else period[1] + timedelta(days=1))
    age = (
        (newest.dt.year() - pl.col("procedure_date").dt.year()) * 4
        + newest.dt.quarter()
        - pl.col("procedure_date").dt.quarter()
    )
    counts = (
        dates.with_columns(age.alias("age"))
        .group_by("site_id")
        .agg(
            pl.col("n").filter(pl.col("age") == 0).sum().alias("now"),
            pl.col("n").filter(pl.col("age").is_between(1, PERIODS_BEFORE)).sum().alias("before"),
        )
    )
    full = first.filter(pl.col("first") <= newest.dt.offset_by("-12mo"))
    counts = counts.join(full, on="site_id", how="semi").filter(pl.col("before") >= frames.limits.fewest)
    rows = [
        {"site_id": site, "n_violating": now, "n_checked": now + before, "value": _tail(now, now + before)}
        for site, now, before in counts.select("site_id", "now", "before").iter_rows()
    ]
    if not rows:
        return nothing_measured()
    frame = pl.DataFrame(rows).with_columns(is_failed=pl.col("value") < frames.limits.surprise)
    return measured(frame, table="procedures", column="procedure_date")


def _newest_quarter_start(end: object) -> pl.Expr:
    """Return the first day of the last quarter that ends before a day."""
    return pl.lit(end, pl.Date).dt.truncate("1q").dt.offset_by("-3mo")


def _tail(count: int, total: int) -> float:
    """Return twice the smaller binomial tail of ``count`` of ``total`` at probability 1/5."""
    share = 1 / (PERIODS_BEFORE + 1)
    log_factorials = np.fromiter(map(lgamma, range(1, total + 2)), dtype=np.float64, count=total + 1)
    k = np.arange(total + 1)
    choices = log_factorials[-1] - log_factorials - log_factorials[::-1]
    logs = choices + k * log(share) + (total - k) * log(1 - share)
    terms: list[float] = np.exp(logs).tolist()
    return min(1.0, 2 * min(sum(terms[: count + 1]), sum(terms[count:])))


def heaped_dates(frames: SiteFrames) -> pl.DataFrame:
    """Measure the share of procedures on 1 January, on the last day of a month and on Sundays."""
    date, n = pl.col("procedure_date"), pl.col("n")
    kinds = {
        "1 January": (date.dt.month() == 1) & (date.dt.day() == 1),
        "end of month": date == date.dt.month_end(),
        "Sunday": date.dt.weekday() == 7,
    }
    sums = (
        procedures_by_day(frames)
        .group_by("site_id")
        .agg(n.sum().alias("n_checked"), *(n.filter(test).sum().alias(name) for name, test in kinds.items()))
    )
    sums = sums.filter(pl.col("n_checked") >= FEWEST_DATES)
    usual = frames.limits.on_one_kind_of_day
    shares = pl.max_horizontal(
        pl.col(name) / pl.col("n_checked") / (most or usual) for name, most in _KINDS_OF_DAY.items()
    )
    sums = sums.with_columns(shares.alias("value"), n_violating=pl.max_horizontal(*kinds))
    sums = sums.with_columns(is_failed=pl.col("value") > 1)
    return measured(sums, table="procedures", column="procedure_date")


SITE_CHECKS = (
    SiteCheck(rule_id="M08", measure=gaps_in_time),
    SiteCheck(rule_id="S01", measure=quarter_volumes),
    SiteCheck(rule_id="S08", measure=heaped_dates),
)
