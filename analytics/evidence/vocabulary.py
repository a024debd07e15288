"""Words of the published figures, and which outcome of the registry meets which published one."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.vocabulary import SEVERITY_LABELS, STRATEGY_LABELS

ALL = "all"
"""Devices: any PCI, whatever the device."""

UNGRADED = "ungraded"
"""Severity: calcification not graded, or all grades together."""

DEVICE_LABELS: dict[str, str] = {ALL: "Any device"} | STRATEGY_LABELS
"""Device strategies of a published arm, in the words of the registry."""

SEVERITY_WORDS: dict[str, str] = {
    **{grade: words for grade, words in SEVERITY_LABELS.items() if grade != "unknown"},
    "moderate_severe": "Moderate or severe",
    UNGRADED: "Not graded",
}
"""Severity groups of a published arm."""

DEVICE_VARIANTS: dict[str, str] = {
    "modified_balloon": "cutting or scoring balloons",
    "scoring_balloon": "scoring balloons only",
    "super_high_pressure_balloon": "super-high-pressure balloons only",
    "balloon_strategy": "a balloon strategy in which cutting and scoring balloons were allowed",
    "non_orbital_atherectomy": "atherectomy coded as not orbital, mostly rotational",
    "atherectomy_lithotripsy": "lithotripsy with rotational or orbital atherectomy",
    "mixed_devices": "several devices together",
}
"""Source devices that are not quite the registry's strategy of the same row."""

SAME_DEVICE: frozenset[str] = frozenset({"modified_balloon"})
"""Variants that are the registry's group itself: cutting and scoring balloons are one strategy there."""

UNITS = ("lesion", "procedure", "patient")
DESIGNS = ("rct", "single_arm", "registry", "meta_analysis")
DESIGN_LABELS = {
    "rct": "randomised trial",
    "single_arm": "single-arm trial",
    "registry": "registry",
    "meta_analysis": "pooled analysis",
}
USES = ("primary", "historical", "context")
HORIZON_KINDS = ("fixed", "median")
"""``median``: events until then are counted over a follow-up with this median, which is no risk by a day."""
COUNT_SOURCES = ("reported", "recovered", "none")
MEASURES = ("HR", "OR", "RR")

OUTCOME_LABELS: dict[str, str] = {
    "dissection_any": "Dissection, any",
    "dissection_severe": "Dissection, severe",
    "perforation_any": "Perforation, any",
    "perforation_severe": "Perforation, severe",
    "slow_flow_no_reflow": "Slow flow or no-reflow",
    "abrupt_closure": "Abrupt closure",
    "av_block": "AV block",
    "bradycardia_treated": "Treated bradycardia",
    "emergency_pacing": "Emergency pacing",
    "ventricular_capture": "Ventricular capture",
    "wire_fracture": "Wire fracture",
    "burr_entrapment": "Burr entrapment",
    "balloon_rupture": "Balloon rupture",
    "device_failure": "Device failure",
    "tamponade": "Tamponade",
    "emergency_surgery": "Emergency surgery",
    "any_procedural_complication": "Any complication of the source's list",
    "composite_safety": "Safety composite",
    "periprocedural_mi": "Periprocedural MI",
    "major_bleeding": "Major bleeding",
    "in_hospital_mace": "MACE in hospital",
    "in_hospital_death": "Death in hospital",
    "mace": "MACE",
    "tlf": "Target lesion failure",
    "tvf": "Target vessel failure",
    "poce": "Patient-oriented composite",
    "death_or_mi": "Death or MI",
    "death_mi_st": "Death, MI or stent thrombosis",
    "all_cause_death": "Death from any cause",
    "cardiac_death": "Cardiac death",
    "mi": "Myocardial infarction",
    "tlr": "Target lesion revascularisation",
    "tvr": "Target vessel revascularisation",
    "repeat_revascularisation": "Any repeat revascularisation",
    "stent_thrombosis": "Stent thrombosis",
    "strategy_success": "Strategy success",
    "procedural_success": "Procedural success",
    "device_success": "Device success",
    "pericardial_effusion": "Pericardial effusion",
    "elca_failure": "Laser failure",
    "shock_induction": "Shock",
}
"""Published outcomes; those without a `REGISTRY_OUTCOMES` entry are listed and never compared."""

