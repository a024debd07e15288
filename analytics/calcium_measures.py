"""Grade, class and score of calcium from its measurements on IVUS and OCT, as expressions on a frame.

Cohorts and imaging share them, so that a lesion has one grade wherever it is shown.
`docs/methods/calcification.md` says which cut-offs were read at their source.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from analytics.errors import SpecificationError


@dataclass(frozen=True)
class ArcLimits:
    """Largest calcium arc, in degrees, that still belongs to a grade on IVUS or OCT.

    Parameters
    ----------
    mild_up_to
        Largest arc of the grade mild; an arc of 0 is the grade none.
    moderate_up_to
        Largest arc of the grade moderate; above it the grade is severe.

    Raises
    ------
    SpecificationError
        Where the limits do not ascend within 0 to 360 degrees.
    """

    mild_up_to: float = 180.0
    moderate_up_to: float = 270.0

    def __post_init__(self) -> None:
        """Refuse limits that do not ascend."""
        if not 0.0 < self.mild_up_to < self.moderate_up_to < 360.0:
            raise SpecificationError(
                where="cohort arc limits",
                what="limits must ascend between 0 and 360 degrees",
                fix="Give mild_up_to below moderate_up_to, for example 180 and 270.",
            )


def grade_from_arc(arc: pl.Expr, limits: ArcLimits) -> pl.Expr:
    """Grade calcification by the largest arc.

    Parameters
    ----------
    arc
        Largest calcium arc in degrees, 0 to 360.
    limits
        Upper limits of the grades mild and moderate, both included.

    Returns
    -------
    polars.Expr
        ``none``, ``mild``, ``moderate``, ``severe``, or ``unknown`` where the arc is null.
    """
    return (
        pl.when(arc.is_null())
        .then(pl.lit("unknown"))
        .when(arc <= 0)
        .then(pl.lit("none"))
        .when(arc <= limits.mild_up_to)
        .then(pl.lit("mild"))
        .when(arc <= limits.moderate_up_to)
        .then(pl.lit("moderate"))
        .otherwise(pl.lit("severe"))
    )


def ivus_arc_class(arc: pl.Expr) -> pl.Expr:
    """Class a calcium arc by quadrants.

    Parameters
    ----------
    arc
        Largest calcium arc in degrees, 0 to 360.

    Returns
    -------
    polars.Expr
        ``I`` up to 90 degrees, ``II`` 91-180, ``III`` 181-270, ``IV`` above 270 [1]_; null for no arc and for
        no calcium.

    References
    ----------
    .. [1] Tuzcu et al (1996), DOI 10.1016/0735-1097(95)00537-4.
    """
    return (
        pl.when(arc.is_null() | (arc <= 0))
        .then(pl.lit(None, dtype=pl.String))
        .when(arc <= 90)
        .then(pl.lit("I"))
        .when(arc <= 180)
        .then(pl.lit("II"))
        .when(arc <= 270)
        .then(pl.lit("III"))
        .otherwise(pl.lit("IV"))
    )


def oct_calcium_score(arc: pl.Expr, thickness: pl.Expr, length: pl.Expr) -> pl.Expr:
    """Score calcium on OCT, 0 to 4.

    Parameters
    ----------
    arc
        Largest calcium angle in degrees.
    thickness
        Largest calcium thickness in millimetres.
    length
        Calcium length in millimetres.

    Returns
    -------
    polars.Expr
        Two points for an angle above 180 degrees, one for a thickness above 0.5 mm, one for a length above 5
        mm; all three strictly above [1]_. Null where one of the three is missing.

    References
    ----------
    .. [1] Fujino et al (2018), DOI 10.4244/EIJ-D-17-00962.
    """
    points = (arc > 180).cast(pl.Int64) * 2 + (thickness > 0.5).cast(pl.Int64) + (length > 5).cast(pl.Int64)
    return pl.when(arc.is_null() | thickness.is_null() | length.is_null()).then(None).otherwise(points)
