"""The bundled mappings on small files written out here: counts by hand, and every planted fault found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.intake.submission import PreparedSubmission


def accepted(done: PreparedSubmission) -> dict[str, int]:
    """Return the accepted rows of each table that has any."""
    return {
        name: table.accepted.height for name, table in done.report.tables.items() if table.accepted.height
    }


def found(done: PreparedSubmission, *levels: str) -> list[tuple[str, str, str | None, int | None]]:
    """Return rule, table, column and line of the findings of some levels."""
    rows = done.findings.filter(pl.col("level").is_in(levels))
    return rows.select("rule_id", "table", "column", "line").rows()


VISIT = {
    "NCDRPatientID": "5001",
    "LastName": "SECRETMARKER",
    "Sex": "Male",
    "PtRestriction": "No",
    "AgeAtProcedure": "77",
    "ProcedureStartDateTime": "02/28/2023 08:05",
    "DCDateTime": "03/01/2023 10:00",
    "DCStatus": "Alive",
    "PCIIndication": "NSTE - ACS",
    "PCIStatus": "Urgent",
    "Diabetes": "Yes",
    "CurrentDialysis": "No",
    "PriorMI": "Yes",
    "LVEF": "40",
    "PreProcCreat": "1.20",
    "PreProcHgb": "13.1",
    "ContrastVol": "150",
    "LesionCounter01": "1",
    "SegmentID01": "12 - pLAD",
    "StenosisPriorTreat01": "90",
    "ChronicOcclusion01": "No",
    "SevereCalcification01": "Yes",
    "LesionComplexity01": "High/C",
    "LesionLength01": "30",
    "BifurcationLesion01": "No",
    "GuidewireLesion01": "Yes",
    "StenosisPostProc01": "10",
    "PostProcTIMI01": "TIMI-3",
    "LesionCounter02": "2",
    "SegmentID02": "18 - pCIRC",
    "SevereCalcification02": "No",
    "PostProcTIMI02": "TIMI-3",
    "ICDevID01": "Rotablator burr",
    "ICDevCounterAssn01": "1",
    "DeviceDiameter01": "",
    "ICDevID02": "NC Emerge",
    "ICDevCounterAssn02": "1,2",
    "DeviceDiameter02": "3.0",
    "DissectionSeg": "No",
    "PerfSeg": "Yes",
    "K_CardiacTamponade": "No",
    "K_MyocardialInfarction": "No",
    "K_NewDialysis": "No",
    "K_BleedingAccessSite": "No",
    "FU_AssessmentDate01": "03/30/2023",
    "FU_Status01": "Alive",
    "FU_DeathDate01": "",
    "FU_DeathCause01": "",
}
SECOND_VISIT = {
    **dict.fromkeys(VISIT, ""),
    "NCDRPatientID": "5002",
    "Sex": "Female",
    "AgeAtProcedure": "83",
    "ProcedureStartDateTime": "03/02/2023 14:40",
    "DCDateTime": "03/04/2023 09:00",
    "DCStatus": "Alive",
    "PCIIndication": "Stable angina",
    "PCIStatus": "Elective",
    "Diabetes": "No",
    "CurrentDialysis": "Maybe",
    "PriorMI": "No",
    "LVEF": "Unknown",
    "PreProcCreat": "130",
    "PreProcHgb": "Not Drawn",
    "ContrastVol": "999",
    "LesionCounter01": "1",
    "SegmentID01": "2 - mRCA",
    "ICDevID01": "Shockwave catheter",
    "ICDevCounterAssn01": "1",
    "DeviceDiameter01": "3.0",
    "ICDevID02": "Unheard-of balloon",
    "ICDevCounterAssn02": "1",
    "FU_AssessmentDate01": "04/05/2023",
    "FU_Status01": "Deceased",
    "FU_DeathDate01": "03/30/2023",
    "FU_DeathCause01": "Heart failure",
}


def test_a_wide_us_export_fills_every_table_it_can(prepare_rows: Callable[..., PreparedSubmission]) -> None:
    done = prepare_rows("cathpci_wide", [VISIT, SECOND_VISIT], encoding="utf-8-sig")
    assert accepted(done) == {
        "sites": 1,
        "patients": 2,
        "procedures": 2,
        "lesions": 3,
        "device_uses": 4,
        "complications": 1,
        "follow_up": 2,
        "events": 1,
    }
    assert found(done, "ROW", "NULL", "FILE") == [
        ("C02", "device_uses", "device_class", 3),
        ("C03", "procedures", "creatinine_umol_l", 3),
        ("C02", "procedures", "dialysis", 3),
    ]
    procedures = done.report.tables["procedures"].accepted
    assert procedures["creatinine_umol_l"].to_list() == [106.104, None]
    assert procedures["hemoglobin_g_l"].to_list() == [131.0, None]
    assert procedures["contrast_ml"].to_list() == [150.0, None]
    assert done.report.tables["lesions"].accepted["vessel"].to_list() == ["LAD", "LCX", "RCA"]
    assert "SECRETMARKER" not in done.findings.write_csv()


FIRST = {
    "record_id": "7",
    "redcap_event_name": "index_arm_1",
    "redcap_repeat_instrument": "",
    "redcap_repeat_instance": "",
    "sex": "2",
    "age": "69",
    "pci_date": "2023-11-20",
    "dc_date": "2023-11-22",
    "dc_alive": "1",
    "presentation": "1",
    "dm": "2",
    "dialysis": "1",
    "creat": "-999",
    "comp___0": "0",
    "comp___1": "0",
    "comp___2": "1",
    "comp___3": "0",
    "comp___4": "0",
    "comp___5": "0",
    "ellis": "2",
    "complications_complete": "2",
}
LESION = {
    "record_id": "7",
    "redcap_event_name": "index_arm_1",
    "redcap_repeat_instrument": "lesion",
    "redcap_repeat_instance": "1",
    "vessel": "4",
    "calc_grade": "3",
    "rvd": "3.1",
    "length_cm": "3.2",
    "timi_final": "3",
    "imaging": "2",
    "oct_arc": "310",
    "oct_thick_um": "1100",
    "oct_len": "14",
    "dev___1": "1",
    "dev___2": "1",
    "dev___3": "0",
    "dev___4": "0",
    "dev___5": "0",
    "burr_mm": "1.5",
    "ivl_pulses": "80",
}
YEAR = {
    "record_id": "7",
    "redcap_event_name": "month_12_arm_1",
    "fu_date": "2024-11-18",
    "fu_status": "1",
    "fu_mace_asked": "1",
    "tlr": "1",
    "tlr_date": "2024-06-02",
}


def test_a_redcap_export_finds_the_parent_row_and_converts_units(
    prepare_rows: Callable[..., PreparedSubmission],
) -> None:
    done = prepare_rows("redcap", [FIRST, LESION, YEAR], encoding="utf-8")
    assert accepted(done) == {
        "sites": 1,
        "patients": 1,
        "procedures": 1,
        "lesions": 1,
        "imaging": 1,
        "device_uses": 2,
        "complications": 1,
        "follow_up": 1,
        "events": 1,
    }
    assert found(done, "ROW", "NULL", "FILE") == []
    lesion = done.report.tables["lesions"].accepted.row(0, named=True)
    assert lesion["lesion_length_mm"] == 32.0
    assert lesion["procedure_id"].endswith(".2023-11-20")
    assert done.report.tables["imaging"].accepted["calcium_thickness_mm"].to_list() == [1.1]
    devices = done.report.tables["device_uses"].accepted
    assert devices.select("device_class", "diameter_mm", "ivl_pulses").rows() == [
        ("rotational_atherectomy", 1.5, None),
        ("intravascular_lithotripsy", None, 80),
    ]
    complication = done.report.tables["complications"].accepted.row(0, named=True)
    assert (complication["grade_scale"], complication["grade"]) == ("ellis", "II")