DEFINITION_LABELS: dict[str, str] = {
    "any_recorded": "any, as recorded",
    "not_stated": "not stated",
    "as_reported": "as the source reported it",
    "administrative": "administrative codes",
    "within_perforations": "share of perforations, not of procedures",
    "nhlbi_c_f": "NHLBI type C to F",
    "nhlbi_d_f": "NHLBI type D to F",
    "nhlbi_e_f": "NHLBI type E to F",
    "flow_limiting": "flow-limiting",
    "major_ungraded": "major, without a type",
    "after_balloon_rupture": "perforation after a balloon ruptured",
    "with_consequence": "followed by death, surgery, infarction or tamponade",
    "after_perforation": "only where it followed a perforation",
    "surgery_any": "any emergency surgery",
    "with_tamponade": "perforation or tamponade",
    "ellis_iii_iv": "Ellis III, or spilling into a cavity",
    "slow_or_no_reflow": "slow flow or no-reflow at any time",
    "no_reflow": "no-reflow only",
    "slow_flow": "slow flow only",
    "transient_flow": "transient only",
    "block_or_pacing": "heart block or pacing",
    "heart_block": "heart block",
    "with_entrapment": "wire entrapment included",
    "lithotripsy_balloon": "lithotripsy balloons only",
    "mi_non_q": "infarction without Q wave",
    "mi_q": "infarction with Q wave",
    "mi_udmi": "universal definition",
    "mi_arc2": "ARC-2 definition",
    "mi_scai": "SCAI definition",
    "mi_strictest": "strictest of several definitions",
    "mi_loosest": "loosest of several definitions",
    "definite": "definite",
    "definite_or_probable": "definite or probable",
    "residual_lt_50_no_mace": "residual stenosis below 50 %, no in-hospital MACE",
    "residual_lt_20": "residual stenosis below 20 %",
    "residual_lt_30": "residual stenosis below 30 %",
    "expansion_ge_80": "stent expansion of 80 % or more",
    "cardiac_death_mi_tvr": "cardiac death, MI or TVR",
    "death_mi_tvr": "death, MI or TVR",
    "death_mi_tlr": "death, MI or TLR",
    "death_mi_revascularisation": "death, MI or any revascularisation",
    "death_mi_stroke": "death, MI or stroke",
    "cardiac_death_mi_tlr": "cardiac death, MI or TLR",
    "cardiac_death_tvmi_tlr": "cardiac death, target vessel MI or TLR",
    "cardiac_death_tvmi_tvr": "cardiac death, target vessel MI or TVR",
    "cv_death_mi_tlr_stroke_cabg": "cardiovascular death, MI, TLR, stroke or bypass surgery",
    "death_qmi_cabg": "death, Q-wave MI or bypass surgery",
    "death_or_mi": "death or MI",
    "death_mi_st": "death, MI or stent thrombosis",
    "own_composite": "a composite of the source's own",
}
"""Definition groups: rows of different groups are never pooled, nor shown beside one another."""


@dataclass(frozen=True)
class RegistryOutcome:
    """Which published figures measure the same thing as one of the registry's.

    Parameters
    ----------
    outcome
        Key of `OUTCOME_LABELS`.
    definitions
        Definition groups that agree with the registry's own definition; others are another definition. Empty
        where sources differ so much that no figure is ever comparable.
    definition_words
        The registry's definition in a few words.
    has_infarctions
        Whether infarctions are a part of it. Sources count those around the procedure by rules that they
        seldom state, and these make up most of an early composite: no figure is then the same.
    """

    outcome: str
    definitions: tuple[str, ...]
    definition_words: str
    has_infarctions: bool = False


_ANY = ("any_recorded",)

