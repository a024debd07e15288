"""One row per submitting hospital."""

from __future__ import annotations

from datetime import date

from schemas import vocabulary
from schemas.fields import code, day, flag, key, relative_day, table_schema, text

SITES = table_schema(
    "sites",
    "One row per submitting hospital.",
    {
        "site_id": key("Short code of the submitting hospital.", pattern=r"^[A-Za-z0-9_-]{1,16}$"),
        "country": text(
            "Country of the site, two capital letters (ISO 3166).", pattern=r"^[A-Z]{2}$", required="expected"
        ),
        "on_site_surgery": flag("Whether cardiac surgery is available in the same hospital."),
        "date_policy": code(
            "How dates were treated before sending: real, shifted by one offset per patient, cut to the "
            "month, or replaced by whole days since the patient's time zero.",
            codes=vocabulary.DATE_POLICIES,
            required="yes",
        ),
        "followup_source": code(
            "How outcomes after discharge reach the site; only linkage lets silence mean event free.",
            codes=vocabulary.FOLLOWUP_SOURCES,
            required="yes",
        ),
        "data_cutoff_date": day(
            "Last date up to which the site vouches for its follow-up.",
            first=date(2000, 1, 1),
            condition="yes if followup_source is linkage or mixed",
        ),
        "data_cutoff_day": relative_day("Last day up to which the site vouches for its follow-up.", first=0),
    },
)
