"""Follow-up contacts and clinical events as the registry knows them, laid out as canonical tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from synthetic.clinical_tables import coded, conform, days_as_dates
from synthetic.codes import NEVER, STAGED_VISIT

if TYPE_CHECKING:
    from synthetic.follow_up import Ascertainment
    from synthetic.outcomes import Outcomes
    from synthetic.scenario import Scenario
    from synthetic.settings import Outcomes as OutcomeSettings
    from synthetic.streams import Bools, Ints

_TYPES = {
    "cardiac_death": "death",
    "noncardiac_death": "death",
    "mi": "mi",
    "tlr": "revasc_pci",
    "tvr_non_tl": "revasc_pci",
    "non_target_revascularisation": "revasc_pci",
    "stroke": "stroke_ischaemic",
    "stent_thrombosis": "stent_thrombosis",
}
_RELATIONS = {
    "tlr": "target_lesion",
    "tvr_non_tl": "target_vessel",
    "non_target_revascularisation": "non_target_vessel",
    "stent_thrombosis": "target_lesion",
}


def follow_up_table(
    scenario: Scenario, people: pl.DataFrame, known: Ascertainment, *, death_day: Ints, death_known: Bools
) -> pl.DataFrame:
    """Lay out contacts, losses and linkage results.

    Parameters
    ----------
    scenario
        Names of the windows.
    people
        One row per patient: `patient_id`, `index_day`, `source` (follow-up of the site), `prefix` of the
        identifiers.
    known
        From `draw_ascertainment`, of these patients.
    death_day, death_known
        Day of death after the index procedure, and whether it is known.
    """
    unscheduled = len(scenario.follow_up.windows)
    dead = death_known & (death_day < NEVER)
    parts = [
        *_planned_contacts(known, death_day=death_day, dead=dead),
        *_closing_contacts(
            people["source"].to_numpy(), known, window=unscheduled, death_day=death_day, dead=dead
        ),
    ]
    rows = pl.concat(parts).sort("patient", "day", "window", maintain_order=True)
    return _lay_out_contacts(rows, people, windows=(*scenario.follow_up.windows, "unscheduled"))


def _planned_contacts(known: Ascertainment, *, death_day: Ints, dead: Bools) -> list[pl.DataFrame]:
    """Return the contacts with the living, and the first that was not to be had."""
    patient, window = np.nonzero(known.reached)
    assessed = known.assessed[patient, window]
    day = known.contact_day
    gone, lost = np.nonzero(known.lost_here & ~(dead[:, None] & (day >= death_day[:, None])))
    call = {"method": "telephone"}
    return [
        _contacts(patient, day[patient, window], window=window, status="alive", assessed=assessed, **call),
        _contacts(gone, day[gone, lost], window=lost, status="lost", assessed=False, **call),
    ]


def _closing_contacts(
    source: np.ndarray, known: Ascertainment, *, window: int, death_day: Ints, dead: Bools
) -> list[pl.DataFrame]:
    """Return linkage results, deaths that relatives told, and the discharge at passive sites."""
    linked = np.flatnonzero(np.isin(source, ("linkage", "mixed")))
    told = np.flatnonzero(dead & (source == "active_contact"))
    stayed = np.flatnonzero(source == "passive")
    status = np.where(dead, "dead", "alive")
    until = np.where(dead, death_day, known.cutoff)
    return [
        _contacts(
            linked,
            until[linked],
            window=window,
            method="linkage",
            status=status[linked],
            assessed=source[linked] == "linkage",
        ),
        _contacts(
            told,
            death_day[told],
            window=window,
            method="telephone",
            status="dead",
            assessed=known.nonfatal_until[told] >= death_day[told],
        ),
        _contacts(
            stayed,
            known.discharge[stayed],
            window=window,
            method="hospital_record",
            status=status[stayed],
            assessed=True,
        ),
    ]


def _contacts(
    patient: Ints, day: Ints, *, window: Ints | int, method: str, status: object, assessed: object
) -> pl.DataFrame:
    """Return contact rows; scalars are repeated."""
    size = len(patient)
    return pl.DataFrame(
        {
            "patient": patient.astype(np.int64),
            "day": day.astype(np.int64),
            "window": np.broadcast_to(np.asarray(window, dtype=np.int64), (size,)).copy(),
            "method": pl.Series([method], dtype=pl.String).new_from_index(0, size),
            "status": pl.Series(
                np.broadcast_to(np.asarray(status, dtype=object), (size,)).tolist(), dtype=pl.String
            ),
            "assessed": np.broadcast_to(np.asarray(assessed, dtype=np.bool_), (size,)).copy(),
        }
    )


def _lay_out_contacts(rows: pl.DataFrame, people: pl.DataFrame, *, windows: tuple[str, ...]) -> pl.DataFrame:
    """Give contacts identifiers and dates."""
    ids = people["patient_id"].gather(rows["patient"])
    number = rows.select(pl.int_range(1, pl.len() + 1).over("patient")).to_series()
    final = np.where((rows["method"] == "linkage").to_numpy(), 1, 0)
    return conform(
        "follow_up",
        {
            "contact_id": ids + "-F" + number.cast(pl.String),
            "patient_id": ids,
            "contact_date": days_as_dates(people["index_day"].gather(rows["patient"]) + rows["day"]),
            "contact_method": rows["method"],
            "planned_window": coded(windows, rows["window"].to_numpy()),
            "vital_status": rows["status"],
            "nonfatal_events_assessed": rows["assessed"],
            "end_of_follow_up": coded(("no", "study_end"), final),
        },
    )


def event_table(
    model: OutcomeSettings,
    people: pl.DataFrame,
    visits: pl.DataFrame,
    *,
    outcomes: Outcomes,
    known: dict[str, Ints],
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Lay out the events the registry knows.

    Parameters
    ----------
    model
        Shares of what is written down of events.
    people
        One row per patient: `patient_id`, `index_day`, `index_procedure_id`, `index_lesion_id`, `discharge`,
        `source`.
    visits
        All visits: staged ones become events that are no endpoint.
    outcomes, known
        From `draw_outcomes` and `known_days`, of these patients.
    rng
        Stream of the stage.
    """
    parts = [_rows_of_cause(model, cause, known[cause], outcomes, rng) for cause in _TYPES]
    thrombosis = known["stent_thrombosis"]
    linked_mi = np.where(outcomes.linked_mi & (known["mi"] > thrombosis), thrombosis, NEVER)
    linked_tlr = np.where(outcomes.linked_tlr & (known["tlr"] > thrombosis), thrombosis, NEVER)
    parts += [_rows(linked_mi, "mi", mi_type="stent_related", relation="target_lesion")]
    parts += [_rows(linked_tlr, "revasc_pci", relation="target_lesion", driven=True, staged=False)]
    stages = visits.filter(pl.col("kind") == STAGED_VISIT)
    staged_day = np.full(len(people), NEVER)
    staged_day[stages["patient"].to_numpy()] = stages["since_index"].to_numpy()
    parts += [_rows(staged_day, "revasc_pci", relation="non_target_vessel", driven=False, staged=True)]
    rows = pl.concat(parts).sort("patient", "day", maintain_order=True)
    return _lay_out_events(rows, people)


