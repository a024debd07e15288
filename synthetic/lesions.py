"""Lesions: where they lie, how calcified they truly are, and the grade that gets written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from synthetic.codes import CALCIUM_SPECIFIC, SEVERITIES, VESSELS
from synthetic.elementary import exp
from synthetic.population import severity_weights
from synthetic.streams import draw_between, draw_category, draw_from_mix, draw_yes

if TYPE_CHECKING:
    from synthetic.scenario import Scenario
    from synthetic.settings import Anatomy
    from synthetic.streams import Bools, Floats, Ints

_LEFT_MAIN = VESSELS.index("LM")


def draw_lesions(
    scenario: Scenario, sites: pl.DataFrame, visits: pl.DataFrame, rng: np.random.Generator
) -> pl.DataFrame:
    """Draw the lesions treated at each visit.

    Parameters
    ----------
    scenario
        Anatomy and severity.
    sites
        From `draw_sites`.
    visits
        In the columns of `index_visits`.
    rng
        Stream of the stage.

    Returns
    -------
    polars.DataFrame
        One row per lesion in the order of visits: `visit` (row of `visits`), `lesion_number` (from 1),
        `severity` (truth, 0..3), `vessel` and `crossability` (numbers of `codes`), millimetres, per cents and
        flags.
    """
    counts = visits["n_lesions"].to_numpy()
    visit = np.repeat(np.arange(len(visits)), counts)
    number = np.arange(len(visit)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    of_visit = visits[visit]
    first = number == 1
    model = scenario.anatomy
    size = len(visit)
    severity = _draw_severity(scenario, sites, of_visit, first, rng)
    vessel = draw_from_mix(rng, tuple(model.vessel_mix.values()), size=size)
    forced = of_visit["vessel"].to_numpy()
    vessel = np.where(first & (forced >= 0), forced, vessel)
    in_stent = _draw_in_stent(scenario, of_visit, first, rng)
    occluded = draw_yes(rng, np.asarray(model.cto_if_chronic)[severity], size=size)
    cto = occluded & ~of_visit["acute"].to_numpy() & ~in_stent
    cto &= vessel != _LEFT_MAIN
    return pl.DataFrame(
        {
            "visit": visit,
            "lesion_number": number,
            "severity": severity,
            "vessel": vessel,
            "segment_start": np.repeat(rng.integers(0, 3, size=len(visits)), counts),
            "in_stent": in_stent,
            "cto": cto,
            "crossability": _draw_crossability(model, severity, cto, rng),
            **_draw_dimensions(model, severity, vessel, cto, rng),
        }
    )


def _draw_severity(
    scenario: Scenario, sites: pl.DataFrame, of_visit: pl.DataFrame, first: Bools, rng: np.random.Generator
) -> Ints:
    """Draw the true grade: the visit's class for the first lesion, like it or anew for the others."""
    shift = sites["severity_shift"].to_numpy()[of_visit["site"].to_numpy()]
    fresh = draw_category(rng, severity_weights(scenario.severity.mix, shift))
    alike = draw_yes(rng, scenario.severity.same_as_first_lesion, size=len(fresh))
    return np.where(first | alike, of_visit["severity"].to_numpy(), fresh)


def _draw_in_stent(
    scenario: Scenario, of_visit: pl.DataFrame, first: Bools, rng: np.random.Generator
) -> Bools:
    """Draw restenosis: known for some first lesions of later visits, else in patients with an earlier PCI."""
    share = min(scenario.anatomy.in_stent / max(scenario.population.prior_pci, 1e-9), 1.0)
    chance = np.where(of_visit["prior_pci"].to_numpy(), share, 0.0)
    known: Bools = of_visit["in_stent"].to_numpy()
    return draw_yes(rng, chance, size=len(first)) | (first & known)


def _draw_dimensions(
    model: Anatomy, severity: Ints, vessel: Ints, cto: Bools, rng: np.random.Generator
) -> dict[str, Floats | Bools | Ints]:
    """Draw sizes and features: longer with calcium and in occlusions, wider in the left main."""
    size = len(cto)
    length = exp(model.length_log_mean + model.length_log_sd * rng.standard_normal(size))
    length *= np.asarray(model.length_factor)[severity] * np.where(cto, model.length_factor_if_cto, 1.0)
    usual = model.reference_mean + np.asarray([model.reference_shift_mm[name] for name in VESSELS])[vessel]
    reference = draw_between(rng, usual, sd=model.reference_sd, low=2.0, high=5.0, size=size)
    stenosis = draw_between(rng, model.stenosis_mean, sd=model.stenosis_sd, low=52, high=99, size=size)
    return {
        "length_mm": np.asarray(np.round(np.clip(length, 5, 80), 0), dtype=np.float64),
        "reference_mm": np.round(reference, 2),
        "stenosis_pct": np.where(cto, 100.0, np.round(stenosis)),
        "bifurcation": draw_yes(rng, model.bifurcation, size=size),
        "ostial": draw_yes(rng, np.asarray(model.ostial)[severity], size=size),
        "tortuosity": draw_from_mix(rng, model.tortuosity_mix, size=size),
        "angulation": draw_from_mix(rng, model.angulation_mix, size=size),
    }


def _draw_crossability(model: Anatomy, severity: Ints, cto: Bools, rng: np.random.Generator) -> Ints:
    """Draw how far standard equipment gets, in the order of `codes.CROSSABILITIES`."""
    uncrossable = np.asarray(model.balloon_uncrossable)[severity]
    undilatable = np.asarray(model.balloon_undilatable)[severity]
    wire_failure = np.where(cto, model.wire_failure_if_cto, 0.0)
    crossable = 1 - uncrossable - undilatable - wire_failure
    return draw_category(rng, np.column_stack([crossable, wire_failure, uncrossable, undilatable]))


def draw_recorded_grade(
    scenario: Scenario, true_severity: Ints, *, strategy: Ints, is_core_lab: Bools, rng: np.random.Generator
) -> Ints:
    """Draw the angiographic grade that is written down, 0..3.

    Core laboratories write the truth. Operators err as the scenario says, except that nobody who used a
    calcium-specific device writes that there is no calcium.

    Parameters
    ----------
    scenario
        Confusion of operators.
    true_severity, strategy, is_core_lab
        One value per lesion.
    rng
        Stream of the stage.
    """
    confusion = np.asarray(scenario.severity.operator_given_true)
    graded = draw_category(rng, confusion[true_severity])
    saw_calcium = np.isin(strategy, CALCIUM_SPECIFIC)
    graded = np.where(saw_calcium, np.maximum(graded, 1), graded)
    return np.where(is_core_lab, true_severity, graded)


def cross_gradings(first: Ints, second: Ints) -> Floats:
    """Count lesions by two gradings on the four grades: rows the first, columns the second."""
    table = np.zeros((len(SEVERITIES), len(SEVERITIES)))
    np.add.at(table, (first, second), 1)
    return table


def weighted_kappa(table: Floats) -> float:
    """Return Cohen's linearly weighted kappa of a table of two gradings (NaN without lesions)."""
    places = np.arange(len(SEVERITIES))
    distance = np.abs(np.subtract.outer(places, places))
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(table.sum(), 1)
    total = float((distance * expected).sum())
    return 1 - float((distance * table).sum()) / total if total else float("nan")
