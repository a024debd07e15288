"""Uses inside and outside the wording of a maker's label: a note, never a recommendation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from analytics.devices.shares import Share, count_share
from analytics.devices.sources import Source
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

CUTTING_LABEL: Final = Source(
    "Wolverine: indications, safety and warnings (United States label)",
    url="https://www.bostonscientific.com/en-US/products/balloons-cutting/wolverine-cutting-balloon/"
    "wolverine-indications-safety-and-warnings.html",
)

CUTTING_NOTE: Final = (
    "The United States label of one cutting balloon (Wolverine) lists the absence of angiographically "
    "visible calcification among the characteristics of the target lesion. The share says how often practice "
    "left that wording; labels differ between models and countries, trials have used the device in calcified "
    "lesions, and nothing here advises for or against it."
)

VISIBLE: Final = ("mild", "moderate", "severe")
"""Grades of calcification that an angiogram shows."""


@dataclass(frozen=True)
class LabelUse:
    """Uses of a device outside the wording of its label.

    Parameters
    ----------
    device_class
        Class of the device.
    outside
        Uses outside the wording, of those in which it can be told.
    by_grade
        Angiographic grade of the lesion to number of uses, most calcium last; coarse and missing grades as
        they are.
    note
        What must be shown beside the share.
    source
        The label.
    """

    device_class: str
    outside: Share
    by_grade: dict[str, int]
    note: str
    source: Source


def estimate_cutting_label_use(
    uses: pl.DataFrame, *, grades: Sequence[str], clusters: str | None = None
) -> LabelUse | NotEstimable:
    """Count cutting balloons in lesions with visible calcium.

    Parameters
    ----------
    uses
        One row per device used: ``device_class``, ``severity_angiography`` (of the lesion).
    grades
        Grades in the order to show.
    clusters
        Column whose rows may resemble one another, or None.

    Returns
    -------
    LabelUse or NotEstimable
        A lesion graded mild to severe is outside the wording, one graded none inside. Whether a
        ``none_mild``, ``not_severe`` or ungraded one is, is not known. Refused where no
        cutting balloon was used.
    """
    rows = uses.filter(pl.col("device_class") == "cutting_balloon").with_columns(
        grade=pl.col("severity_angiography").fill_null("unknown")
    )
    if not rows.height:
        return NotEstimable("cutting_balloon", "No cutting balloon is on record.", "no_patients")
    visible = (
        pl.when(pl.col("grade").is_in(list(VISIBLE)))
        .then(statement=True)
        .when(pl.col("grade") == "none")
        .then(statement=False)
    )
    counts = dict(rows.group_by("grade").len().iter_rows())
    return LabelUse(
        device_class="cutting_balloon",
        outside=count_share(rows, visible, clusters=clusters, group="cutting_balloon"),
        by_grade={grade: counts[grade] for grade in grades if grade in counts},
        note=CUTTING_NOTE,
        source=CUTTING_LABEL,
    )
