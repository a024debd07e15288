"""The comparison of a registry with published figures as a table to read."""

from __future__ import annotations

from itertools import groupby, zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from synthetic.calibration import Check, CheckResult, Departure

_WIDTHS = (42, 9, 7, 44, 14, 34)
_HEADS = ("quantity", "generated", "n", "published", "accepted", "source")
_RIGHT = (1, 2)


def render_checks(results: tuple[CheckResult, ...], departure: Departure | None = None) -> str:
    """Return the comparison as a table by chapter, then why each failed range is what it is.

    Parameters
    ----------
    results
        From `check_registry`.
    departure
        Where the scenario leaves the published picture on purpose.
    """
    lines = [_row(_HEADS, ""), _row(tuple("-" * width for width in _WIDTHS), "")]
    for chapter, members in groupby(results, key=lambda result: result.check.chapter):
        lines += ["", chapter]
        for result in members:
            lines += _render(result)
    failed = [result for result in results if result.fails]
    lines += [
        "",
        "Accepted: the published range and three standard errors of this sample (rows or hospitals).",
    ]
    lines += [_reason(result) for result in failed]
    if departure is not None:
        lines.append(describe_departure(departure, failed))
    return "\n".join([*lines, _count(results)])


def _count(results: tuple[CheckResult, ...]) -> str:
    """Return how many figures agree, and how many this registry cannot tell."""
    agreed = sum(result.agrees for result in results)
    untold = sum(result.measured is None for result in results)
    rest = f" {untold} cannot be told: the registry has no such row." if untold else ""
    return f"{agreed} of {len(results)} figures lie within their range.{rest}"


def _verdict(result: CheckResult) -> str:
    """Return the verdict in a word."""
    return "OUTSIDE" if result.fails else "ok" if result.agrees else "-"


def describe_departure(departure: Departure, failed: list[CheckResult]) -> str:
    """Return in words how many of the failed figures a scenario leaves on purpose."""
    intended = sum(result.check.chapter in departure.chapters for result in failed)
    return (
        f"Scenario '{departure.scenario}' leaves the published picture on purpose, in "
        f"{' and '.join(departure.chapters)}: {departure.why}. "
        f"{intended} of {len(failed)} figures outside belong there."
    )


def number(check: Check, value: float) -> str:
    """Return a value in the unit of its check, with as many digits as one reads."""
    shown = 100 * value if check.unit == "%" else value
    digits = 0 if abs(shown) >= 100 else 1 if abs(shown) >= 10 else 2
    return f"{shown:.{digits}f}"


def _render(result: CheckResult) -> Iterator[str]:
    """Yield the lines of one check: long texts run over several."""
    check, measured = result.check, result.measured
    low, high = result.accepted
    cells = (
        f"{check.label}{', ' + check.unit if check.unit else ''}",
        "no row" if measured is None else number(check, measured.value),
        "" if measured is None else f"{measured.rows:,}",
        check.published,
        f"{number(check, low)} to {number(check, high)}",
        check.source,
    )
    parts = [wrap(cell, width) or [""] for cell, width in zip(cells, _WIDTHS, strict=True)]
    parts[-1] = [line for source in check.source.split(", ") for line in wrap(source, _WIDTHS[-1])]
    for place, line in enumerate(zip_longest(*parts, fillvalue="")):
        yield _row(line, _verdict(result) if place == 0 else "")


def _row(cells: tuple[str, ...], verdict: str) -> str:
    """Return one line of the table."""
    padded = [
        cell.rjust(width) if place in _RIGHT else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(cells, _WIDTHS, strict=True))
    ]
    return f"{verdict:<8}{'  '.join(padded)}".rstrip()


def _reason(result: CheckResult) -> str:
    """Return why a range is what it is, for a figure outside."""
    check = result.check
    published = f"{number(check, check.low)} to {number(check, check.high)}"
    return f"OUTSIDE {check.label}: the published range is {published}, {check.why}."
