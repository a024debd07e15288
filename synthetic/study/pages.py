"""The study's pages: a table of figures per scenario, and matrices over all of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from synthetic.scenario import load_scenario
from synthetic.study.analyses import ESTIMATORS, TESTS
from synthetic.study.summary import LEVEL, is_mostly_refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl

    Row = dict[str, Any]

FIGURE = "crude-and-adjusted.png"
"""Name of the figure, beside the pages."""

_BROKEN = 3.0
"""Monte-Carlo errors beyond which bias or coverage is called off."""
_COVERAGE = 0.95

_INTRODUCTION = """# Do the estimators recover the truth?

Made by `python -m synthetic.study`. Registries are drawn from a scenario whose truth is known
(`docs/synthetic.md`), each is analysed as an analyst would, knowing only its tables, and the answers are
set against the truth. What the figures mean, and why some are off, stands in [findings.md](findings.md);
each scenario has a page with all of its figures.

Hospitals are drawn anew in every replicate, and the truth is that of average hospitals; standard errors
that take patients as independent do not see that."""

_FIGURE_TEXT = f"""## A crude comparison, and an adjusted one

![Hazard ratio of cardiac death, rotational atherectomy against plain balloon, by scenario]({FIGURE})

In most scenarios the device changes nothing, and still a crude comparison finds twice the hazard: it is given
to sicker patients. Adjusting takes away what the registry has recorded well, and no more."""

_COVERAGE_TEXT = """## Coverage

Share of 95 % intervals that hold the truth, in per cent. **Bold**: off by more than three Monte-Carlo
errors (about 3 points at 500 registries). A dash: no single true value, or refused in most registries."""

_BIAS_TEXT = """## Bias

Mean estimate less the truth, as a multiple of the estimates' own spread: 0.3 and more eats visibly into
coverage. **Bold**: more than three Monte-Carlo errors from 0."""

_TESTS_TEXT = f"""## Tests

Share of registries in which the p value lies below {LEVEL}, in per cent. Where the hypothesis is true it
should be 5; **bold** where it is not, by three Monte-Carlo errors. *In italics* where it is false: there the
share is the power, and more is better."""

_LEGEND = """Bias is the mean estimate less the truth; the empirical standard error is the spread of the
estimates, the model standard error what the estimator claims (root mean square); coverage is the share of
95 % intervals that hold the truth. In brackets the Monte-Carlo error (Morris, White & Crowther 2019,
doi:10.1002/sim.8086). **Bold**: off by more than three Monte-Carlo errors."""


def summary_page(estimates: Mapping[str, pl.DataFrame], tests: Mapping[str, pl.DataFrame]) -> str:
    """Return the page of matrices.

    Parameters
    ----------
    estimates, tests
        Tables of `synthetic.study.tables` by scenario.
    """
    parts = [_INTRODUCTION, _FIGURE_TEXT, _list_scenarios(estimates), _list_analyses()]
    parts += [_COVERAGE_TEXT, _matrix(estimates, tuple(ESTIMATORS), _coverage_cell)]
    parts += [_BIAS_TEXT, _matrix(estimates, tuple(ESTIMATORS), _bias_cell)]
    if tests:
        parts += [_TESTS_TEXT, _matrix(tests, tuple(TESTS), _test_cell)]
    return "\n\n".join(parts) + "\n"


def scenario_page(name: str, estimates: pl.DataFrame, tests: pl.DataFrame | None) -> str:
    """Return the page of one scenario."""
    first = estimates.row(0, named=True)
    size = f"{first['n'] + first['n_refused']} registries of {first['procedures']:,} procedures."
    parts = [f"# `{name}`", f"{load_scenario(name).description}. {size}", _LEGEND]
    header = ("analysis", "truth", "bias", "empirical SE", "model SE", "coverage, %", "refused")
    parts.append(_table(header, [_estimate_cells(row) for row in estimates.iter_rows(named=True)]))
    if tests is not None:
        test_header = ("test", "hypothesis", "rejected, %", "refused")
        parts.append(_table(test_header, [_test_cells(row) for row in tests.iter_rows(named=True)]))
    return "\n\n".join(parts) + "\n"


def _list_scenarios(estimates: Mapping[str, pl.DataFrame]) -> str:
    """List the scenarios with links."""
    rows = [(f"[`{name}`]({name}.md)", load_scenario(name).description) for name in estimates]
    return _table(("scenario", "what holds in it"), rows)


def _list_analyses() -> str:
    """List what is studied."""
    rows = [(f"`{name}`", estimator.says) for name, estimator in ESTIMATORS.items()]
    rows += [(f"`{name}`", f"Test: {test.says}") for name, test in TESTS.items()]
    return _table(("analysis", "what it does"), rows)


def _matrix(tables: Mapping[str, pl.DataFrame], names: tuple[str, ...], cell: Callable[[Row], str]) -> str:
    """Return analyses by scenarios."""
    found = {
        (scenario, row["analysis"]): cell(row)
        for scenario, table in tables.items()
        for row in table.iter_rows(named=True)
        if not is_mostly_refused(row)
    }
    rows = [(f"`{name}`", *(found.get((scenario, name), "-") for scenario in tables)) for name in names]
    return _table(("", *(f"`{scenario}`" for scenario in tables)), rows)


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table."""
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _coverage_cell(row: Row) -> str:
    """Show a coverage."""
    return _flagged(f"{100 * row['coverage']:.0f}", _is_off(row))


