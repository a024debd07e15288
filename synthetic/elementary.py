"""Exponentials and logarithms that are the same to the last bit on every machine.

Libraries of mathematics take the fastest instructions of the processor they run on, and their answers then
differ in the last bit. Addition, multiplication and division do not: IEEE 754 leaves them no freedom. What is
drawn and told is therefore built from these alone. Errors are below two units in the last place.
"""

from __future__ import annotations

from math import factorial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from synthetic.streams import Floats

_LOG2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # with zeros at its end: whole multiples are exact
_LOG2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_POWERS = tuple(1 / factorial(degree) for degree in range(13, 1, -1))
_ODD = tuple(2 / degree for degree in range(23, 1, -2))
_LEAST, _GREATEST = -700.0, 700.0
_PIECE = 8192  # stays in the processor's cache


def exp(values: ArrayLike) -> Floats:
    """Return e to the power of each value; below -700 and above 700 it is that of the bound."""
    return _by_pieces(np.asarray(values, dtype=np.float64), minus=0.0)


def expm1(values: ArrayLike) -> Floats:
    """Return e to the power of each value, less 1, exact near zero too; bounds as in `exp`."""
    return _by_pieces(np.asarray(values, dtype=np.float64), minus=1.0)


def _by_pieces(values: Floats, *, minus: float) -> Floats:
    """Return e to the power of each value less a number."""
    flat = np.ascontiguousarray(values).reshape(-1)
    answer = np.empty_like(flat)
    for start in range(0, len(flat), _PIECE):
        answer[start : start + _PIECE] = _powers_of_e(flat[start : start + _PIECE], minus=minus)
    return answer.reshape(values.shape)


def _powers_of_e(values: Floats, *, minus: float) -> Floats:
    """Split off powers of two; the rest lies within half of log 2 of zero and takes Taylor's series."""
    bounded = np.clip(values, _LEAST, _GREATEST)
    twos = np.rint(bounded * (1 / (_LOG2_HIGH + _LOG2_LOW)))
    rest = bounded - twos * _LOG2_HIGH
    rest -= twos * _LOG2_LOW
    series = np.full_like(rest, _POWERS[0])
    for coefficient in _POWERS[1:]:
        series *= rest
        series += coefficient
    series *= rest
    series *= rest
    series += rest
    scale = ((twos.astype(np.int64) + 1023) << 52).view(np.float64)
    series *= scale
    series += scale - minus
    return series


def log(values: ArrayLike) -> Floats:
    """Return the natural logarithm of each value, which must be positive and finite."""
    mantissa, twos = np.frexp(np.asarray(values, dtype=np.float64))
    low = mantissa < np.sqrt(0.5)
    mantissa, twos = np.where(low, 2 * mantissa, mantissa), twos - low
    ratio = (mantissa - 1) / (mantissa + 1)
    square = ratio * ratio
    series = np.full_like(ratio, _ODD[0])
    for coefficient in _ODD[1:]:
        series = series * square + coefficient
    rest = 2 * ratio + ratio * square * series
    return np.asarray(twos * _LOG2_HIGH + (rest + twos * _LOG2_LOW), dtype=np.float64)


def power(base: ArrayLike, exponent: ArrayLike) -> Floats:
    """Return positive numbers to some power."""
    return exp(np.asarray(exponent) * log(base))
