"""Faults of whole sites that lie in rows: patients nobody asked after, complications in excess."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from synthetic.faults.added_patients import sites_by_size
from synthetic.faults.places import Place

if TYPE_CHECKING:
    from synthetic.faults.added_patients import Texts

_OLD = 68
_EXCESS_EVERY = 4
_FEWEST = 150  # procedures, without which a site is too small for these faults


def forget_the_old(texts: Texts) -> tuple[Texts, list[Place]]:
    """Take every contact of the living from 68 years on away from the largest site that traces deaths too.

    Then too few are known at 30 days and at one year (M09, M10), they are not like the rest (M11), and
    nobody without a contact has died (S10).

    Parameters
    ----------
    texts
        Canonical tables as text.
    """
    sites = sites_by_size(texts, ("mixed",))
    if not sites or sites[0]["len"] < _FEWEST:
        return texts, []
    site = sites[0]["site_id"]
    first = texts["procedures"].filter(site_id=site).group_by("patient_id").agg(pl.col("age_years").first())
    dead = texts["events"].filter(event_type="death")["patient_id"].implode()
    is_old = (pl.col("age_years").cast(pl.Float64) >= _OLD) & ~pl.col("patient_id").is_in(dead)
    forgotten = first.filter(is_old.fill_null(value=False))["patient_id"].implode()
    contacts = texts["follow_up"].filter(~pl.col("patient_id").is_in(forgotten))
    found = (
        ("M09", "WARN", "planted", "follow_up", "d30"),
        ("M09", "WARN", "planted", "follow_up", "m12"),
        ("M10", "WARN", "planted", "follow_up", "contact_date"),
        ("M10", "WARN", "consequence", "follow_up", "device_class"),
        ("M11", "INFO", "planted", "procedures", "age_years"),
        ("M11", "INFO", "consequence", "procedures", "dialysis"),
        ("S10", "WARN", "planted", "events", "event_type"),
    )
    return texts | {"follow_up": contacts}, [Place(*facts, site_id=site) for facts in found]


def exceed(texts: Texts) -> tuple[Texts, list[Place]]:
    """Add a fall of pressure to every fourth procedure of the third largest site with linkage (S04).

    Parameters
    ----------
    texts
        Canonical tables as text.
    """
    sites = sites_by_size(texts, ("linkage",))
    if len(sites) < 3 or sites[2]["len"] < _FEWEST:
        return texts, []
    site = sites[2]["site_id"]
    recorded = texts["procedures"].filter(site_id=site, complications_recorded="all")
    hit = recorded.gather_every(_EXCESS_EVERY).select("procedure_id")
    told = {"complication_id": pl.col("procedure_id") + "-C90", "complication_type": pl.lit("hypotension")}
    rows = hit.with_columns(timing=pl.lit("in_lab"), **told)
    # What one hospital has too many of, the others have too few of beside it.
    others = texts["sites"].filter(pl.col("site_id") != site)["site_id"]
    found = [("planted", site), *(("consequence", str(other)) for other in others)]
    return (
        texts | {"complications": pl.concat([texts["complications"], rows], how="diagonal")},
        [
            Place("S04", "WARN", cause, "complications", "complication_type", site_id=of)
            for cause, of in found
        ],
    )
