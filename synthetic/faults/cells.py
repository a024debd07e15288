"""Faults of single cells and rows, planted into patients that the registry has."""

from __future__ import annotations

from dataclasses import dataclass, field

STRANGER = "ZZ-P9999999"
AFTER_CUTOFF = "<after cut-off>"


@dataclass(frozen=True)
class CellFault:
    """One fault: a cell overwritten, or a row sent twice.

    Parameters
    ----------
    rule_id, level
        Rule that the fault breaks, and what the rule does.
    table, column
        Where the finding is expected.
    value
        New content of the cell; None empties it. Of no meaning where a row is copied.
    where
        Column and pattern that a row must have; none for any row whose cell is filled.
    copied
        Append a copy of the row instead, with these columns changed; the fault then lies in the copy.
    """

    rule_id: str
    level: str
    table: str
    column: str
    value: str | None = None
    where: tuple[str, str] | None = None
    copied: dict[str, str] | None = field(default=None)


CELL_FAULTS = (
    CellFault("C01", "NULL", "sites", "on_site_surgery", "perhaps"),
    CellFault("C13", "NULL", "sites", "country", "gbr"),
    CellFault("C01", "NULL", "patients", "research_use_allowed", "perhaps"),
    CellFault("C02", "ROW", "patients", "sex", "W"),
    CellFault("C05", "ROW", "patients", "sex"),
    CellFault("K01", "ROW", "patients", "patient_id", copied={}),
    CellFault("C01", "NULL", "procedures", "lvef_pct", "good"),
    CellFault("C03", "NULL", "procedures", "lvef_pct", "155"),
    CellFault("C04", "WARN", "procedures", "bmi_kg_m2", "52.5"),
    CellFault("C02", "ROW", "procedures", "presentation", "chest pain"),
    CellFault("C05", "ROW", "procedures", "age_years"),
    CellFault("K02", "ROW", "procedures", "patient_id", STRANGER, where=("procedure_id", "-2$")),
    CellFault(
        "T02", "NULL", "procedures", "discharge_date", "2006-01-02", where=("discharge_status", "alive")
    ),
    CellFault("C01", "NULL", "lesions", "lesion_length_mm", "long"),
    CellFault("C02", "ROW", "lesions", "calcification_angio", "heavy"),
    CellFault("C03", "NULL", "lesions", "reference_diameter_mm", "30"),
    CellFault("K01", "ROW", "lesions", "lesion_id", copied={}),
    CellFault("K02", "ROW", "lesions", "procedure_id", f"{STRANGER}-1", where=("lesion_number", "2")),
    CellFault("C02", "ROW", "imaging", "modality", "mri"),
    CellFault("C03", "NULL", "imaging", "calcium_arc_deg", "400"),
    CellFault("K02", "ROW", "imaging", "lesion_id", f"{STRANGER}-1-L1"),
    CellFault("C01", "NULL", "device_uses", "max_pressure_atm", "high"),
    CellFault("C02", "ROW", "device_uses", "device_class", "drill"),
    CellFault("C03", "NULL", "device_uses", "diameter_mm", "9.5", where=("device_class", "stent")),
    CellFault(
        "K02", "ROW", "device_uses", "lesion_id", f"{STRANGER}-1-L1", where=("device_class", "nc_balloon")
    ),
    CellFault("C02", "NULL", "complications", "timing", "later"),
    CellFault("C02", "ROW", "complications", "complication_type", "bad luck"),
    CellFault("K02", "ROW", "complications", "procedure_id", f"{STRANGER}-1"),
    CellFault("X31", "NULL", "complications", "grade", "Z", where=("complication_type", "dissection")),
    CellFault("C01", "ROW", "follow_up", "contact_date", "soon"),
    CellFault("C05", "ROW", "follow_up", "vital_status"),
    CellFault("K01", "ROW", "follow_up", "contact_id", copied={}),
    CellFault("K02", "ROW", "follow_up", "patient_id", STRANGER),
    CellFault("C02", "ROW", "events", "event_type", "collapse", where=("event_type", "mi")),
    CellFault("K02", "ROW", "events", "patient_id", STRANGER, where=("event_type", "mi")),
    CellFault("T04", "ROW", "events", "event_date", "2006-01-02", where=("event_type", "mi")),
    CellFault("T05", "ROW", "events", "event_date", AFTER_CUTOFF, where=("event_type", "mi")),
)
"""Faults of cells and rows, parents before children."""
