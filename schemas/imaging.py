"""One row per intravascular run read at one stage for one lesion."""

from __future__ import annotations

from schemas import vocabulary
from schemas.fields import code, flag, key, link, number, table_schema

IMAGING = table_schema(
    "imaging",
    "One row per intravascular run read at one stage for one lesion.",
    {
        "imaging_id": key("One reading of one lesion, modality and stage."),
        "lesion_id": link("Lesion examined.", references="lesions.lesion_id"),
        "modality": code("Imaging method.", codes=vocabulary.MODALITIES, required="yes"),
        "stage": code(
            "Point of the procedure at which the run was made.",
            codes=vocabulary.IMAGING_STAGES,
            required="yes",
        ),
        "calcium_arc_deg": number("Largest arc of calcium.", unit="deg", warn=(0, 360), hard=(0, 360)),
        "calcium_thickness_mm": number(
            "Largest thickness of calcium; not measurable by IVUS.", unit="mm", warn=(0.05, 1.6), hard=(0, 3)
        ),
        "calcium_length_mm": number(
            "Length of the calcium along the vessel.", unit="mm", warn=(0, 60), hard=(0, 150)
        ),
        "calcium_arc270_length_mm": number(
            "Length over which superficial calcium spans more than 270 degrees.",
            unit="mm",
            warn=(0, 40),
            hard=(0, 150),
        ),
        "calcium_depth": code("Position of the calcium in the wall.", codes=vocabulary.CALCIUM_DEPTHS),
        "calcified_nodule": code(
            "Calcified nodule; present means seen without a sub-type.", codes=vocabulary.NODULES
        ),
        "calcium_fracture": flag("At least one fracture in calcium after modification."),
        "vessel_diameter_mm": number(
            "Diameter of the external elastic membrane beside the calcium.",
            unit="mm",
            warn=(2, 6),
            hard=(1, 10),
        ),
        "mla_mm2": number("Minimum lumen area.", unit="mm2", warn=(1, 12), hard=(0.3, 30)),
        "reference_lumen_area_mm2": number(
            "Mean of the proximal and distal reference lumen areas.", unit="mm2", warn=(3, 20), hard=(1, 40)
        ),
        "msa_mm2": number("Minimum stent area.", unit="mm2", warn=(2, 16), hard=(0.5, 30)),
        "stent_expansion_pct": number(
            "Stent expansion as the site reports it.", unit="%", warn=(50, 130), hard=(10, 200)
        ),
        "expansion_basis": code(
            "Reference against which the expansion was taken.",
            codes=vocabulary.EXPANSION_BASES,
            condition="yes if stent_expansion_pct is given",
        ),
    },
)
