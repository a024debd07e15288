"""Rule D04: the same person may have been sent by two sites."""

from __future__ import annotations

import polars as pl

from schemas.rules.frames import Frames, failing, none_failing
from schemas.rules.rule import CrossCheck, Rule

RULES = (
    Rule(
        id="D04",
        level="WARN",
        sentence="Another site has a procedure that fits: sex, age, day, vessels and devices agree.",
        remedy="Ask both sites whether the patient was transferred; count the procedure once.",
        kahn="D",
        tables=("procedures", "patients", "lesions", "device_uses"),
    ),
)


_HISTORY = ("diabetes", "hypertension", "dialysis", "prior_mi", "prior_cabg", "pad")


def people_of_two_sites(frames: Frames) -> pl.Series:
    """Return procedures of which another site, here or in the history, has a likely twin.

    Sex, vessels and device classes are equal, age within a year, date within a day, and nothing that both
    sites know of the patient's history differs: without that, chance alone finds twins in a large registry.
    """
    history = frames.context.history
    sites = pl.concat([frames["procedures"]["site_id"], _column(history.get("procedures"), "site_id")])
    if sites.n_unique() < 2:
        return none_failing()
    names = ("patients", "procedures", "lesions", "device_uses")
    if any(frames[name].is_empty() for name in names):
        return none_failing()
    dated = frames.truly_dated("procedures", "procedure_date")["at"]
    own = _fingerprints({name: frames[name] for name in names}, dated)
    others = [own.drop("at")]
    if all(name in history for name in names):
        past = {name: history[name] for name in names}
        past["procedures"] = past["procedures"].with_row_index("at").with_columns(pl.col("at").cast(pl.Int64))
        others.append(_fingerprints(past, past["procedures"]["at"]).drop("at"))
    near = pl.concat([pl.concat(others).with_columns(pl.col("day") + step) for step in (-1, 0, 1)])
    near = near.rename({name: f"other_{name}" for name in ("age_years", "site_id", *_HISTORY)})
    pairs = own.join(near, on=["day", "key"], how="inner")
    is_twin = (pl.col("site_id") != pl.col("other_site_id")) & (
        (pl.col("age_years") - pl.col("other_age_years")).abs() <= 1
    )
    differs = pl.any_horizontal(
        (pl.col(name) != pl.col(f"other_{name}")).fill_null(value=False) for name in _HISTORY
    )
    return failing(pairs.filter(is_twin & ~differs).unique("at"), pl.lit(value=True))


def _column(frame: pl.DataFrame | None, name: str) -> pl.Series:
    """Return a column of a table that may be absent."""
    return pl.Series(name, [], dtype=pl.String) if frame is None else frame[name]


def _fingerprints(tables: dict[str, pl.DataFrame], dated: pl.Series) -> pl.DataFrame:
    """Return site, age, day and history by ``at``, and a ``key`` for all that must be equal."""
    lesions = tables["lesions"].select("lesion_id", "procedure_id", "vessel")
    devices = (
        tables["device_uses"].select("lesion_id", "device_class").join(lesions, on="lesion_id", how="inner")
    )
    vessel_sets = lesions.group_by("procedure_id").agg(pl.col("vessel").unique().sort().str.join("|"))
    device_sets = devices.group_by("procedure_id").agg(
        pl.col("device_class").unique().sort().str.join("|").alias("devices")
    )
    frame = tables["procedures"].filter(pl.col("at").is_in(dated.implode()))
    names = ("at", "patient_id", "procedure_id", "site_id", "age_years")
    frame = frame.select(*names, *_HISTORY, day=pl.col("procedure_date").cast(pl.Int64))
    frame = frame.drop_nulls([*names, "day"])
    frame = frame.join(tables["patients"].select("patient_id", "sex"), on="patient_id", how="inner")
    frame = frame.join(vessel_sets, on="procedure_id", how="inner")
    frame = frame.join(device_sets, on="procedure_id", how="inner")
    key = pl.struct("sex", "vessel", "devices").hash(seed=0)
    return frame.select("at", "site_id", "age_years", "day", *_HISTORY, key.alias("key"))


CROSS_CHECKS = (
    CrossCheck(
        rule_id="D04",
        table="procedures",
        column="procedure_id",
        failing=people_of_two_sites,
        needs=("procedures.age_years", "procedures.procedure_date", "device_uses.device_class"),
    ),
)
