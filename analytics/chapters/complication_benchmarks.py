"""Which published figures belong to the rates of one complication."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.complications.rates import ALL
from analytics.evidence.matching import Benchmarks, match_benchmarks
from analytics.evidence.published import read_published
from analytics.report.complication_benchmark_tables import BenchmarkedRate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.complications.results import ComplicationRate
    from analytics.evidence.matching import Benchmark


def find_benchmarks(rates: Sequence[ComplicationRate]) -> tuple[BenchmarkedRate, ...]:
    """Find what was published beside each rate, and near the rate of each device over all grades.

    Parameters
    ----------
    rates
        Rates of one complication and one unit, margins too.

    Returns
    -------
    tuple of BenchmarkedRate
        Only rates with something published. Near figures stand once for each device, at the margin of all
        grades; a group without a rate has none.
    """
    published = read_published()
    found = []
    for rate in rates:
        if rate.rate is None:
            continue
        matched = match_benchmarks(
            published,
            outcome=rate.complication,
            device=rate.strategy,
            severity=rate.severity,
            unit=rate.unit,
        )
        context = matched.context if rate.severity == ALL else ()
        if matched.beside or context:
            found.append(BenchmarkedRate(rate, Benchmarks(matched.beside, context)))
    return tuple(found)


def drawn_benchmarks(found: Sequence[BenchmarkedRate]) -> dict[tuple[str, str], tuple[Benchmark, ...]]:
    """Return the figures that may be drawn, by strategy and severity."""
    return {
        (one.rate.strategy, one.rate.severity): one.benchmarks.beside
        for one in found
        if one.benchmarks.beside
    }


def add_benchmarked_margins(
    drawn: Sequence[ComplicationRate], found: Sequence[BenchmarkedRate]
) -> list[ComplicationRate]:
    """Add the rates over all grades of devices for which a published figure agrees."""
    margins = [
        one.rate
        for one in found
        if one.benchmarks.beside and one.rate.severity == ALL and one.rate.strategy not in {ALL, "unknown"}
    ]
    return [*drawn, *(rate for rate in margins if rate not in drawn)]