REGISTRY_OUTCOMES: dict[str, RegistryOutcome] = {
    "dissection_any": RegistryOutcome("dissection_any", _ANY, "any type"),
    "dissection_d_f": RegistryOutcome("dissection_severe", ("nhlbi_d_f",), "NHLBI type D to F"),
    "dissection_c_f": RegistryOutcome("dissection_severe", ("nhlbi_c_f",), "NHLBI type C to F"),
    "dissection_e_f": RegistryOutcome("dissection_severe", ("nhlbi_e_f",), "NHLBI type E to F"),
    "perforation_any": RegistryOutcome("perforation_any", _ANY, "any grade"),
    "perforation_ellis_iii": RegistryOutcome("perforation_severe", ("ellis_iii_iv",), "Ellis III"),
    "slow_flow_no_reflow": RegistryOutcome(
        "slow_flow_no_reflow", ("slow_or_no_reflow",), "slow flow or no-reflow at any time"
    ),
    "slow_flow_transient": RegistryOutcome(
        "slow_flow_no_reflow", ("transient_flow",), "slow flow that was gone at the end"
    ),
    "av_block": RegistryOutcome("av_block", ("heart_block",), "AV block of any degree"),
    "wire_fracture": RegistryOutcome("wire_fracture", _ANY, "fracture or transection of a wire"),
    "burr_entrapment": RegistryOutcome("burr_entrapment", _ANY, "entrapment of a burr or crown"),
    "balloon_rupture": RegistryOutcome("balloon_rupture", _ANY, "rupture of any balloon"),
    "tamponade": RegistryOutcome("tamponade", _ANY, "any tamponade"),
    "abrupt_closure": RegistryOutcome("abrupt_closure", _ANY, "any abrupt closure"),
    "emergency_cabg": RegistryOutcome("emergency_surgery", _ANY, "emergency bypass surgery"),
    # The same 105 patients had 6.7 or 20 % by definition (DOI 10.3389/fcvm.2022.829117); sites state none.
    "periprocedural_mi": RegistryOutcome("periprocedural_mi", (), "as the site recorded it"),
    "mace_cad": RegistryOutcome(
        "mace", ("cardiac_death_mi_tvr",), "cardiac death, MI or TVR", has_infarctions=True
    ),
    "mace_d": RegistryOutcome("mace", ("death_mi_tvr",), "death, MI or TVR", has_infarctions=True),
    "mace_l": RegistryOutcome("mace", ("death_mi_tlr",), "death, MI or TLR", has_infarctions=True),
    "euro4c_mace": RegistryOutcome(
        "mace",
        ("cv_death_mi_tlr_stroke_cabg",),
        "cardiovascular death, MI, TLR, stroke or bypass surgery",
        has_infarctions=True,
    ),
    "matrix_mace": RegistryOutcome("mace", ("death_mi_stroke",), "death, MI or stroke", has_infarctions=True),
    "poce": RegistryOutcome(
        "mace",
        ("death_mi_revascularisation",),
        "death, MI or any repeat revascularisation",
        has_infarctions=True,
    ),
    "tlf": RegistryOutcome(
        "tlf", ("cardiac_death_tvmi_tlr",), "cardiac death, target vessel MI or TLR", has_infarctions=True
    ),
    "tvf": RegistryOutcome(
        "tvf", ("cardiac_death_tvmi_tvr",), "cardiac death, target vessel MI or TVR", has_infarctions=True
    ),
    "all_cause_death": RegistryOutcome("all_cause_death", _ANY, "death from any cause"),
    "cardiac_death": RegistryOutcome("cardiac_death", _ANY, "cardiac death"),
    "mi": RegistryOutcome("mi", (), "any infarction reported as an event"),
    "tvr": RegistryOutcome("tvr", _ANY, "any repeat revascularisation of the target vessel"),
    "tlr": RegistryOutcome("tlr", _ANY, "any repeat revascularisation of the target lesion"),
    "any_revascularisation": RegistryOutcome(
        "repeat_revascularisation", _ANY, "any repeat revascularisation"
    ),
    "stent_thrombosis": RegistryOutcome(
        "stent_thrombosis", ("definite_or_probable",), "definite or probable"
    ),
}
"""Complications and endpoints of the registry by key, and the published outcome that may stand beside."""
