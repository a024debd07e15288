"""One row per complication of a procedure."""

from __future__ import annotations

from schemas import vocabulary
from schemas.fields import code, key, link, table_schema, text

COMPLICATIONS = table_schema(
    "complications",
    "One row per complication of a procedure, before discharge.",
    {
        "complication_id": key("One complication of one procedure."),
        "procedure_id": link("Procedure from which it arose.", references="procedures.procedure_id"),
        "lesion_id": link(
            "Lesion at which it arose, if at one.", references="lesions.lesion_id", required="no"
        ),
        "complication_type": code(
            "Kind of complication; none is never a row.", codes=vocabulary.COMPLICATION_TYPES, required="yes"
        ),
        "grade_scale": code(
            "Scale of the grade.", codes=vocabulary.GRADE_SCALES, condition="yes if grade is given"
        ),
        "grade": text(
            "Severity on that scale: nhlbi A to F, ellis I to III_CS, barc 1 to 5b, timi_bleeding minimal to "
            "major, kdigo 1 to 3.",
            pattern=r"^[A-Za-z0-9_]{1,16}$",
            condition="expected if complication_type is dissection or perforation",
        ),
        "timing": code(
            "During the procedure, or later in the index stay.",
            codes=vocabulary.COMPLICATION_TIMINGS,
            required="expected",
        ),
        "attributed_device_class": code(
            "Class of the device that the operator holds responsible.", codes=vocabulary.DEVICE_CLASSES
        ),
    },
)
