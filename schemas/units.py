"""Units as sites send them, and the factor that turns each into the schema's unit.

A fixed table: nothing is ever inferred from the values. Chemistry depends on the substance, so those
factors are keyed by canonical column; lengths, pressures and speeds are keyed by the schema's unit alone.
"""

from __future__ import annotations

import unicodedata

_SUBSTANCE: dict[str, tuple[frozenset[str], dict[str, float]]] = {
    # substance: canonical columns, factor of each sent unit to the schema's unit
    "creatinine": (
        frozenset({"creatinine_umol_l", "creatinine_peak_umol_l"}),
        {"umol/l": 1.0, "mg/dl": 88.42, "mmol/l": 1000.0, "mg/l": 8.842},
    ),
    "haemoglobin": (
        frozenset({"hemoglobin_g_l", "hemoglobin_nadir_g_l"}),
        {"g/l": 1.0, "g/dl": 10.0, "mmol/l": 16.11},
    ),
    "calcium": (frozenset({"calcium_mmol_l"}), {"mmol/l": 1.0, "mg/dl": 0.2495}),
    "phosphate": (frozenset({"phosphate_mmol_l"}), {"mmol/l": 1.0, "mg/dl": 0.3229}),
    "hs_crp": (frozenset({"hs_crp_mg_l"}), {"mg/l": 1.0, "mg/dl": 10.0}),
    "ldl": (frozenset({"ldl_mmol_l"}), {"mmol/l": 1.0, "mg/dl": 0.02586}),
}

_BY_SCHEMA_UNIT: dict[str, dict[str, float]] = {
    "mm": {"mm": 1.0, "cm": 10.0, "um": 0.001, "m": 1000.0},
    "mm2": {"mm2": 1.0, "cm2": 100.0},
    "atm": {
        "atm": 1.0,
        "bar": 0.986923,
        "kpa": 0.00986923,
        "mpa": 9.86923,
        "psi": 0.068046,
        "mmhg": 0.00131579,
    },
    "1000rpm": {"1000rpm": 1.0, "krpm": 1.0, "rpm": 0.001},
    "s": {"s": 1.0, "min": 60.0},
    "ml": {"ml": 1.0, "l": 1000.0, "cl": 10.0},
    "mgy": {"mgy": 1.0, "gy": 1000.0},
    "%": {"%": 1.0, "fraction": 100.0},
    "deg": {"deg": 1.0, "rad": 57.29577951308232},
    "mj/mm2": {"mj/mm2": 1.0, "j/cm2": 10.0},
    "days": {"days": 1.0, "weeks": 7.0},
}


def normalise_unit(unit: str) -> str:
    """Return a unit in the spelling of the tables: no blanks, lower case, ``u`` for micro."""
    compact = "".join(unicodedata.normalize("NFKC", unit).split()).casefold()
    return compact.replace("μ", "u").replace("²", "2").replace("^2", "2")


def known_units(*, column: str, schema_unit: str) -> tuple[str, ...]:
    """Return the units that a canonical column can be sent in; empty where it has no unit."""
    return tuple(_factors(column, schema_unit))


def conversion_factor(sent_unit: str, *, column: str, schema_unit: str) -> float | None:
    """Return what a sent number is multiplied by to be in the schema's unit.

    Parameters
    ----------
    sent_unit
        Unit of the site's file, such as ``mg/dL``; case, blanks and the sign for micro do not matter.
    column
        Canonical column that receives the number; it tells the substance.
    schema_unit
        Unit of that column in the schema.

    Returns
    -------
    float or None
        The factor, or None where the unit cannot be converted to this column.

    Notes
    -----
    Creatinine 88.42 umol/L per mg/dL, haemoglobin 16.11 g/L per mmol/L (of the monomer), calcium 0.2495,
    phosphate (as phosphorus) 0.3229 and LDL cholesterol 0.02586 mmol/L per mg/dL: molar masses of 113.12,
    16 114, 40.08, 30.97 and 386.7 g/mol.
    """
    return _factors(column, schema_unit).get(normalise_unit(sent_unit))


def _factors(column: str, schema_unit: str) -> dict[str, float]:
    """Return the factors of one column, the substance's before the unit's."""
    for columns, factors in _SUBSTANCE.values():
        if column in columns:
            return factors
    unit = normalise_unit(schema_unit)
    return _BY_SCHEMA_UNIT.get(unit, {unit: 1.0} if unit else {})
