"""Published figures drawn beside a registry's rates: one bar a study, on the row that it agrees with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.charts.labels import label_severity, label_strategy
from analytics.charts.numbers import format_fraction, format_percent
from analytics.charts.theme import MUTED, Spec
from analytics.proportions.intervals import zero_event_upper_limit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.evidence.matching import Benchmark

MOST_NAMED = 4
"""Published figures that the subtitle names; the table beside the figure names all."""
BAR_HEIGHT = 15


def benchmark_marks(
    rows: Sequence[Spec], benchmarks: Mapping[tuple[str, str], Sequence[Benchmark]], *, end: float
) -> list[Spec]:
    """Return one layer for each published figure whose row is drawn.

    Parameters
    ----------
    rows
        Drawn rows with their ``group`` and ``pixel``.
    benchmarks
        Figures by strategy and severity.
    end
        Right end of the axis in percent; a figure beyond it stands there.
    """
    return [_mark(one, row["pixel"], end) for row in rows for one in benchmarks.get(row["group"], ())]


def benchmark_note(rows: Sequence[Spec], benchmarks: Mapping[tuple[str, str], Sequence[Benchmark]]) -> str:
    """Name the studies behind the bars, for a figure that is printed alone; empty without any.

    Parameters
    ----------
    rows
        Drawn rows with their ``group``.
    benchmarks
        Figures by strategy and severity.
    """
    named = [
        f"{_study(one)}, {benchmark_text(one)} ({_group(row['group'])})"
        for row in rows
        for one in benchmarks.get(row["group"], ())
    ]
    if not named:
        return ""
    more = f"; {len(named) - MOST_NAMED} more in the table" if len(named) > MOST_NAMED else ""
    return f"Grey bars, published with the same unit and definition: {'; '.join(named[:MOST_NAMED])}{more}."


def _study(benchmark: Benchmark) -> str:
    """Name of a study without its DOI or PMID, which the table has."""
    return benchmark.citation.partition(", DOI ")[0].partition(", PMID ")[0]


def _group(group: tuple[str, str]) -> str:
    """Words for device and grade."""
    strategy, severity = group
    return f"{label_strategy(strategy).lower()}, {label_severity(severity).lower()}"


def _mark(benchmark: Benchmark, pixel: float, end: float) -> Spec:
    """One bar."""
    value = {
        "percent": min(benchmark.percent, end),
        "study": benchmark.citation,
        "published": benchmark_text(benchmark),
    }
    tooltip = [
        {"field": "study", "type": "nominal", "title": "Published"},
        {"field": "published", "type": "nominal", "title": "Figure"},
    ]
    return {
        "data": {"values": [value]},
        "mark": {
            "type": "tick",
            "orient": "vertical",
            "size": BAR_HEIGHT,
            "thickness": 3,
            "color": MUTED,
            "opacity": 0.85,
        },
        "encoding": {
            "x": {"field": "percent", "type": "quantitative"},
            "y": {"value": pixel},
            "tooltip": tooltip,
        },
    }


def benchmark_text(benchmark: Benchmark) -> str:
    """Return a published figure with its counts where they are known; of none, how many there may be."""
    share = f"{benchmark.percent:.1f} %"
    if benchmark.n_events is None or benchmark.n_total is None:
        return share
    if benchmark.n_events == 0:
        share = f"up to {format_percent(zero_event_upper_limit(benchmark.n_total))}"
    return f"{format_fraction(benchmark.n_events, benchmark.n_total)}: {share}"


def benchmark_sentences(benchmarks: Mapping[tuple[str, str], Sequence[Benchmark]]) -> list[str]:
    """Return the bars in words, for readers who cannot see them."""
    return [
        f"Published beside {label_strategy(strategy)}, {label_severity(severity).lower()}: "
        + "; ".join(f"{benchmark_text(one)} ({one.citation})" for one in found)
        + "."
        for (strategy, severity), found in benchmarks.items()
        if found
    ]
