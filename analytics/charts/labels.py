"""Words for codes: what a group, a complication or a unit is called on an axis."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analytics.complications.definitions import COMPLICATIONS
from schemas.vocabulary import SEVERITY_LABELS, STRATEGIES, STRATEGY_LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ALL_LABEL = "All"
POOLED_GRADES = "none or mild"
"""The lowest of three grades, where models and curves put two together."""

STRATEGY_SHORT = {
    "rotational_atherectomy": "RA",
    "intravascular_lithotripsy": "IVL",
    "cutting_balloon": "Cutting",
    "nc_balloon": "NC",
    "elca": "ELCA",
    "orbital_atherectomy": "OA",
    "ra_cutting": "RA+cutting",
    "ra_ivl": "RA+IVL",
    "elca_ra": "ELCA+RA",
    "plain_balloon": "Plain",
    "other_combination": "Other",
    "no_preparation": "None",
    "unknown": "Unknown",
}
"""Short names, as said in a catheter laboratory. They also stand in shared links, so they never change."""

STEP_LABELS = {
    "registered": "Procedures in the registry",
    "research_use": "Research use allowed",
    "has_lesion": "With a recorded lesion",
    "known_day": "With a known day",
    "in_window": "In the study period",
    "min_age": "Of adult age",
    "not_cardiogenic_shock": "Without cardiogenic shock",
    "not_stemi": "Without STEMI",
    "not_dialysis": "Without dialysis",
    "not_in_stent_restenosis": "Without in-stent restenosis",
    "not_chronic_total_occlusion": "Without chronic total occlusion",
    "not_graft": "Without graft lesions",
    "not_planned_stage": "Not a planned stage",
    "first_procedure": "Index procedures",
}
"""Words for the steps of a cohort."""

STRUCTURAL_ZERO_TEXT = {
    key: f"n/a (no {known.device_word})" for key, known in COMPLICATIONS.items() if known.device_word
}

FROM_LEAST_CALCIUM = ("none", "none_mild", "mild", "not_severe", "moderate", "severe", "unknown")
"""Grades in reading order; the two-level grades stand where their middle lies."""

UNIT_PLURALS = {"lesion": "lesions", "procedure": "procedures", "patient": "patients"}


def label_group(code: str) -> str:
    """Return the words for a severity grade or a device strategy; an unknown code stays as it is."""
    if code == "all":
        return ALL_LABEL
    if code == POOLED_GRADES:
        return "None or mild"
    return SEVERITY_LABELS.get(code) or STRATEGY_LABELS.get(code) or code


def label_strategy(code: str) -> str:
    """Return the words for a device strategy."""
    return "All strategies" if code == "all" else STRATEGY_LABELS.get(code, code)


def label_severity(code: str) -> str:
    """Return the words for a calcification grade."""
    return "All grades" if code == "all" else SEVERITY_LABELS.get(code, code)


def label_complication(key: str) -> str:
    """Return the words for a complication key; an unknown key is made readable."""
    known = COMPLICATIONS.get(key)
    return known.label if known else key.replace("_", " ").capitalize()


TERM_LABELS = {
    "age_years": "Age, per year",
    "has_diabetes": "Diabetes",
    "dialysis": "Dialysis",
    "ckd": "Chronic kidney disease",
    "lvef_pct": "Ejection fraction, per %",
    "prior_mi": "Earlier infarction",
    "prior_pci": "Earlier PCI",
    "prior_cabg": "Earlier bypass surgery",
    "imaging_guided": "Imaging guidance",
    "n_lesions": "Lesions, each",
}
"""Words for covariates of the cohort in a model."""


def label_term(term: str) -> str:
    """Return the words for a model term: ``severity=severe`` is ``Severe calcification``."""
    return " \u00d7 ".join(_label_level(part) for part in term.split(" x "))


def _label_level(part: str) -> str:
    """Words for one level of a factor, ``column=level``."""
    column, _, level = part.partition("=")
    spline, bend, knot = column.partition(" (bend ")
    if bend:
        return f"{_label_level(spline)}, bend at {knot.rstrip(')')}"
    words = label_group(level) if level else TERM_LABELS.get(column, label_group(column))
    return f"{words} calcification" if column.startswith("severity") and level else words


def label_comparison(term: str, references: Mapping[str, str]) -> str:
    """Return the words for a model term and what it is compared with.

    Parameters
    ----------
    term
        Name of a coefficient: ``severity=severe`` is ``Severe calcification against none``.
    references
        Column of each factor to its reference level. Numbers and products stay as `label_term` has them.
    """
    column, _, level = term.partition("=")
    if not level or " x " in term or column not in references:
        return label_term(term)
    return f"{label_term(term)} against {_in_sentence(label_group(references[column]))}"


def _in_sentence(words: str) -> str:
    """Begin with a small letter, except an abbreviation."""
    return words[:1].lower() + words[1:] if words[1:2].islower() else words


def label_variance(variance: str) -> str:
    """Return the words for a variance: columns of the data are not named to readers."""
    return variance.replace("patient_id", "patient")


def label_level(interval: str) -> str:
    """Return the level of an interval out of its description: ``Wald, 95 %`` gives ``95 %``."""
    found = re.search(r"[\d.]+ %", interval)
    return found.group() if found else "95 %"


def order_strategies(codes: Iterable[str]) -> list[str]:
    """Return strategy codes in the fixed clinical order, ``all`` last."""
    return sorted(set(codes), key=lambda code: _rank(code, STRATEGIES))


def order_severities(codes: Iterable[str]) -> list[str]:
    """Return severity grades from least to most calcium, ``all`` last."""
    return sorted(set(codes), key=lambda code: _rank(code, FROM_LEAST_CALCIUM))


def _rank(code: str, order: Iterable[str]) -> tuple[int, str]:
    """Position of a code in an order; codes outside it come after, ``all`` at the very end."""
    ranks = {known: i for i, known in enumerate(order)}
    return (len(ranks) + 1, code) if code == "all" else (ranks.get(code, len(ranks)), code)
