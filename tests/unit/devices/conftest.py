"""A small cohort with devices, written by hand, for the chapter."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from analytics.chapters.device_rows import DeviceRows

SITES, OPERATORS = 6, 6
N = 60
"""Procedures, one lesion each: every third with a burr, every third with lithotripsy, the others with NC."""

FIRST = ("rotational_atherectomy", "intravascular_lithotripsy", "nc_balloon")


def _lesion(i: int) -> dict[str, object]:
    """One lesion with what the cohort and imaging say of it."""
    strategy = FIRST[i % 3]
    return {
        "lesion_id": f"l{i}",
        "procedure_id": f"p{i}",
        "patient_id": f"pat{i // 2}",
        "site_id": f"s{i % SITES}",
        "operator_id": f"secret-operator-{i % OPERATORS}",
        "procedure_year": 2020 + i % 3,
        "severity": ("severe", "mild", "moderate")[i % 3] if i % 7 else "unknown",
        "severity_angiography": "severe",
        "strategy_intended": strategy,
        "strategy_as_treated": strategy,
        "vessel": "LAD",
        "lesion_length_mm": 15.0 + i,
        "reference_diameter_mm": 3.0,
        "crossability": "balloon_uncrossable" if i % 6 == 0 else "crossable",
        "tortuosity": "none_mild",
        "angulation": "lt45",
        "cto": False,
        "in_stent_restenosis": i % 5 == 0,
        "bifurcation": False,
        "ostial": False,
        "calcium_arc_deg": 300.0 if i % 4 == 0 else None,
        "calcium_length_mm": None,
        "calcium_depth": "superficial" if i % 4 == 0 else None,
        "has_nodule": None,
        "is_imaged": i % 4 == 0,
    }


def _use(lesion: dict[str, object], i: int) -> dict[str, object]:
    """Give a lesion its one device; the burr of lesion 3 is too large for its vessel."""
    device = str(lesion["strategy_intended"])
    is_burr = device == "rotational_atherectomy"
    return {
        **{name: lesion[name] for name in lesion if name not in {"vessel"}},
        "device_class": device,
        "role": "modification",
        "use_plan": "planned",
        "sequence_no": 1,
        "diameter_mm": (2.25 if i == 3 else 1.5) if is_burr else 3.0,
        "max_pressure_atm": None if is_burr else 5.0,
        "rotation_speed_krpm": 150.0 if is_burr else None,
        "activation_time_s": None,
        "ivl_pulses": 80 if device == "intravascular_lithotripsy" else None,
        "laser_fluence_mj_mm2": None,
        "device_success": i % 10 != 0,
    }


@pytest.fixture
def device_rows() -> DeviceRows:
    """Procedures, lesions and devices of the cohort above."""
    lesions = [_lesion(i) for i in range(N)]
    uses = [_use(lesion, i) for i, lesion in enumerate(lesions)]
    procedures = pl.DataFrame(
        {
            "procedure_id": [f"p{i}" for i in range(N)],
            "site_id": [f"s{i % SITES}" for i in range(N)],
            "operator_id": [f"secret-operator-{i % OPERATORS}" for i in range(N)],
            "procedure_date": [date(2020, 1, 1) + timedelta(days=10 * i) for i in range(N)],
            "procedure_year": [2020 + i % 3 for i in range(N)],
            "had_complication": [None if i % 11 == 0 else i % 9 == 0 for i in range(N)],
        }
    )
    used = pl.DataFrame(uses, infer_schema_length=None)
    return DeviceRows(
        procedures=procedures,
        lesions=pl.DataFrame(lesions, infer_schema_length=None),
        uses=used,
        past=procedures.select("procedure_id", "site_id", "operator_id", "procedure_date"),
        past_uses=used.select("procedure_id", "device_class", "device_success"),
    )
