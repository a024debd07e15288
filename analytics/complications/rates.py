"""Complication rates by device strategy and calcification severity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.complications.clusters import count_clusters, sums_of
from analytics.complications.definitions import COMPLICATIONS
from analytics.complications.denominators import Count, count_expressions
from analytics.complications.patients import N_PROCEDURES
from analytics.complications.results import ComplicationRate
from analytics.errors import SpecificationError
from analytics.proportions.cluster_intervals import interval_of_sums
from analytics.proportions.intervals import estimate_proportion
from analytics.proportions.results import Proportion
from schemas.vocabulary import SEVERITY_GRADES, STRATEGIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.complications.definition import ComplicationDefinition

ALL = "all"
"""Label of a margin."""

BY = ("strategy", "severity")
"""What rates can be split by."""

_COUNT_FIELDS = tuple(Count.__dataclass_fields__)


def estimate_complication_rates(
    flags: pl.DataFrame,
    *,
    complications: Sequence[str] | None = None,
    by: Sequence[str] = BY,
    strategy: str = "strategy_intended",
    severity: str = "severity",
    confidence: float = 0.95,
) -> tuple[ComplicationRate, ...]:
    """Estimate how often each complication happened, by group and over all groups.

    Parameters
    ----------
    flags
        Result of `analytics.complications.flags.derive_complication_flags`; filter it as you like before.
    complications
        Keys of `COMPLICATIONS`; all that the flags hold where None.
    by
        ``strategy``, ``severity``, both or neither.
    strategy
        Column that names the strategy: ``strategy_intended`` or ``strategy_as_treated``.
    severity
        Column that names the severity: ``severity`` or one of a single source. Coarse and unknown grades are
        groups of their own.
    confidence
        Level of the interval.

    Returns
    -------
    tuple of ComplicationRate
        For every complication every group that has units, then the margins (``all``), strategies and
        severities in the order of the vocabulary. Only units whose site states presence or absence of every
        complication are counted (`complications_recorded` is ``all``). Groups compare raw rates: nothing here
        is adjusted for why a device was chosen.

    Raises
    ------
    SpecificationError
        Where a key, a grouping or a column is unknown.
    """
    known = tuple(key for key in COMPLICATIONS if key in flags.columns)
    keys = known if complications is None else tuple(complications)
    _demand(keys, known, "complication")
    _demand(by, BY, "grouping")
    _demand((strategy, severity), tuple(flags.columns), "column")
    definitions = [COMPLICATIONS[key] for key in keys]
    groups = _count_groups(flags, definitions, {"strategy": strategy, "severity": severity}, tuple(by))
    unit = unit_of(flags)
    return tuple(
        _rate(definition, row, unit=unit, confidence=confidence)
        for definition in definitions
        for row in groups.iter_rows(named=True)
    )


def estimate_rate(
    flags: pl.DataFrame,
    complication: str,
    *,
    strategy: str = ALL,
    severity: str = ALL,
    confidence: float = 0.95,
) -> ComplicationRate:
    """Estimate one complication over all rows of a frame.

    Parameters
    ----------
    flags
        Result of `analytics.complications.flags.derive_complication_flags`, filtered to one group.
    complication
        Key of `COMPLICATIONS`.
    strategy, severity
        Labels of the group.
    confidence
        Level of the interval.

    Raises
    ------
    SpecificationError
        Where the flags do not hold the complication.
    """
    _demand((complication,), tuple(key for key in COMPLICATIONS if key in flags.columns), "complication")
    definition = COMPLICATIONS[complication]
    row = _count_margin(flags, [definition], ()).row(0, named=True)
    named = {**row, "by_strategy": strategy, "by_severity": severity}
    return _rate(definition, named, unit=unit_of(flags), confidence=confidence)


def unit_of(flags: pl.DataFrame) -> str:
    """Return what the rows of a frame of flags are: ``lesion``, ``patient`` or ``procedure``."""
    if "lesion_id" in flags.columns:
        return "lesion"
    return "patient" if N_PROCEDURES in flags.columns else "procedure"


def _demand(given: Sequence[str], known: Sequence[str], what: str) -> None:
    """Refuse a name that is not on the list."""
    if any(name not in known for name in given):
        raise SpecificationError(
            where="complication rates", what=f"unknown {what}", fix=f"Choose from {', '.join(known)}."
        )


def _count_groups(
    flags: pl.DataFrame,
    definitions: list[ComplicationDefinition],
    columns: dict[str, str],
    by: tuple[str, ...],
) -> pl.DataFrame:
    """Count every group and margin, one row each."""
    named = flags.with_columns(
        pl.col(columns["strategy"]).alias("by_strategy"), pl.col(columns["severity"]).alias("by_severity")
    )
    margins = [subset for subset in ((*BY,), ("strategy",), ("severity",), ()) if set(subset) <= set(by)]
    counted = [_count_margin(named, definitions, subset) for subset in margins]
    order = {"strategy": (*STRATEGIES, ALL), "severity": (*SEVERITY_GRADES, ALL)}
    ranks = [
        pl.col(f"by_{name}").replace_strict(list(codes), list(range(len(codes))), return_dtype=pl.Int64)
        for name, codes in order.items()
    ]
    return pl.concat(counted).sort(ranks, maintain_order=True)


def _count_margin(
    named: pl.DataFrame, definitions: list[ComplicationDefinition], subset: tuple[str, ...]
) -> pl.DataFrame:
    """Count the groups of one margin; the table as a whole is a group too."""
    keys = [f"by_{name}" for name in subset]
    expressions = [count for definition in definitions for count in count_expressions(definition)]
    counted = (
        named.group_by(keys, maintain_order=True).agg(expressions) if keys else named.select(expressions)
    )
    counted = count_clusters(named, definitions, keys, counted)
    labels = [pl.lit(ALL).alias(f"by_{name}") for name in BY if name not in subset]
    names = [name for name in counted.columns if name not in keys]
    return counted.with_columns(labels).select("by_strategy", "by_severity", *names)


def _rate(
    definition: ComplicationDefinition, row: dict[str, object], *, unit: str, confidence: float
) -> ComplicationRate:
    """Turn counts into a rate, or into the reason why there is none."""
    count = Count(**{name: int(str(row[f"{definition.key}:{name}"])) for name in _COUNT_FIELDS})
    status = _status(definition, count)
    found = None if status not in {"zero", "observed"} else _share(definition, row, count, confidence)
    return ComplicationRate(
        complication=definition.key,
        strategy=str(row["by_strategy"]),
        severity=str(row["by_severity"]),
        unit=unit,
        n_events=count.n_events,
        n_total=count.n_total,
        n_unrecorded=count.n_unrecorded,
        status=status,
        rate=found.estimate if found else None,
        lower=found.lower if found else None,
        upper=found.upper if found else None,
        note=_note(definition, count, unit),
        method=found.method if found else "",
        n_patients=found.n_clusters if found else None,
        n_effective=found.n_effective if found else None,
        n_unclear=count.n_unclear,
    )


def _share(
    definition: ComplicationDefinition, row: dict[str, object], count: Count, confidence: float
) -> Proportion | None:
    """Share with its interval: by patient where some count more than once."""
    sums = sums_of(definition.key, row, count)
    if sums is not None:
        clustered = interval_of_sums(sums, confidence=confidence)
        if isinstance(clustered, Proportion):
            return clustered
    found = estimate_proportion(count.n_events, count.n_total, confidence=confidence)
    return found if isinstance(found, Proportion) else None


def _status(definition: ComplicationDefinition, count: Count) -> str:
    """Tell an impossible event from an unseen one, and both from an unrecorded one."""
    if definition.devices and count.n_device == 0 and count.n_with_devices > 0:
        return "structural_zero"
    if count.n_total == 0:
        return "no_denominator"
    return "observed" if count.n_events > 0 else "zero"


def _note(definition: ComplicationDefinition, count: Count, unit: str) -> str:
    """Say what a reader must know beside the number."""
    parts = []
    if definition.devices:
        parts.append(f"Counted among {unit}s in which such a device was used.")
    if count.n_unclear:
        parts.append(_unclear(definition, count, unit))
    if count.n_contradicting:
        parts.append(
            f"Left out, check the device list: event without such a device in {count.n_contradicting}."
        )
    if count.n_unrecorded:
        parts.append(f"Left out because their site does not state absence: {count.n_unrecorded}.")
    return " ".join(parts)


def _unclear(definition: ComplicationDefinition, count: Count, unit: str) -> str:
    """Say why records do not tell, and how far the numerator could go."""
    asked = {
        "a grade": definition.grades,
        "a final flow": definition.final_flow,
        "a named device": definition.must_name_device,
        "a time": definition.timings and "unknown" not in definition.timings,
        "a lesion": unit == "lesion",
    }
    lacking = [word for word, is_asked in asked.items() if is_asked]
    many = f"{count.n_unclear} {unit}" + ("" if count.n_unclear == 1 else "s")
    most = count.n_events + count.n_unclear
    why = " or ".join(lacking)
    return f"Not counted for want of {why}: {many}; the true number of events is at most {most}."