def _rows_of_cause(
    model: OutcomeSettings, cause: str, day: Ints, outcomes: Outcomes, rng: np.random.Generator
) -> pl.DataFrame:
    """Return the events of one cause."""
    kind = _TYPES[cause]
    if kind == "death":
        vascular = rng.random(len(day)) < model.vascular_if_cardiac_death
        causes = (
            np.where(vascular, "vascular", "cardiac") if cause == "cardiac_death" else "noncardiovascular"
        )
        return _rows(day, kind, death_cause=causes)
    if kind == "mi":
        at_target = rng.random(len(day)) < model.target_vessel_if_late_mi
        target = np.where(at_target, "target_vessel", "non_target_vessel")
        early = day <= 2
        return _rows(
            day,
            kind,
            mi_type=np.where(early, "periprocedural", "spontaneous"),
            relation=np.where(early, "target_vessel", target),
        )
    if kind == "revasc_pci":
        kinds = np.where(outcomes.by_surgery[cause], "revasc_cabg", "revasc_pci")
        driven = rng.random(len(day)) < model.driven_if_revascularised
        return _rows(day, kinds, relation=_RELATIONS[cause], driven=driven, staged=False)
    certainty = "definite" if kind == "stent_thrombosis" else None
    return _rows(day, kind, relation=_RELATIONS.get(cause), certainty=certainty)


def _rows(day: Ints, kind: object, **columns: object) -> pl.DataFrame:
    """Return one row per patient whose day comes; columns are scalars or one value per patient."""
    patient = np.flatnonzero(day < NEVER)

    def of(name: str, dtype: type[pl.DataType]) -> pl.Series:
        values = np.broadcast_to(np.asarray(columns.get(name), dtype=object), (len(day),))
        return pl.Series(values[patient].tolist(), dtype=dtype)

    return pl.DataFrame(
        {
            "patient": patient,
            "day": day[patient],
            "kind": pl.Series(
                np.broadcast_to(np.asarray(kind, dtype=object), (len(day),))[patient].tolist(),
                dtype=pl.String,
            ),
            "death_cause": of("death_cause", pl.String),
            "mi_type": of("mi_type", pl.String),
            "relation": of("relation", pl.String),
            "certainty": of("certainty", pl.String),
            "driven": of("driven", pl.Boolean),
            "staged": of("staged", pl.Boolean),
        }
    )


def _lay_out_events(rows: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Give events identifiers, dates and links."""
    person = people[rows["patient"]]
    number = rows.select(pl.int_range(1, pl.len() + 1).over("patient")).to_series()
    at_lesion = (rows["relation"] == "target_lesion").fill_null(value=False)
    in_stay = (rows["day"] <= person["discharge"]).to_numpy()
    linked = (person["source"] == "linkage").to_numpy()
    return conform(
        "events",
        {
            "event_id": person["patient_id"] + "-E" + number.cast(pl.String),
            "patient_id": person["patient_id"],
            "procedure_id": person["index_procedure_id"],
            "event_type": rows["kind"],
            "event_date": days_as_dates(person["index_day"] + rows["day"]),
            "event_date_precision": pl.Series(["day"], dtype=pl.String).new_from_index(0, len(rows)),
            "death_cause": rows["death_cause"],
            "mi_type": rows["mi_type"],
            "target_relation": rows["relation"],
            "clinically_driven": rows["driven"],
            "planned_staged": rows["staged"],
            "lesion_id": coded_or_null(person["index_lesion_id"], at_lesion),
            "stent_thrombosis_certainty": rows["certainty"],
            "adjudication": coded(("site", "linkage"), (linked & ~in_stay).astype(np.int64)),
        },
    )


def coded_or_null(values: pl.Series, keep: pl.Series) -> pl.Series:
    """Return the values where they are to be kept, empty elsewhere."""
    return pl.DataFrame({"value": values, "keep": keep}).select(pl.when("keep").then("value")).to_series()
