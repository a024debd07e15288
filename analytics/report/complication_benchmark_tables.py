"""Published figures beside and near a registry's rates, as a table with sources and differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.charts.complication_benchmarks import benchmark_text
from analytics.charts.complication_rates import count_text, rate_text
from analytics.charts.labels import label_complication, label_severity, label_strategy
from analytics.evidence.vocabulary import DESIGN_LABELS
from analytics.report.document import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.complications.results import ComplicationRate
    from analytics.evidence.matching import Benchmark, Benchmarks

MOST_CONTEXT = 4
"""Near figures that are listed for each group, the nearest first."""
COMPARABLE = "none: may stand beside"


@dataclass(frozen=True)
class BenchmarkedRate:
    """A rate of the registry, and what was published.

    Parameters
    ----------
    rate
        The registry's rate.
    benchmarks
        Figures beside it, and near ones with their differences.
    """

    rate: ComplicationRate
    benchmarks: Benchmarks


def benchmark_table(found: Sequence[BenchmarkedRate]) -> Table:
    """Return published figures, those that agree first, then near ones with the difference named.

    Parameters
    ----------
    found
        Rates of one complication with what was published.
    """
    rows = [
        _row(one.rate, benchmark)
        for one in found
        for benchmark in (*one.benchmarks.beside, *one.benchmarks.context[:MOST_CONTEXT])
    ]
    name = label_complication(found[0].rate.complication) if found else "Complications"
    header = ("Group", "Registry", "Published", "Source", "Design", "Difference from the registry's figure")
    return Table(f"{name}: published figures", header, tuple(rows))


def _row(rate: ComplicationRate, benchmark: Benchmark) -> tuple[str, ...]:
    """One published figure."""
    counts = count_text(rate)
    differences = "; ".join(difference.words for difference in benchmark.differences)
    arm = f", {benchmark.arm}" if benchmark.arm else ""
    return (
        f"{label_strategy(rate.strategy)}, {label_severity(rate.severity).lower()}",
        f"{counts}: {rate_text(rate)}" if counts else rate_text(rate),
        benchmark_text(benchmark),
        f"{benchmark.citation}{arm}",
        DESIGN_LABELS.get(benchmark.design, benchmark.design),
        differences or COMPARABLE,
    )
