"""Frames of outcomes: from a published snapshot, or from any CSV file with one row per patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import InputFileError, SpecificationError
from analytics.estimation.groups import level_columns
from analytics.estimation.model_terms import require_columns
from analytics.estimation.models import ENTRY
from analytics.estimation.outcome_data import OutcomeData, find_endpoint
from analytics.estimation.recurrent_outcomes import read_recurrences
from analytics.outcomes.complications import read_complication_outcomes
from analytics.store.queries import read_cohort, read_table
from analytics.survival.event_counts import CAUSE, TIME

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.estimation.specification import Outcome, Specification

DEATH_FIRST = "death without the endpoint"

_INSIDE_THE_VESSEL = ("ivus", "oct", "nirs_ivus")
_OUTCOME_COLUMNS = ("procedure_id", TIME, CAUSE, "component", "time_is_exact")
# `not_severe` and `unknown` stay without a group: they could be several.
_SEVERITY_GROUPS = {
    "none": "none or mild",
    "mild": "none or mild",
    "none_mild": "none or mild",
    "moderate": "moderate",
    "severe": "severe",
}


def read_snapshot_outcomes(snapshot: Path, spec: Specification, *, source: str) -> OutcomeData:
    """Read the cohort of a specification with times and causes of its endpoint.

    Raises
    ------
    SpecificationError
        If the endpoint is not one of the bundled ones.
    StoreError
        If the snapshot cannot be read.
    """
    if spec.estimator == "win_ratio":
        return _read_hierarchy(snapshot, spec, source=source)
    if spec.estimator == "mean_cumulative_count":
        return read_recurrences(snapshot, spec, _read_groups(snapshot, spec), source=source)
    if spec.estimator == "binary_rates":
        raise SpecificationError(
            where="specification [analysis]",
            what="binary_rates reads a table of rows",
            fix="Run it with --data; the report and the dashboard compare the complications of a registry.",
        )
    if spec.estimator == "standardised_risk":
        return read_complication_outcomes(snapshot, spec, source=source)
    endpoint = find_endpoint(spec.outcome.endpoint)
    cohort = _read_groups(snapshot, spec)
    times = read_table(snapshot, "time_to_event").filter(pl.col("endpoint") == endpoint.name)
    joined = cohort.join(
        times.select(_OUTCOME_COLUMNS), on="procedure_id", how="inner", maintain_order="left"
    )
    causes = (endpoint.label, DEATH_FIRST) if endpoint.competing else (endpoint.label,)
    left_out = cohort.height - joined.height
    return OutcomeData(joined, causes, endpoint.label, endpoint.composition, source, left_out)


def _read_groups(snapshot: Path, spec: Specification) -> pl.DataFrame:
    """Read the cohort with the grade and strategy asked for, and how the procedure was guided."""
    cohort = read_cohort(snapshot, "procedures", spec.population).with_columns(
        pl.col(spec.population.severity_column).alias("severity"),
        pl.col(spec.population.strategy_column).alias("strategy"),
    )
    group = pl.col("severity").replace_strict(_SEVERITY_GROUPS, default=None).alias("severity_group")
    return _with_guidance(snapshot, cohort.with_columns(group))


def _with_guidance(snapshot: Path, cohort: pl.DataFrame) -> pl.DataFrame:
    """Add ``imaging_guided``: whether a run inside the vessel is recorded; null at sites that record none."""
    if "imaging_guided" in cohort.columns:
        return cohort
    runs = read_table(snapshot, "imaging").filter(pl.col("modality").is_in(_INSIDE_THE_VESSEL))
    lesions = read_table(snapshot, "lesions").select("lesion_id", "procedure_id")
    imaged = runs.join(lesions, on="lesion_id").select("procedure_id").unique()
    marked = pl.col("procedure_id").is_in(imaged["procedure_id"].implode())
    # Where a site never sends imaging, silence does not mean that none was done.
    records_imaging = marked.any().over("site_id")
    return cohort.with_columns(imaging_guided=pl.when(records_imaging).then(marked))


def _read_hierarchy(snapshot: Path, spec: Specification, *, source: str) -> OutcomeData:
    """Read the cohort with days and event of every outcome of a hierarchy."""
    if not spec.outcome.hierarchy:
        raise SpecificationError(
            where="specification [outcome]",
            what="'hierarchy' is missing",
            fix='Write for example hierarchy = ["all_cause_death", "mi", "tvr"].',
        )
    endpoints = [find_endpoint(name) for name in spec.outcome.hierarchy]
    cohort = _read_groups(snapshot, spec)
    times, joined = read_table(snapshot, "time_to_event"), cohort
    for number, endpoint in enumerate(endpoints, 1):
        days, event = level_columns(number)
        own = times.filter(pl.col("endpoint") == endpoint.name).select(
            "procedure_id",
            pl.col(TIME).alias(days),
            (pl.col(CAUSE) == 1).alias(event),
            pl.col("time_is_exact").alias(f"exact_{number}"),
        )
        joined = joined.join(own, on="procedure_id", how="inner", maintain_order="left")
    levels = range(1, len(endpoints) + 1)
    frame = joined.with_columns(
        pl.col(level_columns(1)[0]).alias(TIME),
        pl.any_horizontal(level_columns(number)[1] for number in levels).cast(pl.Int8).alias(CAUSE),
        pl.all_horizontal(f"exact_{number}" for number in levels).alias("time_is_exact"),
    )
    labels = tuple(endpoint.label for endpoint in endpoints)
    words = f"Compared in this order: {', then '.join(labels)}."
    return OutcomeData(frame, labels, "the hierarchy", words, source, cohort.height - frame.height)


def read_csv_outcomes(path: Path, spec: Specification) -> OutcomeData:
    """Read a CSV file with one row per patient.

    Parameters
    ----------
    path
        UTF-8, comma separated, with a header; empty cells and ``NA`` are missing.
    spec
        Its outcome names the columns.

    Raises
    ------
    InputFileError
        If the file cannot be read as CSV.
    SpecificationError
        If a column is absent, or time is not a number >= 0.
    """
    frame = _read_csv(path)
    outcome = spec.outcome
    if spec.estimator == "win_ratio":
        raise SpecificationError(
            where="specification [analysis]",
            what="a win ratio needs a registry",
            fix="Run it with --db; on a table of your own use analytics.survival.win_ratio.",
        )
    if spec.estimator == "binary_rates":
        return _read_binary(frame, outcome, source=path.name)
    if spec.estimator == "standardised_risk":
        return _read_marks(frame, outcome, path.name)
    if outcome.time is None or outcome.event is None:
        raise SpecificationError(
            where="specification [outcome]",
            what="'time' or 'event' is missing",
            fix="Name both columns of the file.",
        )
    wanted = [outcome.time, outcome.event, *([outcome.entry] if outcome.entry else [])]
    require_columns(frame, wanted)
    _require_times(frame, [name for name in (outcome.time, outcome.entry) if name])
    derived = frame.with_columns(pl.col(outcome.time).alias(TIME), _cause(outcome).alias(CAUSE))
    if outcome.entry:
        derived = derived.with_columns(pl.col(outcome.entry).alias(ENTRY))
    causes = (outcome.event, *outcome.competing_codes.values())
    words = f"{outcome.event} in {', '.join(outcome.event_codes)}; time in {outcome.time_unit}."
    return OutcomeData(derived, causes, outcome.event, words, path.name, time_origin="time zero")


def _read_binary(frame: pl.DataFrame, outcome: Outcome, *, source: str) -> OutcomeData:
    """Take an outcome that happened or not; it has no time."""
    if outcome.event is None:
        raise SpecificationError(
            where="specification [outcome]", what="'event' is missing", fix="Name the column of the outcome."
        )
    require_columns(frame, [outcome.event])
    derived = frame.with_columns(pl.lit(0).alias(TIME), _cause(outcome).alias(CAUSE))
    words = f"{outcome.event} in {', '.join(outcome.event_codes)}."
    return OutcomeData(derived, (outcome.event,), outcome.event, words, source)


def _read_marks(frame: pl.DataFrame, outcome: Outcome, source: str) -> OutcomeData:
    """Read an outcome that is yes or no, without a time."""
    if outcome.event is None:
        raise SpecificationError(
            where="specification [outcome]", what="'event' is missing", fix="Name the column of the outcome."
        )
    require_columns(frame, [outcome.event])
    marked = frame.with_columns(pl.lit(0, dtype=pl.Int64).alias(TIME), _cause(outcome).alias(CAUSE))
    words = f"{outcome.event} in {', '.join(outcome.event_codes)}."
    return OutcomeData(marked, (outcome.event,), outcome.event, words, source)


def _read_csv(path: Path) -> pl.DataFrame:
    """Read a CSV file, numbers as numbers."""
    if not path.is_file():
        raise InputFileError(where=str(path), what="no such file", fix="Give the path of a CSV file.")
    try:
        _refuse_repeated_names(path)
        frame = pl.read_csv(path, infer_schema_length=None, null_values=["", "NA"], try_parse_dates=False)
    except (pl.exceptions.PolarsError, UnicodeDecodeError):
        # The library's own text may quote cells of the file.
        raise InputFileError(
            where=path.name,
            what="cannot be read as CSV",
            fix="Save it as UTF-8, comma separated, with a header.",
        ) from None
    if frame.is_empty():
        raise InputFileError(
            where=path.name, what="no rows below the header", fix="Write one row per patient."
        )
    return frame


def _refuse_repeated_names(path: Path) -> None:
    """Refuse a header that names two columns alike: reading would rename the second."""
    header = pl.read_csv(path, n_rows=1, has_header=False, infer_schema=False).row(0)
    for number, name in enumerate(header):
        if name is not None and name in header[:number]:
            # Positions and not the name: without a header this line is a record.
            raise InputFileError(
                where=path.name,
                what=f"columns {header.index(name) + 1} and {number + 1} have the same name",
                fix="Give every column a name of its own.",
            )


def _require_times(frame: pl.DataFrame, names: list[str]) -> None:
    """Refuse times that are no numbers, or negative."""
    for name in names:
        column = frame[name]
        if not column.dtype.is_numeric() or (column.drop_nulls() < 0).any():
            raise SpecificationError(
                where="specification [outcome]",
                what=f"column {name} holds something other than numbers from 0 on",
                fix="Name a column of times.",
            )


def _cause(outcome: Outcome) -> pl.Expr:
    """0 censored, 1 the endpoint, 2 and more competing causes; null where the code is missing."""
    # A code column read as decimal would be spelled "1.0".
    code = pl.col(str(outcome.event)).cast(pl.String).str.replace(r"\.0+$", "")
    cause = pl.when(code.is_null()).then(None).when(code.is_in(list(outcome.event_codes))).then(1)
    for number, competing in enumerate(outcome.competing_codes, start=2):
        cause = cause.when(code == competing).then(number)
    return cause.otherwise(0).cast(pl.Int8)
