"""Dissections and perforations, whole and by grade: every grouping that published work uses."""

from __future__ import annotations

from analytics.complications.definition import LESION, ComplicationDefinition


def _dissection(letters: str, *, is_detail: bool = True) -> ComplicationDefinition:
    """Dissection of one NHLBI type, or of a stretch of them: ``C`` or ``CDEF``."""
    words = letters if len(letters) == 1 else f"{letters[0]} to {letters[-1]}"
    return ComplicationDefinition(
        key=f"dissection_{words.replace(' to ', '_').lower()}",
        label=f"Dissection, type {words}",
        types=("dissection",),
        grade_scale="nhlbi",
        grades=tuple(letters),
        sentence=f"Coronary dissection of NHLBI type {words}.",
        unit=LESION,
        part_of="dissection_any" if is_detail else "",
    )


def _perforation(
    key: str, words: str, grades: tuple[str, ...], sentence: str, *, is_detail: bool = True
) -> ComplicationDefinition:
    """Perforation of some Ellis types."""
    return ComplicationDefinition(
        key=f"perforation_ellis_{key}",
        label=f"Perforation, Ellis {words}",
        types=("perforation",),
        grade_scale="ellis",
        grades=grades,
        sentence=sentence,
        unit=LESION,
        part_of="perforation_any" if is_detail else "",
    )


DISSECTIONS = (
    ComplicationDefinition(
        key="dissection_any",
        label="Dissection, any",
        types=("dissection",),
        sentence="Any coronary dissection that the site recorded, graded or not.",
        unit=LESION,
    ),
    _dissection("DEF", is_detail=False),
    *(_dissection(letter) for letter in "ABCDEF"),
    _dissection("ABC"),
    _dissection("CDEF"),
    _dissection("EF"),
)
"""Any, D to F (severe in most trials), each letter, and the other groupings in use."""

PERFORATIONS = (
    ComplicationDefinition(
        key="perforation_any",
        label="Perforation, any",
        types=("perforation",),
        sentence="Any coronary perforation that the site recorded, graded or not.",
        unit=LESION,
    ),
    _perforation(
        "iii",
        "III",
        ("III", "III_CS"),
        "Coronary perforation of Ellis type III, spilling into a cavity included.",
        is_detail=False,
    ),
    _perforation("i", "I", ("I",), "Coronary perforation of Ellis type I."),
    _perforation("ii", "II", ("II",), "Coronary perforation of Ellis type II."),
    _perforation(
        "iii_pericardial",
        "III, not into a cavity",
        ("III",),
        "Coronary perforation of Ellis type III that does not spill into a cavity.",
    ),
    _perforation(
        "iii_cs",
        "III, into a cavity",
        ("III_CS",),
        "Coronary perforation of Ellis type III that spills into a cardiac chamber or the coronary sinus.",
    ),
)
"""Any, Ellis III with its spilling into a cavity, and each type."""
