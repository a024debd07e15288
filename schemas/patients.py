"""One row per patient."""

from __future__ import annotations

from schemas import vocabulary
from schemas.fields import code, flag, key, link, table_schema

PATIENTS = table_schema(
    "patients",
    "One row per patient.",
    {
        "patient_id": key(
            "Stable pseudonym of the person; never a name, chart number or national number.",
            pattern=r"^[A-Za-z0-9_:.-]{4,64}$",
        ),
        "site_id": link("Site that holds the key to the pseudonym.", references="sites.site_id"),
        "sex": code("Recorded sex.", codes=vocabulary.SEXES, required="yes"),
        "research_use_allowed": flag(
            "False where the patient has opted out of research.", required="expected"
        ),
    },
)
