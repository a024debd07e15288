"""Device strategy of a lesion: what was intended first, and what was used.

`docs/methods/strategy.md` gives the reasoning of each rule.
"""

from __future__ import annotations

import polars as pl

_FAMILIES = {
    "rotational_atherectomy": "rotational_atherectomy",
    "orbital_atherectomy": "orbital_atherectomy",
    "intravascular_lithotripsy": "intravascular_lithotripsy",
    "elca": "elca",
    "cutting_balloon": "cutting_balloon",
    "scoring_balloon": "cutting_balloon",
    "nc_balloon": "nc_balloon",
    "super_high_pressure_balloon": "nc_balloon",
    "sc_balloon": "plain_balloon",
    "drug_coated_balloon": "definitive",
    "stent": "definitive",
    "other": "other",
}
_DEDICATED = (
    "rotational_atherectomy",
    "orbital_atherectomy",
    "intravascular_lithotripsy",
    "elca",
    "cutting_balloon",
)
"""Devices made to change calcium; one of them in the plan outweighs balloons that only open the way."""

_BALLOONS = (
    "intravascular_lithotripsy",
    "cutting_balloon",
    "scoring_balloon",
    "nc_balloon",
    "super_high_pressure_balloon",
    "sc_balloon",
    "drug_coated_balloon",
)
"""Classes with a balloon that can rupture, the delivery balloon of a stent left aside."""

_LATER_ROLES = ("rescue_modification", "bailout", "post_dilation")
_RESCUE_ROLES = ("rescue_modification", "bailout")

USED_COLUMNS = (
    "used_rotational_atherectomy",
    "used_orbital_atherectomy",
    "used_intravascular_lithotripsy",
    "used_elca",
    "used_balloon",
    "used_stent",
)
"""Whether a device was used in any role."""

_STRATEGY_RANK = {
    name: rank
    for rank, name in enumerate(
        (
            "ra_ivl",
            "ra_cutting",
            "elca_ra",
            "other_combination",
            "rotational_atherectomy",
            "orbital_atherectomy",
            "elca",
            "intravascular_lithotripsy",
            "cutting_balloon",
            "nc_balloon",
            "plain_balloon",
            "no_preparation",
            "unknown",
        )
    )
}


def derive_lesion_strategy(lesions: pl.DataFrame, device_uses: pl.DataFrame) -> pl.DataFrame:
    """Derive the strategy of every lesion from its devices, roles and order.

    Parameters
    ----------
    lesions
        Reads ``lesion_id``.
    device_uses
        Reads ``lesion_id``, ``sequence_no``, ``device_class``, ``role``.

    Returns
    -------
    polars.DataFrame
        ``lesion_id``, ``strategy_intended``, ``strategy_as_treated`` (codes of
        `schemas.vocabulary.STRATEGIES`), the columns of `USED_COLUMNS`, and ``devices_recorded``. A lesion
        without devices has the strategy ``unknown``.
    """
    uses = _classify(device_uses)
    per_lesion = (
        uses.sort("lesion_id", "priority", "sequence_no", "device_class")
        .group_by("lesion_id", maintain_order=True)
        .agg(
            pl.col("intention").first().alias("strategy_intended"),
            *(
                _prepared_with(family).alias(f"_{family}")
                for family in (*_DEDICATED, "nc_balloon", "plain_balloon")
            ),
            (pl.col("family") == "other").any().alias("_other"),
            *_used_flags(),
        )
        .with_columns(
            _as_treated().alias("strategy_as_treated"), pl.lit(value=True).alias("devices_recorded")
        )
    )
    joined = lesions.select("lesion_id").join(per_lesion, on="lesion_id", how="left", maintain_order="left")
    return joined.select(
        "lesion_id",
        pl.col("strategy_intended", "strategy_as_treated").fill_null("unknown"),
        pl.col(*USED_COLUMNS, "devices_recorded").fill_null(value=False),
    )


