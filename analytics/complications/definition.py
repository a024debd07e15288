"""Complications as data: which records count, which devices can cause them, what is counted by default."""

from __future__ import annotations

from dataclasses import dataclass

LESION = "lesion"
PROCEDURE = "procedure"


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
    device_word
        What a structural zero lacks, for example ``burr``.
    must_name_device
        Whether a record without a named device cannot tell; otherwise it counts where one was used.
    final_flow
        ``impaired``: only where the flow at the end was below TIMI 3; ``normal``: only where it was TIMI 3.
    timings
        Values of ``complications.timing`` that count; a record without one counts as ``unknown``.
    unit
        What is counted unless the reader asks otherwise: ``lesion`` or ``procedure``.
    part_of
        Key of the complication of which this is a grade or a form; such details have no figure of their own.
    """

    key: str
    label: str
    types: tuple[str, ...]
    sentence: str
    grade_scale: str = ""
    grades: tuple[str, ...] = ()
    attributed_to: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    device_word: str = ""
    must_name_device: bool = False
    final_flow: str = ""
    timings: tuple[str, ...] = ()
    unit: str = PROCEDURE
    part_of: str = ""
