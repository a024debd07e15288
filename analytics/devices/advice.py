"""What a text says on choosing a device, and how often practice does so: description, no verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from analytics.devices.lesion_conditions import Condition, read_condition
from analytics.devices.shares import Share, count_share
from analytics.devices.sources import check_keys, read_entries, refuse
from analytics.refusals import NotEstimable
from schemas.vocabulary import STRATEGIES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

KINDS: Final = ("suits", "cautions", "untestable")
BASES: Final = ("intended", "as_treated")


@dataclass(frozen=True)
class AdviceRule:
    """One sentence of a text on the choice of a device.

    Parameters
    ----------
    key, label
        Stable name, and a few words for figures.
    claim
        Claim of the review that it belongs to, for example ``C23``.
    place, text
        Where the text says it, and what, in our words.
    kind
        ``suits``, ``cautions`` or ``untestable``.
    devices
        Strategies that count as treated so.
    basis
        ``intended`` or ``as_treated``.
    when
        Lesions that it is about; None where untestable.
    note
        How the sentence was made testable, or why it cannot be.
    """

    key: str
    label: str
    claim: str
    place: str
    text: str
    kind: str
    devices: tuple[str, ...]
    basis: str
    when: Condition | None
    note: str = ""


@dataclass(frozen=True)
class Agreement:
    """How lesions that a sentence is about were treated.

    Parameters
    ----------
    rule
        The sentence.
    n_lesions, n_undecided
        Lesions whose devices are on record, and those of them for which the record cannot tell whether the
        sentence is about them.
    given
        Lesions that it is about: how many were treated with the device.
    given_otherwise
        Lesions that it is not about: how many were treated with the device.
    outside
        Lesions treated with the device: how many it is not about.
    instead
        Lesions that it is about and that had another strategy: strategy to number, most frequent first.
    """

    rule: AdviceRule
    n_lesions: int
    n_undecided: int
    given: Share
    given_otherwise: Share
    outside: Share
    instead: dict[str, int]


def read_advice(path: Path | None = None) -> tuple[AdviceRule, ...]:
    """Read the sentences.

    Parameters
    ----------
    path
        A TOML file like ``advice.toml`` of this package, which is read where None.

    Raises
    ------
    SpecificationError
        Where a key is unknown or missing, a code is unknown, or a condition is missing or not valid.
    """
    name = "advice.toml"
    return tuple(_rule(raw, f"{path or name}: rule") for raw in read_entries(name, "rule", path))


def _rule(raw: dict[str, Any], where: str) -> AdviceRule:
    """Read one entry."""
    required = {"key", "label", "claim", "place", "text", "kind", "devices", "basis"}
    check_keys(raw, required=required, optional={"when", "note"}, where=where)
    here = f"{where} {raw['key']}"
    if raw["kind"] not in KINDS or raw["basis"] not in BASES or not set(raw["devices"]) <= set(STRATEGIES):
        fix = f"kind: {', '.join(KINDS)}; basis: {', '.join(BASES)}; devices: codes of strategies."
        raise refuse(here, "unknown code", fix)
    if ("when" in raw) == (raw["kind"] == "untestable"):
        raise refuse(here, "a condition is missing or out of place", "Only what is untestable has no 'when'.")
    when = read_condition(raw["when"], here) if "when" in raw else None
    fields = {name: raw[name] for name in required - {"devices"}}
    return AdviceRule(**fields, devices=tuple(raw["devices"]), when=when, note=raw.get("note", ""))


def estimate_agreement(
    lesions: pl.DataFrame, rules: Sequence[AdviceRule], *, clusters: str | None = None
) -> tuple[Agreement | NotEstimable, ...]:
    """Count how lesions were treated that the sentences are about.

    Parameters
    ----------
    lesions
        One row per lesion: the columns of `lesion_conditions.COLUMNS` that the rules read,
        ``strategy_intended`` and ``strategy_as_treated`` (``unknown`` where no device is on record).
    rules
        The sentences, in the order of the answers.
    clusters
        Column whose rows may resemble one another, for example ``patient_id``, or None.

    Returns
    -------
    tuple of Agreement or NotEstimable
        Refused where a sentence is untestable, or about no lesion on record.
    """
    return tuple(_agreement(lesions, rule, clusters) for rule in rules)


def _agreement(lesions: pl.DataFrame, rule: AdviceRule, clusters: str | None) -> Agreement | NotEstimable:
    """Count one sentence."""
    if rule.when is None:
        return NotEstimable(rule.key, rule.note, "not_defined")
    strategy = pl.col(f"strategy_{rule.basis}")
    known = lesions.filter(strategy != "unknown").with_columns(
        is_meant=rule.when.claim, is_given=strategy.is_in(list(rule.devices)), chosen=strategy
    )
    meant, others = known.filter(pl.col("is_meant")), known.filter(~pl.col("is_meant"))
    if not meant.height:
        return NotEstimable(rule.key, "No lesion on record is one that the sentence is about.", "no_patients")
    instead = meant.filter(~pl.col("is_given"))["chosen"].value_counts(name="n")
    return Agreement(
        rule=rule,
        n_lesions=known.height,
        n_undecided=known["is_meant"].null_count(),
        given=count_share(meant, pl.col("is_given"), clusters=clusters, group=rule.key),
        given_otherwise=count_share(others, pl.col("is_given"), clusters=clusters, group=rule.key),
        outside=count_share(
            known.filter(pl.col("is_given")), ~pl.col("is_meant"), clusters=clusters, group=rule.key
        ),
        instead=dict(instead.sort("n", "chosen", descending=[True, False]).iter_rows()),
    )
