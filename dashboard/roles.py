"""Who is looking. One role exists; the others have a place, so that no page needs to move when they come."""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    """What a viewer may see.

    `DATA_HOLDER` sees exact counts of every site. A role with less must be enforced where rows are read
    (`dashboard.data_access`), never in a table or a chart.
    """

    DATA_HOLDER = "data holder"
