"""Everything that may count as an endpoint, one row per index procedure and event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.cohort.days import STAY_COLUMNS, day_number, derive_patient_scale
from analytics.cohort.deaths import day_bounds, is_exact, middle_day
from analytics.cohort.endpoints import CONDITION_COLUMNS, blank_meaning

if TYPE_CHECKING:
    from analytics.cohort.tables import RegistryTables

_IN_STAY_TYPES = {
    "periprocedural_mi": "mi",
    "stroke": "stroke_undetermined",
    "stent_thrombosis": "stent_thrombosis",
    "emergency_cabg": "revasc_cabg",
}
"""Complications of the index stay that are endpoint events; many sites record them nowhere else."""

_STROKES = ("stroke_ischaemic", "stroke_haemorrhagic", "stroke_undetermined")
_UNKNOWN_STAY_DAYS = 30
"""Days within which an event is taken as the complication itself, where the end of the stay is unknown."""

_ROW = ("procedure_id", "day", "event_type", *CONDITION_COLUMNS, "event_is_exact", "is_complication")


def derive_event_rows(
    clocks: pl.DataFrame, tables: RegistryTables, *, staged_within_days: int = 90
) -> pl.DataFrame:
    """Collect the events that an endpoint may count, for every index procedure.

    Parameters
    ----------
    clocks
        Result of `analytics.cohort.clocks.derive_clocks`.
    tables
        Canonical tables.
    staged_within_days
        A repeat PCI of unknown planning within so many days of a procedure with ``staged_pci_planned``, not
        on the target lesion, is its planned stage.

    Returns
    -------
    polars.DataFrame
        ``procedure_id``, ``day`` (>= the procedure's), ``event_type``, the condition columns with blanks
        spelled out (``unknown``, ``undetermined``; ``clinically_driven`` as text), ``event_is_exact`` and
        ``is_complication`` (known from the complications table only).
        Planned stages are no rows. Complications of the stay stand on their procedure's day unless an event
        of that kind is dated within the stay (within 30 days where its end is unknown).
    """
    events = _dated_events(clocks, tables, staged_within_days)
    unrecorded = _without_event_row(_stay_events(clocks, tables), events)
    sources = ((events, False), (unrecorded, True), (_deaths(clocks), False))
    rows = pl.concat(
        [frame.with_columns(is_complication=pl.lit(value)).select(*_ROW) for frame, value in sources]
    )
    return rows.with_columns([pl.col(name).fill_null(blank_meaning(name)) for name in CONDITION_COLUMNS])


def _dated_events(clocks: pl.DataFrame, tables: RegistryTables, staged_within_days: int) -> pl.DataFrame:
    """Non-fatal rows of the events table on or after each index procedure of the patient."""
    first, last = day_bounds()
    bounded = (
        tables.events.filter(
            (pl.col("event_type") != "death") & ~pl.col("planned_staged").fill_null(value=False)
        )
        .join(derive_patient_scale(tables), on="patient_id", how="left")
        .with_columns(day_number("event_date", "event_day").alias("day"))
        .with_columns(first.alias("first"), last.alias("last"), is_exact().alias("event_is_exact"))
        .rename({"procedure_id": "tied_to"})
        .join(_procedure_days(tables), left_on="tied_to", right_on="procedure_id", how="left")
        .join(_owners(tables), on="lesion_id", how="left")
        .join(
            clocks.select("procedure_id", "patient_id", "procedure_day", "vital_until"),
            on="patient_id",
            how="inner",
        )
    )
    own = bounded.filter(pl.col("last") >= pl.col("procedure_day")).with_columns(
        _within_follow_up().alias("day"),
        _relation_to_index().alias("target_relation"),
        pl.col("clinically_driven").cast(pl.String),
    )
    return _drop_unlabelled_stages(own, tables, staged_within_days)


def _within_follow_up() -> pl.Expr:
    """Move a partial date between the procedure and the last sign of life, as far as it allows."""
    latest = pl.min_horizontal("last", pl.max_horizontal("first", "vital_until"))
    return (
        pl.when(pl.col("first") == pl.col("last"))
        .then("day")
        .otherwise(pl.max_horizontal(pl.min_horizontal(middle_day(), latest), "procedure_day"))
    )


def _relation_to_index() -> pl.Expr:
    """Relate the event to the index lesions; one tied to another index says nothing about them.

    A repeat PCI that is tied to itself (same day) keeps its relation: there the source names the repeat. An
    event that names an index lesion is one of the target lesion, where the source gives no relation.
    """
    tied_elsewhere = (pl.col("tied_to") != pl.col("procedure_id")) & (pl.col("tied_day") != pl.col("day"))
    names_lesion = (pl.col("lesion_of") == pl.col("procedure_id")).fill_null(value=False)
    stated = pl.col("target_relation").replace("unknown", None)
    return (
        pl.when(tied_elsewhere.fill_null(value=False) & ~names_lesion)
        .then(pl.lit("unknown"))
        .when(names_lesion)
        .then(pl.coalesce(stated, pl.lit("target_lesion")))
        .otherwise(stated)
    )


def _procedure_days(tables: RegistryTables) -> pl.DataFrame:
    """First and last day of the stay of every procedure."""
    return (
        tables.procedures.select("procedure_id", "patient_id", *STAY_COLUMNS)
        .join(derive_patient_scale(tables), on="patient_id", how="left")
        .with_columns(
            day_number("procedure_date", "procedure_day").alias("tied_day"),
            day_number("discharge_date", "discharge_day").alias("left_day"),
        )
        .select("procedure_id", "tied_day", pl.coalesce("left_day", pl.col("tied_day") + _UNKNOWN_STAY_DAYS))
    )


def _owners(tables: RegistryTables) -> pl.DataFrame:
    """Procedure of every lesion."""
    return tables.lesions.select("lesion_id", pl.col("procedure_id").alias("lesion_of"))


def _drop_unlabelled_stages(events: pl.DataFrame, tables: RegistryTables, within_days: int) -> pl.DataFrame:
    """Leave out repeat PCI that is a stage in all but name: announced, soon, not on the target lesion."""
    announced = (
        tables.procedures.select("procedure_id", "patient_id", "staged_pci_planned")
        .filter("staged_pci_planned")
        .join(_procedure_days(tables), on="procedure_id")
        .select("patient_id", pl.col("tied_day").alias("announced_day"))
    )
    unlabelled = events.with_row_index("row").filter(
        (pl.col("event_type") == "revasc_pci")
        & pl.col("planned_staged").is_null()
        & (pl.col("target_relation").fill_null("unknown") != "target_lesion")
    )
    waited = pl.col("day") - pl.col("announced_day")
    stages = unlabelled.join(announced, on="patient_id").filter(waited.is_between(1, within_days))
    return events.with_row_index("row").join(stages.select("row"), on="row", how="anti").drop("row")


def _without_event_row(complications: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Drop complications that an event row dates: of the same kind, within the same stay."""
    # An event of the same kind after the stay is another one, and must not take the place of the first.
    kind = pl.col("event_type").replace(dict.fromkeys(_STROKES, "stroke")).alias("kind")
    same_mi = pl.col("mi_type").fill_null("unknown").is_in(["periprocedural", "unknown"])
    dated = events.filter((pl.col("event_type") != "mi") | same_mi).select(
        "procedure_id", kind, pl.col("day").alias("dated_day")
    )
    numbered = complications.with_columns(kind).with_row_index("row")
    twice = numbered.join(dated, on=["procedure_id", "kind"]).filter(
        pl.col("dated_day").is_between(pl.col("day"), pl.col("left_day"))
    )
    return numbered.join(twice.select("row"), on="row", how="anti")


def _stay_events(clocks: pl.DataFrame, tables: RegistryTables) -> pl.DataFrame:
    """Complications that are endpoint events, of the index and of later procedures of the patient."""
    procedures = tables.procedures.select("procedure_id", "patient_id").join(
        _procedure_days(tables), on="procedure_id"
    )
    rows = (
        tables.complications.filter(pl.col("complication_type").is_in(list(_IN_STAY_TYPES)))
        .select("procedure_id", "complication_type", "timing")
        .rename({"procedure_id": "arose_in"})
        .join(procedures, left_on="arose_in", right_on="procedure_id", how="inner")
        .join(clocks.select("procedure_id", "patient_id", "procedure_day"), on="patient_id", how="inner")
        .filter(pl.col("tied_day") >= pl.col("procedure_day"))
    )
    kind, own = pl.col("complication_type"), pl.col("arose_in") == pl.col("procedure_id")
    seen = pl.when(pl.col("timing") == "in_lab").then(pl.lit("definite")).otherwise(pl.lit("unknown"))
    return rows.select(
        "procedure_id",
        pl.col("tied_day").alias("day"),
        "left_day",
        kind.replace_strict(_IN_STAY_TYPES, return_dtype=pl.String).alias("event_type"),
        pl.when(own).then(pl.lit("target_vessel")).otherwise(pl.lit("unknown")).alias("target_relation"),
        pl.lit(None, dtype=pl.String).alias("death_cause"),
        pl.when(kind == "periprocedural_mi").then(pl.lit("periprocedural")).alias("mi_type"),
        pl.when(kind == "emergency_cabg").then(pl.lit("true")).alias("clinically_driven"),
        # Thrombosis in the laboratory was seen on the angiogram; later ones do not say how they were found.
        pl.when(kind == "stent_thrombosis").then(seen).alias("stent_thrombosis_certainty"),
        pl.lit(value=True).alias("event_is_exact"),
    )


def _deaths(clocks: pl.DataFrame) -> pl.DataFrame:
    """Deaths as event rows."""
    blank = pl.lit(None, dtype=pl.String)
    return clocks.filter(pl.col("death_day").is_not_null()).select(
        "procedure_id",
        pl.col("death_day").alias("day"),
        pl.lit("death").alias("event_type"),
        blank.alias("target_relation"),
        "death_cause",
        blank.alias("mi_type"),
        blank.alias("clinically_driven"),
        blank.alias("stent_thrombosis_certainty"),
        pl.col("death_is_exact").alias("event_is_exact"),
    )
