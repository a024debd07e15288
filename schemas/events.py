"""One row per clinical event after the start of a procedure."""

from __future__ import annotations

from schemas import vocabulary
from schemas.fields import code, day, flag, key, link, relative_day, table_schema

EVENTS = table_schema(
    "events",
    "One row per clinical event after the start of a procedure.",
    {
        "event_id": key("One clinical event."),
        "patient_id": link("Person.", references="patients.patient_id"),
        "procedure_id": link(
            "Procedure to which the source ties the event, if it does.",
            references="procedures.procedure_id",
            required="no",
        ),
        "event_type": code(
            "Kind of event; at most one death per patient.", codes=vocabulary.EVENT_TYPES, required="yes"
        ),
        "event_date": day("Date of onset.", condition="yes unless date_policy is relative"),
        "event_day": relative_day("Day of onset, or the last day by which the event had happened."),
        "event_date_precision": code(
            "Precision of the date as sent; on_or_before means only known to have happened by then.",
            codes=vocabulary.DATE_PRECISIONS,
            required="yes",
        ),
        "death_cause": code(
            "Cause of death; undetermined stays apart.",
            codes=vocabulary.DEATH_CAUSES,
            condition="expected if event_type is death",
        ),
        "mi_type": code(
            "Mechanism of the infarction.",
            codes=vocabulary.MI_TYPES,
            condition="expected if event_type is mi",
        ),
        "target_relation": code(
            "Where the event lies relative to the lesions treated at the index procedure.",
            codes=vocabulary.TARGET_RELATIONS,
            condition="expected if event_type is mi, revasc_pci, revasc_cabg or stent_thrombosis",
        ),
        "clinically_driven": flag("Revascularisation for symptoms, ischaemia or a tight stenosis."),
        "planned_staged": flag(
            "Planned stage of a procedure; never an endpoint.",
            condition="expected if event_type is revasc_pci",
        ),
        "lesion_id": link(
            "Index lesion to which the event relates.", references="lesions.lesion_id", required="no"
        ),
        "stent_thrombosis_certainty": code(
            "Certainty of a stent thrombosis.",
            codes=vocabulary.THROMBOSIS_CERTAINTIES,
            condition="expected if event_type is stent_thrombosis",
        ),
        "bleeding_barc": code(
            "BARC class of a bleeding.",
            codes=vocabulary.BLEEDING_BARC,
            condition="expected if event_type is bleeding",
        ),
        "adjudication": code(
            "Who classified the event.", codes=vocabulary.ADJUDICATIONS, required="expected"
        ),
    },
)
