"""Which keys each statistic reads; any other is refused, as is one that is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.errors import SpecificationError

if TYPE_CHECKING:
    from analytics.claims.hypothesis import Component

_COMMON = {
    "key", "label", "kind", "direction", "rows", "where", "judged", "minimum", "headline", "sentence",
    "margin", "low", "high",
}  # fmt: skip
_GROUPS = {"exposure", "exposed", "comparator"}
_TERM = ({"outcome", "exposure"}, {"exposed", "comparator", "per", "adjust", "strata", "spline"})

KIND_KEYS: dict[str, tuple[set[str], set[str]]] = {
    "hazard_ratio": (
        {"endpoint", *_GROUPS},
        {"adjust", "strata", "after_day", "until_day", "risk_days", "e_value"},
    ),
    "risk_difference": ({"outcome", *_GROUPS}, {"adjust", "strata", "e_value"}),
    "mean_difference": ({"outcome", *_GROUPS}, {"adjust", "strata"}),
    "odds_ratio": _TERM,
    "firth_odds_ratio": _TERM,
    "ordered_odds_ratio": _TERM,
    "product_of_odds": ({"outcome", "modifier", "modified_by", *_GROUPS}, {"adjust", "strata"}),
    "share": ({"outcome"}, {"is_structural"}),
    "paired_difference": ({"first", "second"}, set()),
    "paired_mean_difference": ({"first", "second"}, set()),
    "discrimination": ({"outcome", "exposure"}, set()),
}
"""Keys that a kind must have, and keys that it may have, beside those of every component."""

_BY_DIRECTION = {"equal": {"margin"}, "within": {"low", "high"}, "below": {"high"}}


def check_kind(part: Component, given: set[str], *, where: str) -> None:
    """Refuse a component that its kind or its direction cannot use.

    Parameters
    ----------
    part
        The component.
    given
        Keys that its file has.
    where
        Place named in messages.

    Raises
    ------
    SpecificationError
        Says which key.
    """
    required, optional = KIND_KEYS[part.kind]
    needed = required | _BY_DIRECTION.get(part.direction, set())
    for key in sorted(needed - given):
        raise SpecificationError(
            where=where, what=f"'{key}' is missing", fix=f"'{part.kind}' ({part.direction}) needs it."
        )
    for key in sorted(given - _COMMON - required - optional):
        known = ", ".join(sorted(required | optional))
        raise SpecificationError(
            where=where, what=f"'{part.kind}' reads no '{key}'", fix=f"It reads {known}."
        )
    if part.judged == "adjusted" and not part.adjust:
        raise SpecificationError(
            where=where, what="'adjust' is missing", fix="Name the covariates of the adjusted estimate."
        )
