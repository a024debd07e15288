"""Complications as data: which records count, and which devices can cause them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ComplicationDefinition:
    """One complication as it is counted and shown.

    Parameters
    ----------
    key
        Stable name, for example ``dissection_d_f``.
    label
        Name on screen.
    types
        Values of ``complications.complication_type`` that count.
    sentence
        What counts, for a clinician; shown beside the number.
    grade_scale, grades
        Scale and grades that count; empty where every record of the type counts.
    attributed_to
        Device classes to which the record must be attributed; empty where that does not matter.
    devices
        ``used_*`` columns of the devices that can cause it: only units in which one of them was used are
        counted, and a group without any is a structural zero. Empty where any procedure can have it.
    """

    key: str
    label: str
    types: tuple[str, ...]
    sentence: str
    grade_scale: str = ""
    grades: tuple[str, ...] = ()
    attributed_to: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


_BURRS = ("rotational_atherectomy", "orbital_atherectomy")

COMPLICATIONS: dict[str, ComplicationDefinition] = {
    definition.key: definition
    for definition in (
        ComplicationDefinition(
            key="dissection_any",
            label="Dissection, any",
            types=("dissection",),
            sentence="Any coronary dissection that the site recorded, graded or not.",
        ),
        ComplicationDefinition(
            key="dissection_d_f",
            label="Dissection, type D to F",
            types=("dissection",),
            grade_scale="nhlbi",
            grades=("D", "E", "F"),
            sentence="Coronary dissection of NHLBI type D, E or F.",
        ),
        ComplicationDefinition(
            key="perforation_any",
            label="Perforation, any",
            types=("perforation",),
            sentence="Any coronary perforation that the site recorded, graded or not.",
        ),
        ComplicationDefinition(
            key="perforation_ellis_iii",
            label="Perforation, Ellis III",
            types=("perforation",),
            grade_scale="ellis",
            grades=("III", "III_CS"),
            sentence="Coronary perforation of Ellis type III, spilling into a cavity included.",
        ),
        ComplicationDefinition(
            key="slow_flow_no_reflow",
            label="Slow flow or no-reflow",
            types=("slow_flow_no_reflow",),
            sentence="Slow flow or no-reflow at any time of the procedure.",
        ),
        ComplicationDefinition(
            key="av_block",
            label="AV block",
            types=("av_block",),
            sentence="Atrioventricular block of any degree during the stay, as the site recorded it.",
        ),
        ComplicationDefinition(
            key="wire_fracture",
            label="Wire fracture",
            types=("wire_fracture",),
            sentence="Fracture or transection of a guidewire.",
        ),
        ComplicationDefinition(
            key="burr_entrapment",
            label="Burr or crown entrapment",
            types=("device_entrapment",),
            attributed_to=_BURRS,
            devices=("used_rotational_atherectomy", "used_orbital_atherectomy"),
            sentence=(
                "Entrapment of a rotational burr or an orbital crown, among those in whom one was used. "
                "An entrapment without a named device counts where one was used."
            ),
        ),
        ComplicationDefinition(
            key="balloon_rupture",
            label="Balloon rupture",
            types=("balloon_rupture",),
            devices=("used_balloon",),
            sentence=(
                "Rupture of a balloon (lithotripsy included, the delivery balloon of a stent left aside), "
                "among those in whom one was used."
            ),
        ),
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
        ),
        ComplicationDefinition(
            key="periprocedural_mi",
            label="Periprocedural MI",
            types=("periprocedural_mi",),
            sentence="Infarction around the procedure as the site recorded it; definitions differ.",
        ),
    )
}
"""Complications by key, in the order of tables."""
