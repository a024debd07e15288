"""The row of the submitting hospital, where a mapping names the hospital and feeds no row of ``sites``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.submission import TextTable

if TYPE_CHECKING:
    from collections.abc import Collection

    from schemas.mapping.model import SiteMapping

_DAYS = ("procedure_day", "contact_day", "event_day")
_FIRST = 1


def implied_site(mapping: SiteMapping, known_sites: Collection[str]) -> TextTable | None:
    """Return the site's row out of section ``[source]``, None where it is fed or known already.

    Parameters
    ----------
    mapping
        The mapping in use.
    known_sites
        Sites that the store knows; what it knows of them stays as it is.

    Returns
    -------
    TextTable or None
        One row that stands in the mapping file. What ``[source]`` leaves open is the least claim: dates are
        as sent (or days, where the mapping sets days), and outcomes come from contacts if any are mapped.
    """
    site = mapping.source.site_id
    tables = {emit.table for emit in mapping.emits}
    if site is None or "sites" in tables or site in known_sites:
        return None
    columns = {name for emit in mapping.emits for name in emit.columns}
    least = {
        "site_id": site,
        "date_policy": "relative" if columns & set(_DAYS) else "actual",
        "followup_source": "active_contact" if "follow_up" in tables else "none",
    }
    place = {"row": 0, "record": _FIRST, "line": _FIRST}
    frame = pl.DataFrame({**least, **mapping.source.site, **place})
    return TextTable("sites", frame, mapping.name)
