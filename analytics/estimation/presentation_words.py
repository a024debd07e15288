"""Words that the tables and figures of one answer share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analytics.charts.event_curve import CurveText
from analytics.charts.labels import label_comparison
from analytics.survival.cox_design import Factor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


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
    references
        Column of each factor of the model to the level that the others are compared with.
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
    references: Mapping[str, str] = field(default_factory=dict)

    def curve_text(self, value_title: str) -> CurveText:
        """Words of a figure over time."""
        return CurveText(self.title, value_title, self.subtitle, self.origin, 0, self.unit)

    def term(self, name: str) -> str:
        """Words of a coefficient, with the level that a factor is compared with."""
        return label_comparison(name, self.references)


def find_references(fits: Iterable[object]) -> dict[str, str]:
    """Collect the reference levels of fitted models; what is no model is passed over."""
    specs = (getattr(fit, "spec", None) for fit in fits)
    terms = (term for spec in specs for term in getattr(spec, "terms", ()))
    return {term.column: term.reference for term in terms if isinstance(term, Factor) and term.reference}
