"""Turns what a site wrote into canonical text: dates, numbers, units, value maps, pseudonyms."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import polars as pl

from schemas.errors import SchemaFileError
from schemas.mapping.dates import parse_moments, parse_precisions
from schemas.units import conversion_factor

if TYPE_CHECKING:
    from schemas.mapping.model import ReadOptions, ValueMap
    from schemas.mapping.scope import Scope, Target

PSEUDONYM_HEX_DIGITS = 20  # 80 bits: no two of ten million patients are expected to meet
_NUMBER = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$"
_DATE_FORMS = {"date": "%Y-%m-%d", "datetime_key": "%Y%m%d%H%M"}


def convert_dates(texts: pl.Series, formats: tuple[str, ...], *, form: str) -> pl.Series:
    """Return dates as ISO text (form ``date``), as a key to the minute (``datetime_key``), or precisions.

    The form ``precision`` gives ``day``, ``month`` or ``year``.
    """
    distinct = texts.unique(maintain_order=True).drop_nulls()
    if form == "precision":
        made = parse_precisions(distinct, formats)
    else:
        made = parse_moments(distinct, formats).dt.strftime(_DATE_FORMS[form])
    return texts.replace_strict(distinct, made, default=None, return_dtype=pl.String)


def convert_numbers(texts: pl.Series, read: ReadOptions, *, unit: str | None, target: Target) -> pl.Series:
    """Return numbers with a point as decimal sign, in the schema's unit, null where a text is no number."""
    cells: pl.Expr = pl.col("text")
    if read.thousands:
        cells = _without_thousands(cells, read)
    if read.decimal == ",":
        cells = pl.when(~cells.str.contains(".", literal=True)).then(
            cells.str.replace(",", ".", literal=True)
        )
    plain: pl.Expr = pl.when(cells.str.contains(_NUMBER)).then(cells)
    if target.kind == "int":
        # Excel writes whole numbers of a mixed column as 68.0; nothing is lost in reading them as whole.
        plain = plain.str.replace(r"\.0*$", "")
    factor = 1.0 if unit is None else conversion_factor(unit, column=target.column, schema_unit=target.unit)
    if factor is None:
        return pl.repeat(None, len(texts), dtype=pl.String, eager=True)
    if factor != 1.0:
        # Twelve digits: more would show the noise of binary fractions (1.1 x 88.42 = 97.26200000000001).
        plain = (plain.cast(pl.Float64, strict=False) * factor).round_sig_figs(12).cast(pl.String)
    return texts.alias("text").to_frame().select(plain.alias("text")).to_series()


def _without_thousands(cells: pl.Expr, read: ReadOptions) -> pl.Expr:
    """Return numbers without thousands signs; a sign in any other place makes it no number."""
    sign, decimal = (f"[{read.thousands}]", f"[{read.decimal}]")
    grouped = rf"^[+-]?[0-9]{{1,3}}(?:{sign}[0-9]{{3}})+(?:{decimal}[0-9]*)?$"
    joined = cells.str.replace_all(read.thousands, "", literal=True)
    plain = pl.when(~cells.str.contains(read.thousands, literal=True)).then(cells)
    return pl.when(cells.str.contains(grouped)).then(joined).otherwise(plain)


def convert_map(texts: pl.Series, value_map: ValueMap) -> pl.Series:
    """Return mapped texts, null where no key fits (or the text itself, if the map says keep)."""
    if value_map.match == "exact":
        pairs = dict(zip(value_map.keys, value_map.values, strict=True))
    else:
        distinct = texts.drop_nulls().unique(maintain_order=True).to_list()
        pairs = {text: hit for text in distinct if (hit := _first_hit(text, value_map)) is not None}
    default = texts if value_map.otherwise == "keep" else None
    if not pairs:
        return texts if default is not None else pl.repeat(None, len(texts), dtype=pl.String, eager=True)
    return texts.replace_strict(list(pairs), list(pairs.values()), default=default, return_dtype=pl.String)


def _first_hit(text: str, value_map: ValueMap) -> str | None:
    """Return the value of the first key, in file order, that a text begins with or contains."""
    for key, value in zip(value_map.keys, value_map.values, strict=True):
        if text.startswith(key) if value_map.match == "prefix" else key in text:
            return value
    return None


def convert_pseudonyms(texts: pl.Series, scope: Scope, *, place: str) -> pl.Series:
    """Return site code, point and the beginning of a keyed hash (HMAC-SHA-256) of each text.

    Raises
    ------
    SchemaFileError
        If there is no secret or no site code.
    """
    if not scope.secret:
        fix = "Set CALCPCI_PSEUDONYM_SECRET in the environment to the registry's secret"
        raise SchemaFileError(where=place, what="pseudonyms need a secret and there is none", fix=fix)
    if not scope.site_id:
        raise SchemaFileError(where=place, what="pseudonyms need a site code", fix="Add site_id to [source]")
    distinct = texts.drop_nulls().unique(maintain_order=True).to_list()
    made = [f"{scope.site_id}.{_keyed_hash(text, scope.secret)}" for text in distinct]
    return texts.replace_strict(distinct, made, default=None, return_dtype=pl.String)


def _keyed_hash(text: str, secret: bytes) -> str:
    """Return the first hexadecimal digits of the keyed hash of a local number."""
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()[:PSEUDONYM_HEX_DIGITS]
