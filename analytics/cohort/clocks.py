"""The two clocks of every index procedure: how long vital status, and how long non-fatal events, are known.

Silence is never event-free, except where a linkage vouches for it up to its cut-off. `docs/methods/cohort.md`
walks through every branch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.cohort.assessment_reach import LEAST_SHARE, derive_asked_that_late
from analytics.cohort.days import STAY_COLUMNS, day_number, derive_patient_scale
from analytics.cohort.deaths import derive_deaths

if TYPE_CHECKING:
    from analytics.cohort.tables import RegistryTables

_LINKED_VITAL = ("linkage", "mixed")
"""Sources whose cut-off vouches for vital status; only ``linkage`` vouches for non-fatal events too."""


def derive_clocks(index: pl.DataFrame, tables: RegistryTables) -> pl.DataFrame:
    """Derive the end of both clocks for every index procedure.

    Parameters
    ----------
    index
        Index rows of the cohort: ``procedure_id``, ``patient_id``, ``site_id``, ``procedure_day``,
        ``discharge_day``, ``discharge_status``.
    tables
        Canonical tables.

    Returns
    -------
    polars.DataFrame
        In the order of `index`: its key columns, ``vital_until`` and ``assessed_until`` (day numbers, never
        before ``procedure_day``), the patient's death of `analytics.cohort.deaths.derive_deaths`, and
        ``death_ends_vital`` and ``death_ends_assessed``: whether that death is an end of the respective
        clock.
    """
    joined = (
        index.select(
            "procedure_id", "patient_id", "site_id", "procedure_day", "discharge_day", "discharge_status"
        )
        .join(derive_patient_scale(tables), on="patient_id", how="left", maintain_order="left")
        .join(_site_policies(tables), on="site_id", how="left", maintain_order="left")
        .join(derive_deaths(tables), on="patient_id", how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("death_day") >= pl.col("procedure_day")).then("death_day").alias("death_day"),
            pl.when(pl.col("is_relative")).then("cutoff_relative").otherwise("cutoff_dated").alias("cutoff"),
            _known_in_hospital().alias("stay_end"),
        )
    )
    with_contacts = joined.join(
        _last_contacts(joined, tables), on="procedure_id", how="left", maintain_order="left"
    ).join(_last_sign_of_life(joined, tables), on="procedure_id", how="left", maintain_order="left")
    return _end_clocks(with_contacts)


def _site_policies(tables: RegistryTables) -> pl.DataFrame:
    """Follow-up source and cut-off of each site; a site that says nothing is followed by contacts."""
    return tables.sites.select(
        "site_id",
        pl.col("followup_source").fill_null("active_contact").alias("source"),
        pl.col("data_cutoff_date").dt.epoch("d").cast(pl.Int64).alias("cutoff_dated"),
        pl.col("data_cutoff_day").alias("cutoff_relative"),
    )


def _known_in_hospital() -> pl.Expr:
    """Day up to which the index stay itself is knowledge: its end where the status at discharge is known."""
    known = pl.col("discharge_status").is_in(["alive", "dead"]) & (
        pl.col("discharge_day") >= pl.col("procedure_day")
    )
    return pl.when(known.fill_null(value=False)).then("discharge_day").otherwise("procedure_day")


def _last_contacts(joined: pl.DataFrame, tables: RegistryTables) -> pl.DataFrame:
    """Summarise the contacts of each index procedure; contacts after the death are nobody's knowledge."""
    contacts = (
        tables.follow_up.join(derive_patient_scale(tables), on="patient_id", how="left")
        .with_columns(day_number("contact_date", "contact_day").alias("day"))
        .select(
            "patient_id",
            "day",
            "vital_status",
            pl.col("contact_method").fill_null("unknown").alias("method"),
            pl.col("nonfatal_events_assessed").fill_null(value=False).alias("assessed"),
            pl.col("end_of_follow_up")
            .is_in(["withdrew", "transferred"])
            .fill_null(value=False)
            .alias("left"),
        )
    )
    day, death = pl.col("day"), pl.col("death_day")
    seen_alive = pl.col("vital_status") == "alive"
    alive = seen_alive & (death.is_null() | (day <= death))
    found_dead = pl.col("vital_status") == "dead"
    asked = pl.col("assessed") & (alive | found_dead)
    return (
        joined.select("procedure_id", "patient_id", "procedure_day", "death_day")
        .join(contacts, on="patient_id", how="inner")
        .filter(day >= pl.col("procedure_day"))
        .group_by("procedure_id")
        .agg(
            day.filter(alive).max().alias("alive_contact"),
            pl.min_horizontal(day, death).filter(asked).max().alias("assessed_contact"),
            day.filter("left").min().alias("left_day"),
            day.filter((pl.col("vital_status") == "lost") & (day < death)).max().alias("lost_day"),
            seen_alive.sum().alias("n_alive_contacts"),
            (seen_alive & pl.col("assessed")).sum().alias("n_asked_contacts"),
            (found_dead & (pl.col("method") != "linkage")).any().alias("found_dead_by_contact"),
        )
    )


