"""From claims and a snapshot to verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.claims.families import adjust_family, adjust_within, say_family
from analytics.claims.frames import ClaimFrames
from analytics.claims.kinds import KINDS
from analytics.claims.results import (
    COMPATIBLE,
    NOT_ESTIMABLE,
    SUPPORTED,
    ClaimResult,
    ClaimsRun,
    ComponentResult,
    Estimate,
    Findings,
)
from analytics.claims.verdicts import ALPHA, hypothesis_p_value, judge, judge_claim
from analytics.errors import SpecificationError
from analytics.refusals import NotEstimable
from analytics.store.filters import CohortFilter
from analytics.store.queries import read_snapshot_info

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from analytics.claims.hypothesis import Claim, Component

EVENT_TABLES = ("complications", "events")
"""A row is something that happened; other columns tell whether absence was stated or followed."""

Raw = tuple["Claim", tuple[tuple["Component", Findings], ...], str]


def run_claims(
    snapshot: Path,
    claims: Sequence[Claim],
    *,
    only: Sequence[str] = (),
    population: CohortFilter | None = None,
) -> ClaimsRun:
    """Run claims on a snapshot.

    Parameters
    ----------
    snapshot
        A published snapshot.
    claims
        Every claim of the run: p values are adjusted over all of them.
    only
        Ids of the claims to return; all where empty.
    population
        Which sites, years, ... to look at; everybody where None. Repeat procedures count too, except for
        events over time.

    Returns
    -------
    ClaimsRun
        One result per claim, in the order given.

    Raises
    ------
    SpecificationError
        If an id does not exist, or a claim names a column that there is not.
    StoreError
        If the snapshot cannot be read.
    """
    _require_known(claims, only)
    families = {claim.family for claim in claims if not only or claim.id in only}
    frames = ClaimFrames(snapshot, population or CohortFilter())
    # Only families of claims that are shown need their other members.
    run = [claim for claim in claims if claim.family in families]
    found = [_find(claim, frames) for claim in run]
    results = conclude(found)
    shown = tuple(result for result in results if not only or result.claim.id in only)
    source = f"snapshot {read_snapshot_info(snapshot)['snapshot_id']}"
    return ClaimsRun(shown, source, len(run))


def conclude(found: Sequence[Raw]) -> tuple[ClaimResult, ...]:
    """Adjust p values over the families and judge.

    Parameters
    ----------
    found
        Each claim with what its components found, and why it was not asked at all (or an empty text).
    """
    claims = [claim for claim, _, _ in found]
    own = {claim.id: _claim_p_value(claim, parts) for claim, parts, _ in found}
    adjusted: dict[str, float | None] = {}
    for family in dict.fromkeys(claim.family for claim in claims):
        members = [claim.id for claim in claims if claim.family == family]
        adjusted |= dict(zip(members, adjust_family(family, [own[name] for name in members]), strict=True))
    return tuple(
        _conclude_claim(
            raw,
            (own[raw[0].id], adjusted[raw[0].id]),
            say_family(raw[0], claims, own),
            n_family=sum(claim.family == raw[0].family for claim in claims),
        )
        for raw in found
    )


def _conclude_claim(
    raw: Raw, p_values: tuple[float | None, float | None], family: str, *, n_family: int
) -> ClaimResult:
    """Judge the components of a claim, and the claim."""
    (claim, parts, refusal), (p_value, p_adjusted) = raw, p_values
    if refusal:
        return ClaimResult(claim, (), None, None, family, NOT_ESTIMABLE, refusal)
    own = [_p_value(part, findings) for part, findings in parts]
    within = adjust_within(own)
    judged = tuple(
        _judge_component(part, findings, (p, p_adjusted if part.headline else held))
        for (part, findings), p, held in zip(parts, own, within, strict=True)
    )
    verdict, why = judge_claim(claim, judged, n_family=n_family)
    if claim.overall == "every" and verdict == SUPPORTED and (p_adjusted or 0.0) >= ALPHA:
        verdict, why = COMPATIBLE, f"{why} Over its family chance cannot be ruled out."
    return ClaimResult(claim, judged, p_value, p_adjusted, family, verdict, why)


def _judge_component(
    part: Component, findings: Findings, p_values: tuple[float | None, float | None]
) -> ComponentResult:
    """Judge one component by the estimate that decides."""
    estimate = judged_estimate(part, findings)
    verdict, why = judge(part, estimate, p_values[1])
    return ComponentResult(part, findings, estimate, *p_values, verdict, why)


def judged_estimate(part: Component, findings: Findings) -> Estimate | NotEstimable:
    """Return the estimate that decides: the adjusted one where devices are compared."""
    if part.judged == "crude" or isinstance(findings.crude, NotEstimable):
        return findings.crude
    return findings.adjusted or NotEstimable(part.label, "There is no adjusted estimate.", "singular")


def _p_value(part: Component, findings: Findings) -> float | None:
    """Return the p value of a component's hypothesis."""
    estimate = judged_estimate(part, findings)
    return None if isinstance(estimate, NotEstimable) else hypothesis_p_value(part, estimate)


def _claim_p_value(claim: Claim, parts: tuple[tuple[Component, Findings], ...]) -> float | None:
    """Return the p value with which a claim enters its family.

    Where one component decides, its own; where every one must hold, the largest: the claim as a whole is
    only shown once the last of them is (an intersection-union test).
    """
    if claim.overall == "headline":
        return next((_p_value(part, findings) for part, findings in parts if part.headline), None)
    known = [p for p in (_p_value(part, findings) for part, findings in parts) if p is not None]
    return max(known, default=None)


def _find(claim: Claim, frames: ClaimFrames) -> Raw:
    """Ask the data, unless a needed column is empty everywhere."""
    empty = [name for name in claim.needs if _is_empty(name, frames)]
    if empty:
        words = " and ".join(", ".join(empty).rsplit(", ", 1))
        verb = "is" if len(empty) == 1 else "are"
        return claim, (), f"{words} {verb} empty at all sites."
    return claim, tuple((part, KINDS[part.kind](part, frames)) for part in claim.components), ""


def _is_empty(name: str, frames: ClaimFrames) -> bool:
    """Whether a column is empty everywhere; a table of events without a row may mean that there was none."""
    n_rows, n_filled = frames.filled.get(name, (0, 0))
    no_rows_may_mean_none = n_rows == 0 and name.split(".", maxsplit=1)[0] in EVENT_TABLES
    return n_filled == 0 and not no_rows_may_mean_none


def _require_known(claims: Sequence[Claim], only: Sequence[str]) -> None:
    """Refuse two claims of one id, and an id that no claim has."""
    known = [claim.id for claim in claims]
    for name in known:
        if known.count(name) > 1:
            raise SpecificationError(
                where="claims", what=f"two claims are named {name}", fix="Give each its own id."
            )
    for name in only:
        if name not in known:
            raise SpecificationError(
                where="claims", what=f"there is no claim {name}", fix=f"Use {', '.join(known)}."
            )
