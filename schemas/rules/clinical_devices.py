"""Rules of this family follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.rules.rule import CrossCheck, RowCheck, Rule

RULES: tuple[Rule, ...] = ()
ROW_CHECKS: tuple[RowCheck, ...] = ()
CROSS_CHECKS: tuple[CrossCheck, ...] = ()