def _last_sign_of_life(joined: pl.DataFrame, tables: RegistryTables) -> pl.DataFrame:
    """Find the last later procedure, stay or dated non-fatal event: the patient was alive then."""
    scale = derive_patient_scale(tables)
    visits = tables.procedures.select("patient_id", "discharge_status", *STAY_COLUMNS).join(
        scale, on="patient_id", how="left"
    )
    signs = pl.concat(
        [
            visits.select("patient_id", day_number("procedure_date", "procedure_day").alias("day")),
            visits.filter(pl.col("discharge_status") == "alive").select(
                "patient_id", day_number("discharge_date", "discharge_day").alias("day")
            ),
            tables.events.filter(
                (pl.col("event_type") != "death") & (pl.col("event_date_precision") == "day")
            )
            .join(scale, on="patient_id", how="left")
            .select("patient_id", day_number("event_date", "event_day").alias("day")),
        ]
    )
    return (
        joined.select("procedure_id", "patient_id", "procedure_day", "death_day")
        .join(signs, on="patient_id", how="inner")
        .filter(
            (pl.col("day") >= pl.col("procedure_day"))
            & (pl.col("death_day").is_null() | (pl.col("day") <= pl.col("death_day")))
        )
        .group_by("procedure_id")
        .agg(pl.col("day").max().alias("sign_of_life"))
    )


def _end_clocks(known: pl.DataFrame) -> pl.DataFrame:
    """Put the knowledge together into two ends and say which deaths belong to which."""
    source, stay_end = pl.col("source").fill_null("active_contact"), pl.col("stay_end")
    # Whoever withdrew or moved away is out of the linkage from that day on.
    limit = (
        pl.when(source.is_in(list(_LINKED_VITAL)))
        .then(pl.min_horizontal("cutoff", "left_day"))
        .otherwise("cutoff")
    )
    ends = (
        known.with_columns(
            limit.alias("limit"),
            pl.when(source.is_in(list(_LINKED_VITAL)) & pl.col("cutoff").is_not_null())
            .then(pl.min_horizontal("cutoff", "left_day"))
            .alias("linked_until"),
            source.alias("source"),
        )
        .with_columns(_alive_until().alias("alive_until"), _asked_until().alias("asked_until"))
        .with_columns(_death_ends_vital().alias("death_ends_vital"))
    )
    ends = ends.join(
        derive_asked_that_late(ends), on="procedure_id", how="left", maintain_order="left"
    ).with_columns(_death_ends_assessed().alias("death_ends_assessed"))
    return ends.select(
        "procedure_id",
        "patient_id",
        "site_id",
        "procedure_day",
        pl.when("death_ends_vital")
        .then("death_day")
        .otherwise(pl.max_horizontal("alive_until", stay_end))
        .alias("vital_until"),
        pl.when("death_ends_assessed")
        .then("death_day")
        .otherwise(pl.max_horizontal("asked_until", stay_end))
        .alias("assessed_until"),
        "death_day",
        "death_cause",
        "death_is_exact",
        "death_ends_vital",
        "death_ends_assessed",
    )


def _alive_until() -> pl.Expr:
    """Last day on which the patient is known to have been alive, within what the site vouches for."""
    seen = pl.max_horizontal("stay_end", "alive_contact", "sign_of_life", "linked_until")
    capped = pl.min_horizontal(seen, "limit")
    return pl.when(pl.col("source") == "none").then("stay_end").otherwise(capped)


def _asked_until() -> pl.Expr:
    """Last day up to which non-fatal events were asked about or linked."""
    linked = pl.when(pl.col("source") == "linkage").then("linked_until")
    seen = pl.max_horizontal("stay_end", "assessed_contact", linked)
    capped = pl.min_horizontal(seen, "limit")
    return pl.when(pl.col("source") == "none").then("stay_end").otherwise(capped)


def _death_ends_vital() -> pl.Expr:
    """Whether the death lies within what the site vouches for."""
    in_stay = pl.col("death_day") <= pl.col("stay_end")
    within = (pl.col("source") != "none") & (
        pl.col("limit").is_null() | (pl.col("death_day") <= pl.col("limit"))
    )
    return pl.col("death_day").is_not_null() & (in_stay | within).fill_null(value=False)


def _death_ends_assessed() -> pl.Expr:
    """Whether the death is knowledge of the same kind as the assessed contacts.

    It is when it lies within the assessed time, or when it is the next thing known after it and came by the
    channel that asks the living, or lies so early that the site still asked most of the living, and the
    patient was not lost before it: the living who are lost leave at once.
    """
    death, asked = pl.col("death_day"), pl.col("asked_until")
    next_known = pl.col("alive_contact").is_null() | (pl.col("alive_contact") <= asked)
    found = pl.col("found_dead_by_contact").fill_null(value=False)
    by_linkage = pl.col("death_by_linkage").fill_null(value=False) | pl.col("source").is_in(
        list(_LINKED_VITAL)
    )
    by_contact = (found | ~by_linkage) & _site_asks_the_living()
    never_lost = pl.col("lost_day").is_null() | (pl.col("lost_day") <= asked)
    beside_the_living = by_contact | (pl.col("asked_that_late").fill_null(value=False) & never_lost)
    counts = (death <= asked) | (next_known & beside_the_living)
    return pl.col("death_ends_vital") & counts.fill_null(value=False)


def _site_asks_the_living() -> pl.Expr:
    """Whether at least half of the contacts that found a patient of the site alive asked about events.

    Where contacts ask for vital status only, the living leave the risk set at once: a death would stay in it
    alone and bring the curve to one.
    """
    asked, alive = (
        pl.col(name).fill_null(0).cast(pl.Int64).sum().over("site_id")
        for name in ("n_asked_contacts", "n_alive_contacts")
    )
    return (alive > 0) & (asked >= LEAST_SHARE * alive)