def _bias_cell(row: Row) -> str:
    """Show a bias against the spread of the estimates."""
    spread = row["empirical_error"]
    text = f"{row['bias'] / spread:+.2f}" if spread else "0"
    return _flagged(text, _is_biased(row))


def _test_cell(row: Row) -> str:
    """Show how often a test rejects."""
    text = f"{100 * row['rejected']:.0f}"
    return _flagged(text, _is_missized(row)) if row["null_holds"] else f"*{text}*"


def _estimate_cells(row: Row) -> tuple[str, ...]:
    """Show one estimator."""
    bias = f"{row['bias']:+.4g} ({row['bias_error']:.2g})"
    coverage = f"{100 * row['coverage']:.1f} ({100 * row['coverage_error']:.1f})"
    model = row["model_error"]
    return (
        f"`{row['analysis']}`",
        f"{row['truth']:.4g} ({row['truth_error']:.2g})" if row["truth_error"] else f"{row['truth']:.4g}",
        _flagged(bias, _is_biased(row)),
        f"{row['empirical_error']:.4g} ({row['empirical_error_error']:.2g})",
        "-" if math.isnan(model) else f"{model:.4g} ({row['model_error_error']:.2g})",
        _flagged(coverage, _is_off(row)),
        f"{row['n_refused']:.0f}",
    )


def _test_cells(row: Row) -> tuple[str, ...]:
    """Show one test."""
    rejected = f"{100 * row['rejected']:.1f} ({100 * row['rejected_error']:.1f})"
    return (
        f"`{row['analysis']}`",
        "true" if row["null_holds"] else "false",
        _flagged(rejected, row["null_holds"] and _is_missized(row)),
        f"{row['n_refused']:.0f}",
    )


def _is_biased(row: Row) -> bool:
    """Tell whether a bias is more than Monte-Carlo error."""
    return bool(abs(row["bias"]) > _BROKEN * row["bias_error"])


def _is_off(row: Row) -> bool:
    """Tell whether a coverage is off by more than Monte-Carlo error."""
    expected = math.sqrt(_COVERAGE * (1 - _COVERAGE) / row["n"])
    return bool(abs(row["coverage"] - _COVERAGE) > _BROKEN * expected)


def _is_missized(row: Row) -> bool:
    """Tell whether a true hypothesis is rejected too often or too rarely."""
    return bool(abs(row["rejected"] - LEVEL) > _BROKEN * math.sqrt(LEVEL * (1 - LEVEL) / row["n"]))


def _flagged(text: str, off: bool) -> str:  # noqa: FBT001  # a mark, not a mode
    """Mark what is off."""
    return f"**{text}**" if off else text
