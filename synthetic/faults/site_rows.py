"""Faults of whole sites that lie in rows: patients nobody asked after, complications in excess."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from synthetic.faults.added_patients import sites_by_size
from synthetic.faults.places import Place

if TYPE_CHECKING:
    from synthetic.faults.added_patients import Texts

_OLD = 68
_DEATHS_MISSED = 6  # that many deaths among the forgotten would be expected: none is no chance
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
    first = first.with_columns(is_dead=pl.col("patient_id").is_in(_dead(texts)))
    is_old = (pl.col("age_years").cast(pl.Float64) >= _OLD) & ~pl.col("is_dead")
    is_forgotten = is_old.fill_null(value=False)
    forgotten = first.filter(is_forgotten)["patient_id"].implode()
    contacts = texts["follow_up"].filter(~pl.col("patient_id").is_in(forgotten))
    found = [
        ("M09", "WARN", "follow_up", "d30"),
        ("M09", "WARN", "follow_up", "m12"),
        ("M10", "WARN", "follow_up", "contact_date"),
        ("M11", "INFO", "procedures", "age_years"),
    ]
    asked = pl.col("patient_id").is_in(contacts["patient_id"].implode())
    deaths, people = first.filter(asked).select(pl.col("is_dead").sum(), pl.len().alias("n")).row(0)
    if deaths * first.filter(is_forgotten).height >= _DEATHS_MISSED * people:
        found.append(("S10", "WARN", "events", "event_type"))
    return texts | {"follow_up": contacts}, [
        Place(rule_id, level, "planted", table, column, site_id=site)
        for rule_id, level, table, column in found
    ]


def _dead(texts: Texts) -> pl.Expr:
    """Return the patients who died, as one list."""
    return pl.lit(texts["events"].filter(event_type="death")["patient_id"]).implode()


def exceed(texts: Texts) -> tuple[Texts, list[Place]]:
    """Add a fall of pressure to every fourth procedure of a site with linkage (S04).

    The two largest have faults of their own; of the others, the largest that records all complications.

    Parameters
    ----------
    texts
        Canonical tables as text.
    """
    every = texts["procedures"].filter(complications_recorded="all")
    sites = [site["site_id"] for site in sites_by_size(texts, ("linkage",))[2:]]
    found = [(site, recorded) for site in sites if (recorded := every.filter(site_id=site)).height >= _FEWEST]
    if not found:
        return texts, []
    site, recorded = found[0]
    hit = recorded.gather_every(_EXCESS_EVERY).select("procedure_id")
    told = {"complication_id": pl.col("procedure_id") + "-C90", "complication_type": pl.lit("hypotension")}
    rows = hit.with_columns(timing=pl.lit("in_lab"), **told)
    complications = pl.concat([texts["complications"], rows], how="diagonal")
    place = Place("S04", "WARN", "planted", "complications", "complication_type", site_id=site)
    return texts | {"complications": complications}, [place]
