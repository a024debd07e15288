"""The complications that are counted, in the order of tables."""

from __future__ import annotations

from analytics.complications.definition import LESION, ComplicationDefinition
from analytics.complications.graded_definitions import DISSECTIONS, PERFORATIONS

__all__ = ["COMPLICATIONS", "PRINCIPAL", "ComplicationDefinition", "default_unit", "details_of"]

_BURRS = ("rotational_atherectomy", "orbital_atherectomy")
_USED_BURR = ("used_rotational_atherectomy", "used_orbital_atherectomy")

IN_LABORATORY = (
    "dissection",
    "perforation",
    "tamponade",
    "slow_flow_no_reflow",
    "side_branch_loss",
    "abrupt_closure",
    "device_entrapment",
    "wire_fracture",
    "device_loss",
    "balloon_rupture",
    "av_block",
    "ventricular_arrhythmia",
    "emergency_cabg",
    "death_in_lab",
)
"""Types of the composite ``any_procedural``."""

LATER = (
    "tamponade",
    "abrupt_closure",
    "av_block",
    "ventricular_arrhythmia",
    "stent_thrombosis",
    "periprocedural_mi",
    "cardiogenic_shock",
    "cardiac_arrest",
    "stroke",
    "emergency_cabg",
    "access_site_bleeding",
    "major_bleeding",
    "vascular_access",
    "transfusion",
    "acute_kidney_injury",
    "new_dialysis",
)
"""Types of the composite ``any_later``."""

_FLOW = (
    ComplicationDefinition(
        key="slow_flow_no_reflow",
        label="Slow flow or no-reflow",
        types=("slow_flow_no_reflow",),
        sentence="Slow flow or no-reflow at any time of the procedure, gone at the end or not.",
        unit=LESION,
    ),
    ComplicationDefinition(
        key="slow_flow_final",
        label="Slow flow at the end",
        types=("slow_flow_no_reflow",),
        final_flow="impaired",
        sentence="Slow flow or no-reflow was recorded, and the flow at the end was below TIMI 3.",
        unit=LESION,
        part_of="slow_flow_no_reflow",
    ),
    ComplicationDefinition(
        key="slow_flow_transient",
        label="Slow flow, transient",
        types=("slow_flow_no_reflow",),
        final_flow="normal",
        sentence="Slow flow or no-reflow was recorded, and the flow at the end was TIMI 3.",
        unit=LESION,
        part_of="slow_flow_no_reflow",
    ),
)

_OF_DEVICES = (
    ComplicationDefinition(
        key="wire_fracture",
        label="Wire fracture",
        types=("wire_fracture",),
        sentence="Fracture or transection of a guidewire.",
    ),
    ComplicationDefinition(
        key="wire_fracture_burr",
        label="Wire fracture with a burr",
        types=("wire_fracture",),
        devices=_USED_BURR,
        device_word="burr",
        sentence="Fracture of a guidewire, among those in whom a burr or an orbital crown was used.",
        part_of="wire_fracture",
    ),
    ComplicationDefinition(
        key="burr_entrapment",
        label="Burr or crown entrapment",
        types=("device_entrapment",),
        attributed_to=_BURRS,
        devices=_USED_BURR,
        device_word="burr",
        sentence=(
            "Entrapment of a rotational burr or an orbital crown, among those in whom one was used. "
            "An entrapment without a named device counts where one was used."
        ),
        unit=LESION,
    ),
    ComplicationDefinition(
        key="balloon_rupture",
        label="Balloon rupture",
        types=("balloon_rupture",),
        devices=("used_balloon",),
        device_word="balloon",
        sentence=(
            "Rupture of a balloon (lithotripsy included, the delivery balloon of a stent left aside), "
            "among those in whom one was used."
        ),
        unit=LESION,
    ),
    ComplicationDefinition(
        key="laser_complication",
        label="Complication of the laser",
        types=IN_LABORATORY,
        attributed_to=("elca",),
        devices=("used_elca",),
        device_word="laser",
        must_name_device=True,
        sentence=(
            "Any complication of the procedure that the operator holds the excimer laser responsible for, "
            "among those in whom it was used."
        ),
        unit=LESION,
    ),
    ComplicationDefinition(
        key="device_loss",
        label="Device loss",
        types=("device_loss",),
        sentence="Loss of a device or of a part of it in the vessel.",
    ),
)

