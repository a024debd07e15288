"""Adjustment of p values for the number of hypotheses: within a claim, and over its family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.proportions.multiplicity import benjamini_hochberg, holm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.claims.hypothesis import Claim

METHODS = {"primary": "Holm", "exploratory": "Benjamini and Hochberg"}
"""Adjustment of each family."""


def adjust_family(family: str, p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Adjust the p values of the claims of one family; None stays None and does not count."""
    return holm(p_values) if family == "primary" else benjamini_hochberg(p_values)


def adjust_within(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Adjust the p values of the components of one claim by Holm."""
    return holm(p_values)


def say_family(claim: Claim, claims: Sequence[Claim], p_values: Mapping[str, float | None]) -> str:
    """Say what the p value of a claim was adjusted over.

    Parameters
    ----------
    claim
        The claim.
    claims
        All claims of the run.
    p_values
        The p value of each, by its id.
    """
    members = [one.id for one in claims if one.family == claim.family]
    tested = sum(p_values.get(name) is not None for name in members)
    names = f" ({', '.join(members)})" if claim.family == "primary" else ""
    return (
        f"{METHODS[claim.family]} over the {len(members)} {claim.family} claims of this run{names}, of which "
        f"{tested} have a p value."
    )
