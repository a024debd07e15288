"""Drift: each month of a site held against its own past and against the other sites, as one long table."""

from __future__ import annotations

from math import lgamma
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from schemas.rules.completeness import asked_rows, device_kinds
from schemas.rules.limits import DEFAULT_LIMITS, RuleLimits
from schemas.rules.site_frames import is_filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

DRIFT_SCHEMA: dict[str, type[pl.DataType]] = {
    "site_id": pl.String,
    "month": pl.Date,  # first day of the month
    "column": pl.String,  # table.column, or "procedures" for the volume
    "measure": pl.String,  # completeness, volume or stability_index
    "versus": pl.String,  # own_history (the twelve months before) or other_sites (the same months)
    "value": pl.Float64,  # share filled, number of procedures, or the index
    "reference": pl.Float64,  # share or mean number there; for the index its limit
    "n": pl.Int64,  # rows of the month
    "flag": pl.String,  # ok, alert, or too_few to say
}
"""Columns of the drift table."""

MONTHS_BEFORE = 12
_ALERT_Z = 3.0
_NO_MORE = 1e-17  # a term so much smaller than its sum changes nothing
_KEYS = ["site_id", "month"]
_CHI_SQUARE_999 = (10.83, 13.82, 16.27, 18.47, 20.52, 22.46, 24.32, 26.12, 27.88, 29.59, 31.26, 32.91)


def derive_drift(tables: Mapping[str, pl.DataFrame], *, limits: RuleLimits = DEFAULT_LIMITS) -> pl.DataFrame:
    """Measure completeness, volume and mix of every site and month.

    Parameters
    ----------
    tables
        Canonical ``sites``, ``procedures``, ``lesions``, ``imaging`` and ``device_uses``.
    limits
        Which columns are core, from how many rows on a share says something (``fewest``), and the limits of
        the stability index and of surprise.

    Returns
    -------
    polars.DataFrame
        Columns of `DRIFT_SCHEMA`. Shares are flagged where they lie more than three standard errors below
        the reference; numbers of procedures where a Poisson count is as unlikely as ``limits.surprise``
        allows; mixes where the stability index passes its limit and is beyond chance (chi-square 0.999).
        Sites without calendar dates have no months. A flag is a question to the site, never a filter.
    """
    dated = _dated(tables)
    placed = {name: _placed(tables, name, dated) for name in ("procedures", "lesions", "imaging")}
    parts = [pl.DataFrame(schema=DRIFT_SCHEMA), *_volumes(dated, limits)]
    for table, rows in placed.items():
        parts += _completeness(rows, table, limits)
    for name, rows in _mixes(tables, placed).items():
        parts += _indices(rows, name, limits)
    return pl.concat([_shaped(part) for part in parts]).sort(
        "site_id", "month", "column", "measure", "versus"
    )


