"""Folders of sites: each with its file and with the mapping that reads it, as an inbox expects them."""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING

import polars as pl

from synthetic.dialects import bcis, cathpci_wide, hospital_zh, redcap

if TYPE_CHECKING:
    from pathlib import Path

    from synthetic.dialects.pieces import Sheet, Tables

DIALECTS: dict[str, Callable[[Tables], Sheet]] = {
    "cathpci_wide": cathpci_wide.write_sheet,
    "redcap": redcap.write_sheet,
    "hospital_zh": hospital_zh.write_sheet,
    "bcis": bcis.write_sheet,
}
"""Dialects by the name of the bundled mapping that reads them; ``canonical`` needs none."""

FILE, MAPPING, SITE = "export.csv", "mapping.toml", "site.toml"
"""Names of a hospital's file, of the mapping that reads it, and of what an inbox knows of the hospital."""

# What the sites add to the bundled mapping: answers for "not known", and one that the form lacks.
_NOT_KNOWN = ', default = "unknown"'
_ADAPTED = {
    "cathpci_wide": {'match = "prefix"\n': 'match = "prefix"\ndefault = "unknown"\n'},
    "redcap": {
        '"4" = "stemi" }': '"4" = "stemi", "5" = "silent_ischaemia", "9" = "unknown" }',
        '"3" = "severe" }': '"3" = "severe", "9" = "unknown" }',
        '"4" = "RCA" }': '"4" = "RCA", "5" = "RI" }',
    },
    "hospital_zh": {
        'map = "presentation", match = "contains"': f'map = "presentation", match = "contains"{_NOT_KNOWN}',
        'map = "grade"': f'map = "grade"{_NOT_KNOWN}',
    },
    "bcis": {},
}
_ASKS_FOR_CONSENT = ("cathpci_wide",)
_SITES_OF_MAPPINGS = {"cathpci_wide": "US01", "redcap": "CA02", "hospital_zh": "CN01", "bcis": "UK01"}
_COUNTRIES = {"cathpci_wide": "US", "redcap": "CA", "hospital_zh": "CN", "bcis": "GB"}


def write_dialect(tables: Tables, out: Path, dialect: str) -> dict[str, int]:
    """Write a registry as the hospitals' own files.

    Parameters
    ----------
    tables
        Typed canonical tables.
    out
        Folder; each site gets one of its own with ``export.csv``, ``mapping.toml`` and ``site.toml``.
    dialect
        Key of `DIALECTS`. A dialect tells only what its form has a place for.

    Returns
    -------
    dict of str to int
        Rows by site.
    """
    rows, sent = {}, allowed(tables, dialect)
    for site in tables["sites"].iter_rows(named=True):
        own = of_site(sent, str(site["site_id"]))
        sheet = DIALECTS[dialect](own)
        folder = out / str(site["site_id"])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_bytes(encode(sheet))
        (folder / MAPPING).write_text(mapping_text(dialect, site), encoding="utf-8", newline="\n")
        (folder / SITE).write_text(f'mapping = "{MAPPING}"\n', encoding="utf-8", newline="\n")
        rows[str(site["site_id"])] = sheet.rows.height
    return rows


def allowed(tables: Tables, dialect: str) -> Tables:
    """Return the tables without patients who refused research, where the form cannot say so."""
    if dialect in _ASKS_FOR_CONSENT:
        return tables
    allowed = tables["patients"].filter(pl.col("research_use_allowed").fill_null(value=True))
    kept = tables["procedures"].join(allowed, on="patient_id", how="semi", maintain_order="left")
    return {**tables, "patients": allowed, "procedures": kept}


def encode(sheet: Sheet) -> bytes:
    """Return the bytes of a sheet."""
    text = io.BytesIO()
    sheet.rows.write_csv(text, line_terminator=sheet.line_terminator, quote_style=sheet.quotes)
    return text.getvalue().decode("utf-8").encode(sheet.encoding)


def mapping_text(dialect: str, site: dict[str, object]) -> str:
    """Return the bundled mapping with the site's own code, country and follow-up."""
    text = resources.files("schemas").joinpath("mappings", f"{dialect}.toml").read_text(encoding="utf-8")
    text = text.replace(f'"{_SITES_OF_MAPPINGS[dialect]}"', f'"{site["site_id"]}"')
    text = text.replace(
        f'country = {{ const = "{_COUNTRIES[dialect]}" }}', f'country = {{ const = "{site["country"]}" }}'
    )
    for old, new in _ADAPTED[dialect].items():
        text = text.replace(old, new)
    return _with_follow_up(text, site)


def _with_follow_up(text: str, site: dict[str, object]) -> str:
    """Say how the site follows patients, and to which day where that is a fact of the site."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("followup_source ="):
            lines.append(line)
            continue
        lines.append(f'followup_source = {{ const = "{site["followup_source"]}" }}')
        if site["data_cutoff_date"] is not None:
            lines.append(f'data_cutoff_date = {{ const = "{site["data_cutoff_date"]}" }}')
    return "\n".join(lines) + "\n"


def of_site(tables: Tables, site_id: str) -> dict[str, pl.DataFrame]:
    """Return the rows of one site, in every table."""
    patients = tables["patients"].filter(pl.col("site_id") == site_id)
    procedures = tables["procedures"].filter(pl.col("site_id") == site_id)
    lesions = tables["lesions"].join(procedures, on="procedure_id", how="semi", maintain_order="left")
    found = {
        "sites": tables["sites"].filter(pl.col("site_id") == site_id),
        "patients": patients,
        "procedures": procedures,
        "lesions": lesions,
    }
    parents = {
        "imaging": (lesions, "lesion_id"),
        "device_uses": (lesions, "lesion_id"),
        "complications": (procedures, "procedure_id"),
        "follow_up": (patients, "patient_id"),
        "events": (patients, "patient_id"),
    }
    for name, (parent, key) in parents.items():
        found[name] = tables[name].join(parent, on=key, how="semi", maintain_order="left")
    return found
