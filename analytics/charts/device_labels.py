"""Words for classes of devices."""

from __future__ import annotations

DEVICE_LABELS = {
    "rotational_atherectomy": "Rotational atherectomy",
    "orbital_atherectomy": "Orbital atherectomy",
    "intravascular_lithotripsy": "Lithotripsy",
    "elca": "Excimer laser",
    "cutting_balloon": "Cutting balloon",
    "scoring_balloon": "Scoring balloon",
    "nc_balloon": "Non-compliant balloon",
    "super_high_pressure_balloon": "Super-high-pressure balloon",
    "sc_balloon": "Semi-compliant balloon",
    "drug_coated_balloon": "Drug-coated balloon",
    "stent": "Stent",
    "other": "Other",
}


def label_device(code: str) -> str:
    """Return the words for a class of devices; an unknown code stays as it is."""
    return DEVICE_LABELS.get(code, code)
