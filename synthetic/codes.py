"""Orders of codes that the stages of the simulation share; the spellings are the registry's."""

from __future__ import annotations

SEVERITIES = ("none", "mild", "moderate", "severe")
STRATEGIES = (
    "plain_balloon",
    "nc_balloon",
    "cutting_balloon",
    "rotational_atherectomy",
    "intravascular_lithotripsy",
    "orbital_atherectomy",
    "elca",
    "ra_cutting",
    "ra_ivl",
    "elca_ra",
)
NO_PREPARATION = len(STRATEGIES)
STRATEGY_CODES = (*STRATEGIES, "no_preparation")
"""Strategies by the number that stages pass on; the last one means nothing was used before the stent."""

PLAIN, NC, CUTTING, RA, IVL, ORBITAL, ELCA, RA_CUTTING, RA_IVL, ELCA_RA = range(len(STRATEGIES))
USES_RA = (RA, RA_CUTTING, RA_IVL, ELCA_RA)
USES_IVL = (IVL, RA_IVL)
NEEDS_ATHERECTOMY = (RA, ORBITAL, ELCA, RA_CUTTING, RA_IVL, ELCA_RA)
CALCIUM_SPECIFIC = (RA, IVL, ORBITAL, ELCA, RA_CUTTING, RA_IVL, ELCA_RA)

COMPLICATION_COLUMNS = ("plain_nc", "cutting", "rotational", "lithotripsy", "orbital", "laser")
COLUMNS_OF_STRATEGY = ((0,), (0,), (1,), (2,), (3,), (4,), (5,), (1, 2), (2, 3), (2, 5), (0,))
"""Columns of the complication table per strategy; a combination takes the larger probability."""
ATHERECTOMY_COLUMNS = ("rotational", "orbital", "laser")
"""Columns of devices that only hospitals with atherectomy have."""

DEVICE_CLASSES = (
    "rotational_atherectomy",
    "orbital_atherectomy",
    "intravascular_lithotripsy",
    "elca",
    "cutting_balloon",
    "scoring_balloon",
    "nc_balloon",
    "super_high_pressure_balloon",
    "sc_balloon",
    "drug_coated_balloon",
    "stent",
)
(D_RA, D_ORBITAL, D_IVL, D_ELCA, D_CUTTING, D_SCORING, D_NC, D_HIGH, D_SC, D_DCB, D_STENT) = range(11)

VESSELS = ("LM", "LAD", "LCX", "RCA")
SEGMENTS = (("11a", "11b", "11c"), ("12", "13", "14"), ("18", "19", "20"), ("1", "2", "3"))
PRESENTATIONS = ("stable_angina", "silent_ischaemia", "unstable_angina", "nstemi", "stemi")
CROSSABILITIES = ("crossable", "wire_failure", "balloon_uncrossable", "balloon_undilatable")
CAUSES = (
    "cardiac_death",
    "noncardiac_death",
    "mi",
    "tlr",
    "tvr_non_tl",
    "non_target_revascularisation",
    "stroke",
    "stent_thrombosis",
)
MACE_CAUSES = ("cardiac_death", "noncardiac_death", "mi", "tlr", "tvr_non_tl")
"""Any death, infarction and target-vessel revascularisation: what the default scenario is calibrated on."""

INDEX_VISIT, STAGED_VISIT, REPEAT_VISIT = range(3)
NEVER = 10**6
"""A day that no follow-up reaches: the event does not happen."""
