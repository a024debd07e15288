"""Figures of devices, complications and events that can be set beside published ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from synthetic.calibration_measures import CUTTING, SPECIAL, Measured, View, mean, share
from synthetic.calibration_people import LITHOTRIPSY, ROTATIONAL

if TYPE_CHECKING:
    from synthetic.calibration_people import Quantity

_ORBITAL = ("orbital_atherectomy",)
_LASER = ("elca",)
_DAYS_OF_A_YEAR = 365
_PROCEDURES_OF_A_SITE = 100


def _used(classes: tuple[str, ...], year: int | None = None) -> Quantity:
    """Measure in how many procedures a device was used, of one calendar year or all."""

    def of(view: View) -> Measured | None:
        rows = view.procedures if year is None else view.procedures.filter(pl.col("year") == year)
        return share(
            rows, pl.col("procedure_id").is_in(view.procedures_with(classes)["procedure_id"].implode())
        )

    return of


def _without_atherectomy(view: View) -> Measured | None:
    """Measure how many hospitals used neither burr nor crown, of those with procedures enough to tell."""
    used = view.procedures_with((*ROTATIONAL, *_ORBITAL))["site_id"]
    sites = view.procedures.group_by("site_id").len().filter(pl.col("len") >= _PROCEDURES_OF_A_SITE)
    return share(sites, ~pl.col("site_id").is_in(used.implode()))


def _imaged(classes: tuple[str, ...]) -> Quantity:
    """Measure how many procedures with a device were guided by imaging."""

    def of(view: View) -> Measured | None:
        lesions = view.table("imaging").select("lesion_id").unique()
        imaged = view.lesions.join(lesions, on="lesion_id", how="semi")["procedure_id"]
        return share(view.procedures_with(classes), pl.col("procedure_id").is_in(imaged.implode()))

    return of


def _setting(device: str, column: str) -> Quantity:
    """Measure the mean setting of a device."""
    return lambda view: mean(view.devices.filter(pl.col("device_class") == device), column)


def _first_burrs(view: View) -> pl.DataFrame:
    """Return the first burr in each lesion."""
    burrs = view.devices.filter(pl.col("device_class") == "rotational_atherectomy")
    return burrs.sort("lesion_id", "sequence_no").unique("lesion_id", keep="first", maintain_order=True)


def _burr(size: float) -> Quantity:
    """Measure the share of a burr size among first burrs."""
    return lambda view: share(_first_burrs(view), (pl.col("diameter_mm") - size).abs() < 0.01)


def _burr_to_artery(view: View) -> Measured | None:
    """Measure the largest burr of a lesion against the reference diameter."""
    burrs = view.devices.filter(pl.col("device_class") == "rotational_atherectomy")
    largest = burrs.sort("diameter_mm").unique("lesion_id", keep="last", maintain_order=True)
    return mean(largest, pl.col("diameter_mm") / pl.col("reference_diameter_mm"))


def _complication(
    kind: str, classes: tuple[str, ...], *, alone: bool = False, grades: tuple[str, ...] = ()
) -> Quantity:
    """Measure a complication, of procedures with a device, where the hospital states presence or absence.

    Without device classes: of procedures in which nothing but balloons without blades prepared lesions.
    """

    def of(view: View) -> Measured | None:
        if classes:
            rows = view.procedures_with(classes, alone=alone)
        else:
            special = view.procedures_with((*SPECIAL, *CUTTING))
            rows = view.procedures.join(special, on="procedure_id", how="anti")
        records = view.complications.filter(pl.col("complication_type") == kind)
        if grades:
            records = records.filter(pl.col("grade").is_in(list(grades)))
        told = rows.filter(pl.col("complications_recorded") == "all")
        return share(told, pl.col("procedure_id").is_in(records["procedure_id"].implode()))

    return of


def _in_hospital(view: View) -> Measured | None:
    """Measure death, infarction and target-vessel revascularisation in the stay with a burr."""
    infarcted = view.complications.filter(pl.col("complication_type") == "periprocedural_mi")["procedure_id"]
    rows = view.procedures_with(ROTATIONAL).filter(pl.col("complications_recorded") == "all")
    events = view.table("events").filter(
        (pl.col("event_type") == "mi")
        | (
            pl.col("event_type").is_in(["revasc_pci", "revasc_cabg"])
            & pl.col("target_relation").is_in(["target_lesion", "target_vessel"])
        )
    )
    during = (
        rows.join(events.select("patient_id", "event_date"), on="patient_id")
        .filter(pl.col("event_date").is_between("procedure_date", "discharge_date"))["procedure_id"]
        .implode()
    )
    died = pl.col("discharge_status") == "dead"
    claim = died | pl.col("procedure_id").is_in(infarcted.implode()) | pl.col("procedure_id").is_in(during)
    return share(rows, claim)


def _death_on_dialysis(view: View) -> Measured | None:
    """Measure death by one year after rotational atherectomy on dialysis, where deaths are linked."""
    sites = view.table("sites").filter(pl.col("followup_source") == "linkage")
    rows = view.patients_with(ROTATIONAL).filter(pl.col("dialysis"))
    rows = rows.join(sites.select("site_id", "data_cutoff_date"), on="site_id")
    rows = rows.filter(
        (pl.col("data_cutoff_date") - pl.col("procedure_date")).dt.total_days() > _DAYS_OF_A_YEAR
    )
    deaths = (
        view.table("events").filter(pl.col("event_type") == "death").select("patient_id", died="event_date")
    )
    rows = rows.join(deaths, on="patient_id", how="left")
    after = (pl.col("died") - pl.col("procedure_date")).dt.total_days()
    return share(rows, (after <= _DAYS_OF_A_YEAR).fill_null(value=False))


def _risk(strategy: str, day: int) -> Quantity:
    """Return the true risk of those given a strategy: death, infarction, target-vessel revascularisation."""

    def of(view: View) -> Measured | None:
        wanted = ("death_mi_tvr", "treated", strategy, day)
        keys = ("endpoint", "population", "strategy", "horizon_days")
        rows = view.truth.get("marginal", {}).get("risks", [])
        found = [row for row in rows if tuple(row[key] for key in keys) == wanted]
        if not found or found[0]["risk"] is None:
            return None
        error = found[0].get("risk_error") or 0.0
        return Measured(float(found[0]["risk"]), view.procedures.height, 0.0, float(error))

    return of


def _mace(*grades: str) -> Quantity:
    """Return the expected one-year risk given true grades."""

    def of(view: View) -> Measured | None:
        risk = view.truth["expected"]["one_year_mace_by_true_severity"]
        counts = view.truth["counts"]["procedures_by_true_severity"]
        known = [(risk[name], counts[name]) for name in grades if risk[name] is not None]
        total = sum(count for _, count in known)
        if not total:
            return None
        return Measured(sum(value * count for value, count in known) / total, total)

    return of


def _early_part(view: View) -> Measured | None:
    """Return the expected part of one-year risk by day 30 in severe calcification."""
    value = view.truth["expected"]["share_of_one_year_mace_in_first_30_days"]["severe"]
    rows = view.truth["counts"]["procedures_by_true_severity"]["severe"]
    return None if value is None else Measured(float(value), rows)


DEVICES: dict[str, Quantity] = {
    **{f"any_tool_{year}": _used((*SPECIAL, *CUTTING), year) for year in (2018, 2020, 2022)},
    "lithotripsy_2018": _used(LITHOTRIPSY, 2018),
    "lithotripsy_2022": _used(LITHOTRIPSY, 2022),
    "atherectomy_2020": _used((*ROTATIONAL, *_ORBITAL), 2020),
    "atherectomy_2022": _used((*ROTATIONAL, *_ORBITAL), 2022),
    "rotational_share": _used(ROTATIONAL),
    "laser_share": _used(_LASER),
    "hospitals_without_atherectomy": _without_atherectomy,
    "imaging_rotational": _imaged(ROTATIONAL),
    "imaging_lithotripsy": _imaged(LITHOTRIPSY),
    "burr_125": _burr(1.25),
    "burr_150": _burr(1.5),
    "burr_to_artery": _burr_to_artery,
    "burr_speed_krpm": _setting("rotational_atherectomy", "rotation_speed_krpm"),
    "lithotripsy_pulses": _setting("intravascular_lithotripsy", "ivl_pulses"),
    "lithotripsy_balloon_mm": _setting("intravascular_lithotripsy", "diameter_mm"),
    "cutting_pressure_atm": _setting("cutting_balloon", "max_pressure_atm"),
    "nc_pressure_atm": _setting("nc_balloon", "max_pressure_atm"),
    "laser_fluence": _setting("elca", "laser_fluence_mj_mm2"),
}
"""What is used, where, and how it is set."""

COMPLICATIONS: dict[str, Quantity] = {
    "perforation_plain": _complication("perforation", ()),
    "dissection_plain": _complication("dissection", ()),
    "dissection_rotational": _complication("dissection", ROTATIONAL),
    "perforation_rotational": _complication("perforation", ROTATIONAL),
    "tamponade_rotational": _complication("tamponade", ROTATIONAL),
    "slow_flow_rotational": _complication("slow_flow_no_reflow", ROTATIONAL),
    "av_block_rotational": _complication("av_block", ROTATIONAL),
    "wire_fracture_rotational": _complication("wire_fracture", ROTATIONAL),
    "entrapment_rotational": _complication("device_entrapment", ROTATIONAL),
    "rupture_lithotripsy": _complication("balloon_rupture", LITHOTRIPSY, alone=True),
    "dissection_lithotripsy": _complication("dissection", LITHOTRIPSY, alone=True),
    "severe_dissection_lithotripsy": _complication(
        "dissection", LITHOTRIPSY, alone=True, grades=("D", "E", "F")
    ),
    "perforation_lithotripsy": _complication("perforation", LITHOTRIPSY, alone=True),
    "slow_flow_lithotripsy": _complication("slow_flow_no_reflow", LITHOTRIPSY, alone=True),
    "mi_lithotripsy": _complication("periprocedural_mi", LITHOTRIPSY, alone=True),
    "perforation_orbital": _complication("perforation", _ORBITAL, alone=True),
    "slow_flow_orbital": _complication("slow_flow_no_reflow", _ORBITAL, alone=True),
    "severe_dissection_laser": _complication("dissection", _LASER, alone=True, grades=("D", "E", "F")),
    "mi_laser": _complication("periprocedural_mi", _LASER, alone=True),
}
"""What goes wrong on the table."""

OUTCOMES: dict[str, Quantity] = {
    "mace_none_mild": _mace("none", "mild"),
    "mace_moderate": _mace("moderate"),
    "mace_severe": _mace("severe"),
    "early_part_severe": _early_part,
    "mace_rotational_stay": _in_hospital,
    "mace_rotational": _risk("rotational_atherectomy", 365),
    "mace_lithotripsy_30": _risk("intravascular_lithotripsy", 30),
    "mace_lithotripsy": _risk("intravascular_lithotripsy", 365),
    "death_rotational_dialysis": _death_on_dialysis,
}
"""What happens afterwards."""
