"""Bands that should hold a whole curve at once.

No single number stands for a curve, so that these analyses, unlike all others, are shown the truth to be
scored, after the band was made without it. The answer is how far the band's middle strays from the true
curve at the worst day, in half-widths of the band on its own (log-log) scale, less and plus one: it holds 0
exactly where the band holds the true curve on every day of the stretch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics.refusals import NotEstimable
from analytics.survival.simultaneous_bands import estimate_band
from synthetic.study.analyses.curves import death_curve
from synthetic.study.answers import Answer, StudyEstimator, StudyTest
from synthetic.study.truths.curves import average_survival
from synthetic.study.truths.horizons import ONE_MONTH, THREE_YEARS

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.survival.simultaneous_bands import BandKind, SurvivalBand
    from synthetic.scenario import Scenario
    from synthetic.streams import Floats
    from synthetic.study.frames import Replicate

_TRUE_CURVES: list[tuple[Scenario, Floats]] = []
"""The curve of the scenario studied last: a process works through one scenario at a time."""


def _true_survival(scenario: Scenario) -> Floats:
    """Return true survival by day; found once for a scenario."""
    if not _TRUE_CURVES or _TRUE_CURVES[0][0] != scenario:
        _TRUE_CURVES[:] = [(scenario, average_survival(scenario))]
    return _TRUE_CURVES[0][1]


def worst_deviation(band: SurvivalBand, truth: Floats) -> float:
    """Return the largest deviation of a band's middle from a curve, in half-widths of the band.

    Parameters
    ----------
    band
        With limits on the log-log scale.
    truth
        The curve on days 0, 1, ..., between 0 and 1 on the days of the band.

    Returns
    -------
    float
        Signed, positive where the band lies below the curve; at most 1 in size where the band holds the
        curve on every day from its first to its last.
    """
    days = np.arange(int(band.first_day), int(band.last_day) + 1)
    row = np.searchsorted(band.table["time_days"].to_numpy(), days, side="right") - 1
    lower, upper = (band.table[name].to_numpy()[row] for name in ("lower", "upper"))
    says = (lower > 0) & (upper < 1)  # from 0 to 1 it holds whatever is true
    if not says.any():
        return 0.0
    high, low = _log_log(lower[says]), _log_log(upper[says])
    strays = ((high + low) / 2 - _log_log(truth[days[says]])) / ((high - low) / 2)
    return float(strays[np.argmax(np.abs(strays))])


def _log_log(survival: Floats) -> Floats:
    """Return the logarithm of the cumulative hazard."""
    return np.asarray(np.log(-np.log(survival)), dtype=np.float64)


def _band(kind: BandKind) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the scoring of a band for survival from a month to three years."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        curve = death_curve(replicate)
        if isinstance(curve, NotEstimable):
            return curve
        band = estimate_band(curve, kind=kind, days=(ONE_MONTH, THREE_YEARS))
        if isinstance(band, NotEstimable):
            return band
        return score_band(band, _true_survival(replicate.scenario))

    return run


def score_band(band: SurvivalBand, truth: Floats) -> Answer | NotEstimable:
    """Return the worst deviation with its limits; refuse a band that begins before anybody died."""
    if float(band.table["lower"].to_numpy().max()) >= 1:
        return NotEstimable("all", "Nobody has died by the first day of the band.", "no_events")
    strays = worst_deviation(band, truth)
    return Answer(strays, float("nan"), strays - 1, strays + 1)


ESTIMATORS: dict[str, StudyEstimator] = {
    "band_equal_precision": StudyEstimator(
        "band_deviation",
        _band("equal-precision"),
        "Equal-precision band for survival, days 30 to 1,095: coverage is that of the whole curve",
    ),
    "band_hall_wellner": StudyEstimator(
        "band_deviation", _band("hall-wellner"), "The same by Hall and Wellner"
    ),
}
"""Analyses by name."""

TESTS: dict[str, StudyTest] = {}
"""Tests by name."""
