"""One row per lesion treated or attempted in a procedure."""

from __future__ import annotations

from schemas import vocabulary
from schemas.fields import code, flag, grade, key, link, number, table_schema, whole

EXPECTED = "expected"

LESIONS = table_schema(
    "lesions",
    "One row per lesion treated or attempted in a procedure.",
    {
        "lesion_id": key("One treated or attempted lesion of one procedure."),
        "procedure_id": link(
            "Procedure in which the lesion was treated.", references="procedures.procedure_id"
        ),
        "lesion_number": whole(
            "Counter of the lesions of a procedure, from 1.", warn=(1, 6), hard=(1, 20), required="yes"
        ),
        "vessel": code("Coronary artery or graft.", codes=vocabulary.VESSELS, required="yes"),
        "segment_code": code(
            "Coronary segment in the CathPCI numbering.", codes=vocabulary.SEGMENTS, kind="string"
        ),
        "calcification_angio": code(
            "Calcification on the angiogram; none_mild and not_severe are the answers of two-level forms.",
            codes=vocabulary.SEVERITY_GRADES,
            required="yes",
        ),
        "calcification_assessor": code(
            "Who graded the angiogram.", codes=vocabulary.CALCIFICATION_ASSESSORS, required=EXPECTED
        ),
        "stenosis_pre_pct": number(
            "Diameter stenosis before treatment.", unit="%", warn=(50, 100), hard=(0, 100), required=EXPECTED
        ),
        "lesion_length_mm": number(
            "Length of the treated lesion.", unit="mm", warn=(3, 80), hard=(1, 150), required=EXPECTED
        ),
        "reference_diameter_mm": number(
            "Reference diameter of the vessel.", unit="mm", warn=(2, 5), hard=(1, 8), required=EXPECTED
        ),
        "lesion_class": code(
            "ACC/AHA lesion type; B and non_C are the answers of two-level forms.",
            codes=vocabulary.LESION_CLASSES,
        ),
        "bifurcation": flag("A relevant side branch is involved.", required=EXPECTED),
        "ostial": flag("The lesion begins within 3 mm of an ostium."),
        "cto": flag("Chronic total occlusion of at least three months.", required=EXPECTED),
        "tortuosity": code("Tortuosity up to and at the lesion.", codes=vocabulary.TORTUOSITY),
        "angulation": code("Bend at the lesion in degrees, banded.", codes=vocabulary.ANGULATION),
        "in_stent_restenosis": flag("The lesion lies in a segment stented before.", required=EXPECTED),
        "culprit": flag("Lesion held responsible for the acute syndrome; empty in chronic presentations."),
        "crossability": code(
            "How far standard equipment got before calcium modification.", codes=vocabulary.CROSSABILITY
        ),
        "timi_post": grade("TIMI flow at the end.", codes=(0, 1, 2, 3), warn=(2, 3), required=EXPECTED),
        "residual_stenosis_pct": number(
            "Diameter stenosis after treatment.", unit="%", warn=(0, 30), hard=(0, 100), required=EXPECTED
        ),
        "stent_type": code("Definitive treatment.", codes=vocabulary.STENT_TYPES, required=EXPECTED),
        "stent_count": whole("Number of stents in this lesion.", unit="stents", warn=(0, 4), hard=(0, 10)),
        "stent_length_total_mm": number(
            "Total stented length in this lesion.", unit="mm", warn=(8, 100), hard=(0, 200)
        ),
    },
)
