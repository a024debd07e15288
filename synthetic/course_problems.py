"""What types cannot say about the settings of the course of a procedure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from synthetic.course_settings import Complications
    from synthetic.scenario import Scenario

    Problems = Iterator[tuple[str, str]]

_SUM_ERROR = 1e-9


def course_problems(scenario: Scenario) -> Problems:
    """Yield the place and the fault of each setting that cannot be drawn from."""
    yield from _of_complications(scenario.complications)


def _of_complications(model: Complications) -> Problems:
    """Yield probabilities that are none, and mixes of grades that are not whole."""
    where = "complications"
    yield from _shares(
        where,
        {
            name: getattr(model, name)
            for name in ("access_site_bleeding", "acute_kidney_injury", "tamponade_after_procedure")
        },
    )
    if not 0 <= model.acute_kidney_injury * model.acute_kidney_injury_ckd_multiplier <= 1:
        yield f"{where}.acute_kidney_injury_ckd_multiplier", "makes a probability below 0 or above 1"
    yield from _mix(f"{where}.mild_dissection_mix", model.mild_dissection_mix, count=3)
    yield from _mix(f"{where}.severe_dissection_mix", model.severe_dissection_mix, count=3)
    yield from _mix(f"{where}.perforation_mix", model.perforation_mix, count=3)
    yield from _mix(f"{where}.access_site_bleeding_mix", model.access_site_bleeding_mix, count=2)


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