_OF_PROCEDURES = (
    ComplicationDefinition(
        key="av_block",
        label="AV block",
        types=("av_block",),
        sentence="Atrioventricular block of any degree during the stay, as the site recorded it.",
    ),
    *_OF_DEVICES,
    ComplicationDefinition(
        key="tamponade",
        label="Tamponade",
        types=("tamponade",),
        sentence="Cardiac tamponade during the stay.",
    ),
    ComplicationDefinition(
        key="abrupt_closure",
        label="Abrupt closure",
        types=("abrupt_closure",),
        sentence="Abrupt vessel closure.",
        unit=LESION,
    ),
    ComplicationDefinition(
        key="side_branch_loss",
        label="Side branch loss",
        types=("side_branch_loss",),
        sentence="Loss of a side branch at the lesion.",
        unit=LESION,
    ),
    ComplicationDefinition(
        key="ventricular_arrhythmia",
        label="Ventricular arrhythmia",
        types=("ventricular_arrhythmia",),
        sentence="Ventricular arrhythmia during the stay, as the site recorded it.",
    ),
    ComplicationDefinition(
        key="emergency_cabg",
        label="Emergency bypass surgery",
        types=("emergency_cabg",),
        sentence="Emergency bypass surgery during the stay.",
    ),
    ComplicationDefinition(
        key="periprocedural_mi",
        label="Periprocedural MI",
        types=("periprocedural_mi",),
        sentence="Infarction around the procedure as the site recorded it; definitions differ.",
    ),
)

_COMPOSITES = (
    ComplicationDefinition(
        key="any_procedural",
        label="Any immediate complication",
        types=IN_LABORATORY,
        timings=("in_lab", "unknown"),
        sentence=(
            "Any of dissection (of any type), perforation, tamponade, slow flow or no-reflow, side branch "
            "loss, abrupt closure, entrapment or loss of a device, wire fracture, balloon rupture, AV block, "
            "ventricular arrhythmia, emergency bypass surgery or death, in the laboratory or without a "
            "recorded time."
        ),
    ),
    ComplicationDefinition(
        key="any_later",
        label="Any complication later in the stay",
        types=LATER,
        timings=("in_hospital",),
        sentence=(
            "Any of tamponade, abrupt closure, AV block, ventricular arrhythmia, stent thrombosis, "
            "periprocedural infarction, shock, cardiac arrest, stroke, emergency bypass surgery, bleeding, "
            "vascular complication, transfusion, kidney injury or new dialysis, after the laboratory and "
            "before discharge."
        ),
    ),
)

COMPLICATIONS: dict[str, ComplicationDefinition] = {
    definition.key: definition
    for definition in (*DISSECTIONS, *PERFORATIONS, *_FLOW, *_OF_PROCEDURES, *_COMPOSITES)
}
"""Complications by key, in the order of tables."""

PRINCIPAL: tuple[str, ...] = tuple(key for key, one in COMPLICATIONS.items() if not one.part_of)
"""Keys of the complications that are no detail of another, in the order of tables."""


def details_of(key: str) -> tuple[str, ...]:
    """Return the keys of the grades and forms of a complication, in order."""
    return tuple(name for name, one in COMPLICATIONS.items() if one.part_of == key)


def default_unit(key: str) -> str:
    """Return what is counted of a complication unless the reader asks otherwise."""
    known = COMPLICATIONS.get(key)
    return known.unit if known else "procedure"