def _classify(device_uses: pl.DataFrame) -> pl.DataFrame:
    """Add family, priority (1 planned modification ... 5 stent only) and the strategy a row stands for."""
    is_stent = pl.col("device_class") == "stent"
    first_stent = pl.col("sequence_no").filter(is_stent).min().over("lesion_id")
    return (
        device_uses.select("lesion_id", "sequence_no", "device_class", pl.col("role").fill_null("unknown"))
        .with_columns(
            pl.col("device_class").replace_strict(_FAMILIES, return_dtype=pl.String).alias("family"),
            ((pl.col("role") == "unknown") & (pl.col("sequence_no") > first_stent))
            .fill_null(value=False)
            .alias("after_stent"),
        )
        .with_columns(_priority().alias("priority"))
        .with_columns(_intention().alias("intention"))
    )


def _priority() -> pl.Expr:
    """Rank a row as a witness of the intention: the lowest rank, then the lowest sequence number, decides."""
    family, role = pl.col("family"), pl.col("role")
    planned = ~role.is_in(list(_LATER_ROLES))
    opens_way = planned & ~pl.col("after_stent")
    dedicated = family.is_in(list(_DEDICATED))
    balloon = family.is_in(["nc_balloon", "plain_balloon"])
    return (
        pl.when(dedicated & planned)
        .then(1)
        .when((family == "nc_balloon") & (role == "modification"))
        .then(1)
        .when((family == "nc_balloon") & opens_way)
        .then(2)
        .when((family == "plain_balloon") & opens_way)
        .then(3)
        .when((dedicated | balloon) & role.is_in(list(_RESCUE_ROLES)))
        .then(4)
        .when((family == "other") & planned)
        .then(4)
        .otherwise(5)
    )


def _intention() -> pl.Expr:
    """Name the strategy that a row stands for, should it decide."""
    return (
        pl.when(pl.col("priority") <= 3)
        .then(pl.col("family"))
        .when(pl.col("priority") == 4)
        .then(pl.lit("unknown"))
        .otherwise(pl.lit("no_preparation"))
    )


def _prepared_with(family: str) -> pl.Expr:
    """Whether a family prepared the lesion; a plain or NC balloon after the stent did not."""
    used = pl.col("family") == family
    if family in _DEDICATED:
        return used.any()
    return (used & (pl.col("role") != "post_dilation") & ~pl.col("after_stent")).any()


def _used_flags() -> list[pl.Expr]:
    """Whether each device was used, in any role."""
    classes = {
        "used_rotational_atherectomy": ["rotational_atherectomy"],
        "used_orbital_atherectomy": ["orbital_atherectomy"],
        "used_intravascular_lithotripsy": ["intravascular_lithotripsy"],
        "used_elca": ["elca"],
        "used_balloon": list(_BALLOONS),
        "used_stent": ["stent"],
    }
    return [pl.col("device_class").is_in(members).any().alias(name) for name, members in classes.items()]


def _as_treated() -> pl.Expr:
    """Name the set of families that prepared a lesion."""
    has = {family: pl.col(f"_{family}") for family in (*_DEDICATED, "nc_balloon", "plain_balloon")}
    n_dedicated = pl.sum_horizontal([has[family].cast(pl.Int64) for family in _DEDICATED])
    rotational = has["rotational_atherectomy"]
    named = pl.coalesce(
        [pl.when(has[family]).then(pl.lit(family)) for family in (*_DEDICATED, "nc_balloon", "plain_balloon")]
    )
    pair = (
        pl.when(rotational & has["cutting_balloon"])
        .then(pl.lit("ra_cutting"))
        .when(rotational & has["intravascular_lithotripsy"])
        .then(pl.lit("ra_ivl"))
        .when(rotational & has["elca"])
        .then(pl.lit("elca_ra"))
        .otherwise(pl.lit("other_combination"))
    )
    return (
        pl.when(n_dedicated == 2)
        .then(pair)
        .when(n_dedicated > 2)
        .then(pl.lit("other_combination"))
        .when(named.is_not_null())
        .then(named)
        .when(pl.col("_other"))
        .then(pl.lit("unknown"))
        .otherwise(pl.lit("no_preparation"))
    )


def strategy_rank(strategy: str) -> pl.Expr:
    """Rank strategies by how much they do to calcium, to break ties between lesions of equal severity.

    Parameters
    ----------
    strategy
        Name of a column of strategies.

    Returns
    -------
    polars.Expr
        0 for a combination with a burr up to 12 for ``unknown``.
    """
    return pl.col(strategy).replace_strict(_STRATEGY_RANK, return_dtype=pl.Int64)
