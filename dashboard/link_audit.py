"""Say so when a shared link asked for more than exists.

The server drops unknown values of a link in silence: ``?dev=RA&dev=laser`` becomes ``dev=RA``, another
cohort under the same link. The first run of a session still sees what was asked for, before any widget has
taken its part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOT_PART_OF_COHORT = frozenset({"snap", "embed", "embed_options"})
"""Parameters that choose no patients."""
MOST_SHOWN = 40


def audit_link(asked: Mapping[str, Sequence[str]], options: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return one sentence for each thing a link asked for in vain.

    Parameters
    ----------
    asked
        Query parameters of the first run: name to values.
    options
        What exists: name of the parameter to its values.
    """
    remarks = []
    for name, values in asked.items():
        if name in NOT_PART_OF_COHORT:
            continue
        if name not in options:
            remarks.append(f"This link asked for '{name[:MOST_SHOWN]}'. There is no such filter.")
            continue
        unknown = [value for value in values if value and value not in options[name]]
        remarks.extend(
            f"This link asked for {name} '{value[:MOST_SHOWN]}'. This registry has none." for value in unknown
        )
    return tuple(remarks)


def audit_snapshot(asked: Mapping[str, Sequence[str]], current: str) -> tuple[str, ...]:
    """Return a sentence where a link was made on another snapshot than the one shown."""
    wanted = [value for value in asked.get("snap", ()) if value and value != current]
    return tuple(
        f"This link was made on snapshot {value[:MOST_SHOWN]}. You see {current}: numbers may differ."
        for value in wanted
    )
