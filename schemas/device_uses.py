"""One row per device used on one lesion."""

from __future__ import annotations

from schemas import vocabulary
from schemas.fields import code, flag, key, link, number, table_schema, text, whole

EXPECTED = "expected"

DEVICE_USES = table_schema(
    "device_uses",
    "One row per device used on one lesion.",
    {
        "device_use_id": key("One device used on one lesion."),
        "lesion_id": link("Lesion on which the device was used.", references="lesions.lesion_id"),
        "sequence_no": whole(
            "Order of use within the lesion, from 1.", warn=(1, 15), hard=(1, 60), required="yes"
        ),
        "device_class": code(
            "Generic class of the device; a combination is several rows.",
            codes=vocabulary.DEVICE_CLASSES,
            required="yes",
        ),
        "role": code("Why the device was used.", codes=vocabulary.DEVICE_ROLES, required=EXPECTED),
        "use_plan": code(
            "Whether the use was planned before the procedure or a bailout.", codes=vocabulary.USE_PLANS
        ),
        "device_model": text("Brand or model as sent, without lot or serial number."),
        "diameter_mm": number(
            "Nominal diameter of balloon or stent, burr size, or diameter of the laser tip.",
            unit="mm",
            warn=(1.25, 4.5),
            hard=(0.7, 6.5),
            required=EXPECTED,
        ),
        "max_pressure_atm": number("Highest inflation pressure.", unit="atm", warn=(2, 35), hard=(0.5, 60)),
        "rotation_speed_krpm": number(
            "Highest speed of burr or crown.",
            unit="1000 rpm",
            warn=(120, 200),
            hard=(60, 250),
            condition="expected if device_class is rotational_atherectomy or orbital_atherectomy",
        ),
        "activation_time_s": number(
            "Total time of ablation or lasing.", unit="s", warn=(1, 300), hard=(0, 1800)
        ),
        "ivl_pulses": whole(
            "Pulses delivered by this catheter.",
            unit="pulses",
            warn=(10, 120),
            hard=(1, 400),
            condition="expected if device_class is intravascular_lithotripsy",
        ),
        "laser_fluence_mj_mm2": number(
            "Highest laser fluence.",
            unit="mJ/mm2",
            warn=(30, 80),
            hard=(10, 120),
            condition="expected if device_class is elca",
        ),
        "device_success": flag("The device reached the lesion and worked as meant.", required=EXPECTED),
    },
)
