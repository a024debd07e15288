"""Write a synthesis as text, JSON values and a table."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import polars as pl

from analytics.evidence.compatibility import label
from analytics.evidence.listing import group_words, percent
from analytics.evidence.matching import definition_words
from analytics.evidence.pooled_results import Pooled
from analytics.proportions.intervals import wilson_interval
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics.evidence.pooled_results import LeftOut
    from analytics.evidence.synthesis import Synthesis, Verdict


def describe_synthesis(found: Synthesis, verdict: Verdict | None = None) -> dict[str, Any]:
    """Give a synthesis as JSON-ready values.

    Parameters
    ----------
    found
        Result of `analytics.evidence.synthesis`.
    verdict
        On a registry's rate, where one was judged.
    """
    pooled = found.pooled
    return {
        "keys": dict(found.studies.keys),
        "studies": [
            {name: value for name, value in row.items() if value is not None} | {"citation": label(row)}
            for row in found.studies.rows.iter_rows(named=True)
        ],
        "pooled": asdict(pooled) if isinstance(pooled, Pooled) else None,
        "refusal": asdict(pooled) if isinstance(pooled, NotEstimable) else None,
        "leave_one_out": [asdict(one) for one in found.without],
        "excluded": [asdict(one) for one in found.studies.excluded],
        "verdict": asdict(verdict) if verdict else None,
    }


def left_out_range(found: Synthesis) -> str:
    """Say between which values the pooled one moves when each study is left out in turn; may be empty."""
    pooled = found.pooled
    if isinstance(pooled, NotEstimable) or not found.without:
        return ""
    values = sorted(one.estimate for one in found.without)
    return f"Without one study at a time: {show(pooled, values[0])} to {show(pooled, values[-1])}"


def table_of_studies(found: Synthesis) -> pl.DataFrame:
    """Give all studies looked at: ``study_id``, ``citation``, ``arm``, ``is_pooled`` and ``reason``."""
    pooled = [
        (row["study_id"], label(row), row.get("arm") or "", True, "")
        for row in found.studies.rows.iter_rows(named=True)
    ]
    out = [(one.study_id, one.citation, one.arm, False, one.reason) for one in found.studies.excluded]
    return pl.DataFrame(
        [*pooled, *out], schema=["study_id", "citation", "arm", "is_pooled", "reason"], orient="row"
    )


def render_synthesis(found: Synthesis, verdict: Verdict | None = None) -> str:
    """Write a synthesis for a reader.

    Parameters
    ----------
    found
        Result of `analytics.evidence.synthesis`.
    verdict
        On a registry's rate, where one was judged.
    """
    rows = list(found.studies.rows.iter_rows(named=True))
    lines = [_title(rows[0])] if rows else []
    lines += [f"  {_study_line(row)}" for row in rows]
    lines += pooled_lines(found.pooled)
    if found.without:
        lines += ["Without each study:"]
        lines += [f"  {_left_out_line(one, found.pooled)}" for one in found.without]
    if verdict:
        lines += [verdict.sentence]
    if found.studies.excluded:
        lines += ["Left out:"]
        lines += [f"  {one.citation}{_in_brackets(one.arm)}: {one.reason}" for one in found.studies.excluded]
    return "\n".join(lines)


def _title(row: Mapping[str, Any]) -> str:
    """Name what is pooled."""
    if "exposure" in row:
        what = row["exposure"] or "first group"
        against = f" against {row['comparator']}" if row["comparator"] else ""
        return f"{row['outcome'] or 'outcome'}: {what}{against}"
    words = [group_words(row) if row["outcome"] else "Studies"]
    words += [definition_words(row)] if row["definition"] else []
    words += [str(row["benchmark_use"])] if row["benchmark_use"] else []
    return " · ".join(words)


def _study_line(row: Mapping[str, Any]) -> str:
    """Write one study that is pooled."""
    if "exposure" in row:
        return f"{row['estimate']:g} ({row['ci_low']:g} to {row['ci_high']:g})  {label(row)}"
    x, n = row["n_events"], row["n_total"]
    lower, upper = wilson_interval(x, n)
    return f"{x}/{n}  {percent(x / n)} % ({percent(lower)} to {percent(upper)})  {label(row)}"


def pooled_lines(pooled: Pooled | NotEstimable) -> list[str]:
    """Write the pooled value, its prediction interval and heterogeneity, a line each, or the refusal."""
    if isinstance(pooled, NotEstimable):
        return [f"Not pooled. {pooled.reason}"]
    het = pooled.heterogeneity
    predicted = f"{show(pooled, pooled.prediction_lower)} to {show(pooled, pooled.prediction_upper)}"
    if pooled.prediction_lower is None:
        predicted = "none with so few studies"
    corrected = f"; a half added to {pooled.n_corrected}" if pooled.n_corrected else ""
    interval = f"{show(pooled, pooled.lower)} to {show(pooled, pooled.upper)}"
    tau2 = f"tau2 {het.tau2:.4g} ({het.tau2_lower:.4g} to {het.tau2_upper:.4g})"
    return [
        f"Pooled from {pooled.n_studies} studies: {show(pooled, pooled.estimate)} "
        f"({100 * pooled.confidence:g} % interval {interval}); {pooled.method}{corrected}",
        f"Prediction interval: {predicted} ({pooled.prediction_rule})",
        f"Heterogeneity: Q {het.q:.2f} on {het.degrees_of_freedom} df (p = {het.p_value:.3f}), "
        f"I2 {het.i2:.0f} %, H2 {het.h2:.2f}, {tau2}",
    ]


def show(pooled: Pooled, value: float | None) -> str:
    """Write a value on the scale of a pooled one."""
    if pooled.kind != "proportion":
        return "n/a" if value is None else f"{value:.2f}"
    return f"{percent(value)} %"


def _left_out_line(one: LeftOut, pooled: Pooled | NotEstimable) -> str:
    """Write the pooled value without one study."""
    if isinstance(pooled, NotEstimable):
        return one.study
    interval = f"{show(pooled, one.lower)} to {show(pooled, one.upper)}"
    return f"{show(pooled, one.estimate)} ({interval})  without {one.study}"


def _in_brackets(words: str) -> str:
    """Put words in brackets, if there are any."""
    return f" [{words}]" if words else ""
