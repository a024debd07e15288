"""What types cannot say about settings of patients, lesions and the course of a procedure."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from synthetic.codes import PRESENTATIONS
from synthetic.device_settings import ACTIVATED, INFLATED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from synthetic.course_settings import Burden, Complications, Devices, Imaging, Visit
    from synthetic.scenario import Scenario
    from synthetic.settings import Population, Treatment

    Problems = Iterator[tuple[str, str]]

_SUM_ERROR = 1e-9
_COMPLICATION_SHARES = ("access_site_bleeding", "acute_kidney_injury", "tamponade_after_procedure")
_TREATMENT_SHARES = (
    *("direct_stent", "drug_coated_balloon", "rescue_if_resistant", "rescue_if_severe"),
    *("rescue_by_lithotripsy", "drug_coated_balloon_if_in_stent", "scoring_if_cutting"),
    *("super_high_pressure_if_nc", "second_burr", "compliant_after_debulking"),
)
_DEVICE_SHARES = (
    *("larger_burr_if_large", "widest_burr_if_wide", "larger_laser_if_large", "smaller_blade", "fast_crown"),
)
_OUTCOME_SHARES = (
    *("vascular_if_cardiac_death", "target_vessel_if_late_mi", "driven_if_revascularised"),
    *("mi_with_stent_thrombosis", "tlr_with_stent_thrombosis", "cabg_if_revascularised"),
)
_VISIT_SHARES = (
    *("unstable_if_repeat", "shock_if_dead", "support_if_shock", "balloon_pump_if_support", "dapt"),
    *("radial", "radial_if_device", "radial_if_shock", "gp2b3a_if_acute", "gp2b3a_if_chronic"),
    *("flow_0_if_no_reflow", "flow_2"),
)
_IMAGING_SHARES = (
    *("after_modification", "after_stent", "fracture_if_lithotripsy", "fracture_otherwise"),
    *("eruptive_if_nodule", "oct_share", "second_modality", "oct_misses_deep"),
)
_IMAGING_SPREADS = (
    *("thickness_sd_mm", "length_sd_share", "reference_area_sd", "narrowest_share_sd"),
    *("expansion_sd_pct", "arc_reading_sd_deg"),
)


def course_problems(scenario: Scenario) -> Problems:
    """Yield the place and the fault of each setting that cannot be drawn from."""
    yield from _of_patients(scenario.population)
    yield from _mix("anatomy.tortuosity_mix", scenario.anatomy.tortuosity_mix, count=3)
    yield from _mix("anatomy.angulation_mix", scenario.anatomy.angulation_mix, count=3)
    yield from _shares("outcomes", _values(scenario.outcomes, _OUTCOME_SHARES))
    yield from _of_complications(scenario.complications)
    yield from _of_imaging(scenario.imaging)
    yield from _of_treatment(scenario.treatment)
    yield from _of_devices(scenario.devices)
    yield from _of_burden(scenario.burden)
    yield from _of_visits(scenario.visit)
    for name, value in asdict(scenario.laboratory).items():
        if isinstance(value, tuple):
            yield from _mean_and_sd(f"laboratory.{name}", value)


def _of_patients(model: Population) -> Problems:
    """Yield distributions of patients that are none."""
    for name in ("egfr_usual", "egfr_if_ckd", "egfr_if_dialysis", "body_mass_index"):
        yield from _mean_and_sd(f"population.{name}", getattr(model, name))


def _of_complications(model: Complications) -> Problems:
    """Yield probabilities that are none, and mixes of grades that are not whole."""
    where = "complications"
    yield from _shares(where, _values(model, _COMPLICATION_SHARES))
    if not 0 <= model.acute_kidney_injury * model.acute_kidney_injury_ckd_multiplier <= 1:
        yield f"{where}.acute_kidney_injury_ckd_multiplier", "makes a probability below 0 or above 1"
    yield from _mix(f"{where}.mild_dissection_mix", model.mild_dissection_mix, count=3)
    yield from _mix(f"{where}.severe_dissection_mix", model.severe_dissection_mix, count=3)
    yield from _mix(f"{where}.perforation_mix", model.perforation_mix, count=3)
    yield from _mix(f"{where}.access_site_bleeding_mix", model.access_site_bleeding_mix, count=2)


def _of_imaging(model: Imaging) -> Problems:
    """Yield probabilities, mixes and spreads of imaging that are none."""
    yield from _shares("imaging", _values(model, _IMAGING_SHARES))
    yield from _mix("imaging.depth_mix", model.depth_mix, count=3)
    yield from _spreads("imaging", _values(model, _IMAGING_SPREADS))


def _of_treatment(model: Treatment) -> Problems:
    """Yield probabilities of what comes with a strategy that are none."""
    yield from _shares("treatment", _values(model, _TREATMENT_SHARES))
    yield from _shares("treatment.balloon_before", model.balloon_before)
    yield from _shares("treatment.balloon_after_stent", model.balloon_after_stent)


def _of_devices(model: Devices) -> Problems:
    """Yield probabilities and distributions of sizes and settings that are none."""
    yield from _shares("devices", _values(model, _DEVICE_SHARES))
    if model.wide_artery_mm < model.large_artery_mm:
        yield "devices.wide_artery_mm", "must not be below large_artery_mm"
    if model.widest_burr_if_wide > model.larger_burr_if_large:
        yield "devices.widest_burr_if_wide", "must not be above larger_burr_if_large, of which it is a part"
    for name in ("burr_speed_krpm", "lithotripsy_pulses", "laser_fluence_mj_mm2"):
        yield from _mean_and_sd(f"devices.{name}", getattr(model, name))
    for name, classes in (("activation_s", ACTIVATED), ("pressure_atm", INFLATED)):
        table = getattr(model, name)
        if set(table) != set(classes):
            yield f"devices.{name}", f"must name {', '.join(classes)}"
        for device, around in table.items():
            yield from _mean_and_sd(f"devices.{name}.{device}", around)


def _of_burden(model: Burden) -> Problems:
    """Yield spreads of burden below zero."""
    for name in ("contrast_ml", "log_air_kerma", "syntax_points"):
        yield from _spreads(f"burden.{name}", {"sd": getattr(model, name).sd})


def _of_visits(model: Visit) -> Problems:
    """Yield probabilities and mixes of visits that are none."""
    yield from _shares("visit", _values(model, _VISIT_SHARES))
    yield from _mix("visit.diseased_mix", model.diseased_mix, count=3)
    yield from _spreads("visit", {"residual_sd_pct": model.residual_sd_pct})
    for name in ("nights", "discharge_each_night"):
        if len(getattr(model, name)) != len(PRESENTATIONS):
            yield f"visit.{name}", f"needs {len(PRESENTATIONS)} values"
    if not all(0 < chance <= 1 for chance in model.discharge_each_night):
        yield "visit.discharge_each_night", "must be above 0 and at most 1"


def _mean_and_sd(where: str, values: tuple[float, ...]) -> Problems:
    """Yield what is not a mean and a standard deviation."""
    if len(values) != len(("mean", "sd")):
        yield where, "needs 2 values, mean and standard deviation"
    elif values[1] < 0:
        yield where, "needs a standard deviation of 0 or more"


def _values(model: object, names: tuple[str, ...]) -> dict[str, float]:
    """Return some settings by name."""
    return {name: getattr(model, name) for name in names}


def _spreads(where: str, values: Mapping[str, float]) -> Problems:
    """Yield standard deviations below zero."""
    for name, value in values.items():
        if value < 0:
            yield f"{where}.{name}", "must be 0 or more"


def _shares(where: str, values: Mapping[str, float]) -> Problems:
    """Yield numbers that are no probabilities."""
    for name, value in values.items():
        if not 0 <= value <= 1:
            yield f"{where}.{name}", "must be from 0 to 1"


def _mix(where: str, mix: tuple[float, ...], *, count: int) -> Problems:
    """Yield a mix of another length than its categories, of negative parts or of another sum than one."""
    if len(mix) != count:
        yield where, f"needs {count} values"
    elif min(mix) < 0:
        yield where, "must be 0 or more"
    elif abs(sum(mix) - 1) > _SUM_ERROR:
        yield where, "does not sum to 1"
