"""Sixty rows of teaching data on which the numbers of R in these tests were computed."""

from __future__ import annotations

import polars as pl
import pytest

AGE = (
    "83 71 73 81 70 77 79 57 51 60 59 80 81 50 67 78 54 77 54 66 78 60 61 59 75 58 84 65 66 67 "
    "70 69 67 84 78 77 74 71 61 84 66 57 79 55 80 71 54 51 65 51 54 68 83 66 78 82 78 72 65 67"
)
Z = "abbacaaacccacbbabcbabaccabcccbacbaabcbbccbbbaabbbaaabcbbbcbb"
X = "010111101000001001100100010110110111110010110100011111001000"
Y = "100110101100100100000010100110100101111100110100000010101000"
M = (
    "8.99 6.23 7.79 6.43 7.4 5.91 6.57 5.61 7.43 7.2 8.27 7.2 7.33 5.3 7.51 7.84 6.62 4.31 6.82 7.38 9.04 "
    "6.9 7.23 4.97 8.35 5.44 7.72 5.05 7.68 6.31 7.8 6.17 7.61 6.52 8.14 5.41 5.92 4.73 8.53 7.92 7.68 6.01 "
    "6.47 4.65 9.2 6.83 6.62 4.33 7.95 6.13 8.02 7.14 7.09 4.38 7.94 6.96 6.74 6.06 8.45 6.31"
)
G = "122212300111102102101110113111210332121210301210001121221111"


@pytest.fixture
def teaching() -> pl.DataFrame:
    """Ages, a factor, a yes or no, outcomes of three kinds, 30 patients with two rows each."""
    return pl.DataFrame(
        {
            "age": [int(word) for word in AGE.split()],
            "z": pl.Series(list(Z), dtype=pl.Enum(["b", "a", "c"])),
            "x": [mark == "1" for mark in X],
            "y": [mark == "1" for mark in Y],
            "m": [float(word) for word in M.split()],
            "g": [int(mark) for mark in G],
            "patient": [i // 2 for i in range(60)],
            "site": [i // 2 % 5 for i in range(60)],
        }
    )
