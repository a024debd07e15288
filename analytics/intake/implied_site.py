"""The row of the submitting hospital, where a mapping names the hospital and feeds no row of ``sites``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.registry import TABLES
from schemas.submission import TextTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.mapping.model import SiteMapping

_DAYS = ("procedure_day", "contact_day", "event_day")
_FIRST = 1


def implied_site(
    mapping: SiteMapping, known_sites: Mapping[str, Mapping[str, str] | None]
) -> TextTable | None:
    """Return the site's row out of section ``[source]``, None where files feed the table of sites.

    Every submission brings the row, so that none hangs on another that may be withdrawn.

    Parameters
    ----------
    mapping
        The mapping in use.
    known_sites
        Sites that the store knows, each with the cells of its latest row, or None where they are not at hand:
        then nothing is said, lest a guess overrule what is known.

    Returns
    -------
    TextTable or None
        One row that stands in the mapping file. What ``[source]`` leaves open is what the store knows, or
        else the least claim: dates are as sent (or days, where the mapping sets days), and outcomes come from
        contacts if any are mapped.
    """
    site = mapping.source.site_id
    tables = {emit.table for emit in mapping.emits}
    if site is None or "sites" in tables:
        return None
    known = known_sites.get(site, {})
    if known is None:
        return None
    columns = {name for emit in mapping.emits for name in emit.columns}
    least = {
        "site_id": site,
        "date_policy": "relative" if columns & set(_DAYS) else "actual",
        "followup_source": "active_contact" if "follow_up" in tables else "none",
    }
    place = {"row": 0, "record": _FIRST, "line": _FIRST}
    frame = pl.DataFrame({**least, **known, **mapping.source.site, **place})
    return TextTable("sites", frame, mapping.name)


def known_site_rows(keys: pl.Series | None, rows: pl.DataFrame | None) -> dict[str, dict[str, str] | None]:
    """Return the sites that a store knows, each with the filled cells of its row as canonical text.

    Parameters
    ----------
    keys
        Codes of the sites, or None.
    rows
        Rows of ``sites``, each site once, or None where only the codes are known.
    """
    known: dict[str, dict[str, str] | None] = dict.fromkeys([] if keys is None else keys.to_list())
    if rows is None:
        return known
    texts = rows.select(_as_text(name, rows.schema[name]) for name in TABLES["sites"].dtypes)
    for row in texts.iter_rows(named=True):
        if row["site_id"] in known:
            known[row["site_id"]] = {name: cell for name, cell in row.items() if cell is not None}
    return known


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    """Return a column in canonical spelling."""
    is_date = dtype == pl.Date
    return pl.col(name).dt.strftime("%Y-%m-%d") if is_date else pl.col(name).cast(pl.String)