def _dated(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return procedures with the month of their real date."""
    sites = tables["sites"].filter(pl.col("date_policy").is_in(["actual", "month_only"]))["site_id"].implode()
    rows = tables["procedures"].filter(pl.col("site_id").is_in(sites)).drop_nulls("procedure_date")
    return rows.with_columns(pl.col("procedure_date").dt.month_start().alias("month"))


def _placed(tables: Mapping[str, pl.DataFrame], name: str, dated: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a table with site and month."""
    if name == "procedures":
        return dated
    owners = dated.select("procedure_id", *_KEYS)
    if name == "imaging":
        owners = tables["lesions"].select("lesion_id", "procedure_id").join(owners, on="procedure_id")
        return tables["imaging"].join(owners.drop("procedure_id"), on="lesion_id")
    return tables[name].join(owners, on="procedure_id")


def _shaped(part: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of the drift table."""
    return part.select(pl.col(name).cast(dtype) for name, dtype in DRIFT_SCHEMA.items())


def _windows(months: pl.DataFrame, sums: list[str]) -> dict[str, pl.DataFrame]:
    """Add to each site and month the sums of its own past and of the other sites in that month.

    ``months`` holds one row a site and month; the sums come back as ``then_...`` and the number of months
    that they span as ``span``.
    """
    wide = months.sort(_KEYS)
    past = wide.rolling(
        "month", period=f"{MONTHS_BEFORE}mo", closed="left", offset=f"-{MONTHS_BEFORE}mo", group_by="site_id"
    )
    own = past.agg(pl.len().alias("span"), *(pl.col(name).sum().alias(f"then_{name}") for name in sums))
    total = wide.with_columns(
        (pl.col(name).sum().over("month") - pl.col(name)).alias(f"then_{name}") for name in sums
    )
    total = total.with_columns((pl.len().over("month") - 1).alias("span"))
    return {"own_history": wide.join(own, on=_KEYS, how="left"), "other_sites": total}


def _completeness(rows: pl.DataFrame, table: str, limits: RuleLimits) -> list[pl.DataFrame]:
    """Measure the share of filled cells of each column of a table that has a limit."""
    columns = [name.split(".")[1] for name in limits.completeness if name.startswith(f"{table}.")]
    columns = [column for column in columns if not column.endswith("_date")]
    asked = {column: asked_rows(table, column).fill_null(value=False) for column in columns}
    # All columns in one pass: rows are put to their months only once.
    claims = rows.select(
        *_KEYS,
        *(is_asked.alias(f"n:{column}") for column, is_asked in asked.items()),
        *((is_asked & is_filled(rows, name)).alias(f"filled:{name}") for name, is_asked in asked.items()),
    )
    sums = claims.group_by(_KEYS).agg(pl.exclude(_KEYS).sum())
    return [part for column in columns for part in _shares(sums, f"{table}.{column}", column, limits)]


def _shares(sums: pl.DataFrame, name: str, column: str, limits: RuleLimits) -> list[pl.DataFrame]:
    """Hold the share of filled cells of one column against both references."""
    counts = sums.select(*_KEYS, n=f"n:{column}", filled=f"filled:{column}")
    months = counts.filter(pl.col("n") > 0)
    value, reference = pl.col("filled") / pl.col("n"), pl.col("then_filled") / pl.col("then_n")
    pooled = (pl.col("filled") + pl.col("then_filled")) / (pl.col("n") + pl.col("then_n"))
    error = (pooled * (1 - pooled) * (1 / pl.col("n") + 1 / pl.col("then_n"))).sqrt()
    is_low = reference - value > _ALERT_Z * error
    names = {"column": pl.lit(name), "measure": pl.lit("completeness")}
    return [
        frame.filter(pl.col("then_n") > 0).with_columns(
            value.alias("value"),
            reference.alias("reference"),
            _flag(is_low, pl.min_horizontal("n", "then_n") >= limits.fewest).alias("flag"),
            versus=pl.lit(versus),
            **names,
        )
        for versus, frame in _windows(months, ["n", "filled"]).items()
    ]


def _flag(is_alert: pl.Expr, is_enough: pl.Expr) -> pl.Expr:
    """Return the flag in words."""
    alert = pl.when(is_alert).then(pl.lit("alert")).otherwise(pl.lit("ok"))
    return pl.when(is_enough).then(alert).otherwise(pl.lit("too_few"))


def _volumes(dated: pl.DataFrame, limits: RuleLimits) -> list[pl.DataFrame]:
    """Hold the number of procedures of each month, empty ones included, against the mean of its past."""
    counts = dated.group_by(_KEYS).agg(pl.len().alias("n"))
    first_last = counts.group_by("site_id").agg(first=pl.col("month").min(), last=pl.col("month").max())
    every = first_last.select(
        "site_id", pl.date_ranges("first", "last", interval="1mo").alias("month")
    ).explode("month")
    months = every.join(counts, on=_KEYS, how="left").with_columns(pl.col("n").fill_null(0))
    frame = _windows(months, ["n"])["own_history"].filter(pl.col("span") >= MONTHS_BEFORE)
    mean = pl.col("then_n") / pl.col("span")
    counts_and_means = frame.select("n", mean.alias("mean"))
    chances = _two_sided(counts_and_means["n"].to_numpy(), counts_and_means["mean"].to_numpy())
    frame = frame.with_columns(pl.Series("chance", chances, dtype=pl.Float64))
    is_enough = pl.col("then_n") >= limits.fewest
    return [
        frame.with_columns(
            pl.col("n").alias("value"),
            mean.alias("reference"),
            _flag(pl.col("chance") < limits.surprise, is_enough).alias("flag"),
            column=pl.lit("procedures"),
            measure=pl.lit("volume"),
            versus=pl.lit("own_history"),
        )
    ]


def _two_sided(counts: npt.NDArray[Any], means: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return twice the Poisson tail beyond each count; 1 where nothing is expected.

    The tail is the probability of the count itself times a series of falling ratios, mean / (count + 1) up
    and count / mean down: a few lines in place of a library that takes longer to import than all of this.
    """
    expected = np.where(means > 0, means, 1.0)
    factorials = np.array([lgamma(count + 1) for count in counts])
    is_above = counts > expected
    term = np.exp(counts * np.log(expected) - expected - factorials)
    tail, step = term.copy(), 0
    while np.any(term > tail * _NO_MORE):
        step += 1
        down = np.maximum(counts - step + 1, 0) / expected
        term = term * np.where(is_above, expected / (counts + step), down)
        tail = tail + term
    return np.where(means > 0, np.minimum(1.0, 2 * tail), 1.0)


def _mixes(tables: Mapping[str, pl.DataFrame], placed: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return site, month and class of each row of the columns whose mix must be stable."""
    procedures, lesions = placed["procedures"], placed["lesions"]
    band = (pl.col("age_years") // 10 * 10).cast(pl.String)
    kinds = lesions.join(device_kinds(tables["device_uses"]), on="lesion_id", how="left")
    classes = {
        "lesions.calcification_angio": lesions.select(*_KEYS, pl.col("calcification_angio").alias("class")),
        "device_uses.device_class": kinds.select(*_KEYS, pl.col("kind").fill_null("balloon").alias("class")),
        "procedures.presentation": procedures.select(*_KEYS, pl.col("presentation").alias("class")),
        "procedures.age_years": procedures.select(*_KEYS, band.alias("class")),
    }
    return {name: rows.drop_nulls() for name, rows in classes.items()}


def _indices(rows: pl.DataFrame, name: str, limits: RuleLimits) -> list[pl.DataFrame]:
    """Measure the stability index of one column."""
    if rows.is_empty():
        return []
    found = []
    wide = rows.group_by(_KEYS).agg(
        (pl.col("class") == label).sum().alias(label) for label in rows["class"].unique().sort()
    )
    labels = [label for label in wide.columns if label not in _KEYS]
    for versus, frame in _windows(wide, labels).items():
        n = pl.sum_horizontal(labels)
        then = pl.sum_horizontal(f"then_{label}" for label in labels)
        sized = frame.with_columns(n.alias("n"), then.alias("then")).filter(pl.col("then") > 0)
        seen = pl.sum_horizontal(
            ((pl.col(label) + pl.col(f"then_{label}")) > 0).cast(pl.Int64) for label in labels
        )
        index = pl.sum_horizontal(_term(label) for label in labels)
        chance = (
            (seen - 1)
            .clip(1, 12)
            .replace_strict(dict(enumerate(_CHI_SQUARE_999, start=1)), return_dtype=pl.Float64)
        )
        size = 1 / (1 / pl.col("n") + 1 / pl.col("then"))
        is_moved = (index > limits.stability_index) & (index * size > chance)
        found.append(
            sized.with_columns(
                index.alias("value"),
                _flag(is_moved, pl.min_horizontal("n", "then") >= limits.fewest).alias("flag"),
                reference=pl.lit(limits.stability_index),
                column=pl.lit(name),
                measure=pl.lit("stability_index"),
                versus=pl.lit(versus),
            )
        )
    return found


def _term(label: str) -> pl.Expr:
    """Return the part of one class in the index; each share is drawn to that of both by one row."""
    both = (pl.col(label) + pl.col(f"then_{label}")) / (pl.col("n") + pl.col("then"))
    p = (pl.col(label) + both) / (pl.col("n") + 1)
    q = (pl.col(f"then_{label}") + both) / (pl.col("then") + 1)
    seen = pl.col(label) + pl.col(f"then_{label}") > 0
    return pl.when(seen).then((p - q) * (p / q).log()).otherwise(0.0)
