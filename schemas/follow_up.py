"""One row per follow-up contact or linkage result."""

from __future__ import annotations

from schemas import vocabulary
from schemas.fields import code, day, flag, key, link, relative_day, table_schema

FOLLOW_UP = table_schema(
    "follow_up",
    "One row per follow-up contact or linkage result of a patient.",
    {
        "contact_id": key("One follow-up contact or linkage result."),
        "patient_id": link("Person followed.", references="patients.patient_id"),
        "contact_date": day(
            "Date for which the information is true; for a linkage its cut-off.",
            condition="yes unless date_policy is relative",
        ),
        "contact_day": relative_day("Day for which the information is true."),
        "contact_method": code(
            "How the information was obtained.", codes=vocabulary.CONTACT_METHODS, required="expected"
        ),
        "planned_window": code(
            "Scheduled visit to which the contact belongs.", codes=vocabulary.PLANNED_WINDOWS
        ),
        "vital_status": code(
            "Vital status at the contact; lost carries no information.",
            codes=vocabulary.VITAL_STATUSES,
            required="yes",
        ),
        "nonfatal_events_assessed": flag(
            "Whether infarction, revascularisation and stroke since the previous contact were asked about or "
            "searched for.",
            required="yes",
        ),
        "end_of_follow_up": code(
            "Reason why no further contact will follow.", codes=vocabulary.END_OF_FOLLOW_UP
        ),
    },
)
