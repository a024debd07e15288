"""Words that the tables and figures of one answer share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analytics.charts.event_curve import CurveText

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, eq=False)
class Words:
    """What an answer is about, in words.

    Parameters
    ----------
    title, subtitle
        Question, and composition of the endpoint.
    endpoint
        Name of the endpoint.
    estimator
        Name of the estimator.
    unit
        Unit of time.
    origin
        What time zero is.
    days
        The horizons.
    horizon
        Right end of figures.
    parts
        All parts of the answer by key, for figures that need several.
    """

    title: str
    subtitle: str
    endpoint: str
    estimator: str
    unit: str
    origin: str
    days: tuple[int, ...]
    horizon: int
    parts: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def curve_text(self, value_title: str) -> CurveText:
        """Words of a figure over time."""
        return CurveText(self.title, value_title, self.subtitle, self.origin, 0, self.unit)
