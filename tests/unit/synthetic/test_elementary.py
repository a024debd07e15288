"""Exponentials and logarithms that do not depend on the processor."""

from __future__ import annotations

import ast
from decimal import Decimal, getcontext
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from synthetic.elementary import exp, expm1, log, power

getcontext().prec = 50
_POINTS = np.concatenate(
    [np.linspace(-690, 690, 401), np.linspace(-1, 1, 401), np.geomspace(1e-12, 1e-2, 101), [0.0]]
)
_FORBIDDEN = {
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "power",
    "float_power",
    "dot",
    "einsum",
    "inner",
}


def _units_off(answer: float, truth: Decimal) -> float:
    """Return the error in units in the last place."""
    return float(abs(Decimal(answer) - truth) / Decimal(float(np.spacing(abs(answer)))))


def test_powers_of_e_are_right_to_two_units_in_the_last_place() -> None:
    truth = [Decimal(point).exp() for point in _POINTS.tolist()]
    assert max(map(_units_off, exp(_POINTS).tolist(), truth)) < 2
    assert max(map(_units_off, expm1(_POINTS).tolist(), [power_of_e - 1 for power_of_e in truth])) < 2


def test_logarithms_are_right_to_two_units_in_the_last_place() -> None:
    points = np.concatenate([np.geomspace(1e-300, 1e300, 301), np.linspace(0.99, 1.01, 101)])
    truth = [Decimal(point).ln() for point in points.tolist()]
    assert max(map(_units_off, log(points).tolist(), truth)) < 2


def test_powers_of_nothing_and_of_too_much_are_bounded() -> None:
    assert exp(0.0) == 1.0
    assert expm1(0.0) == 0.0
    assert log(1.0) == 0.0
    assert 0 < exp(-1e6) < 1e-300
    assert np.isfinite(exp(1e6))


def test_shape_and_order_are_kept_beyond_one_piece() -> None:
    values = np.linspace(-3, 3, 30_000).reshape(3, 10_000).T
    assert exp(values).shape == (10_000, 3)
    assert exp(values)[4321, 2] == exp(values[4321, 2])


def test_powers_agree_with_multiplication() -> None:
    assert power(np.array([2.0, 0.5, 1.0]), np.array([10, -2, 7])) == pytest.approx(
        [1024.0, 4.0, 1.0], rel=1e-14
    )


def test_nothing_that_is_drawn_uses_the_mathematics_of_the_processor() -> None:
    package = Path(str(resources.files("synthetic")))
    found = [
        f"{path.relative_to(package)}:{node.lineno}"
        for path in sorted(package.rglob("*.py"))
        if path.name != "elementary.py" and "study" not in path.relative_to(package).parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Attribute, ast.BinOp)) and _depends_on_the_processor(node)
    ]
    assert found == []  # use synthetic.elementary, and sums in a fixed order


def _depends_on_the_processor(node: ast.Attribute | ast.BinOp) -> bool:
    """Return whether a library is free to choose the last bit, or the order of a sum."""
    if isinstance(node, ast.Attribute):
        return (
            isinstance(node.value, ast.Name) and node.value.id in {"np", "math"} and node.attr in _FORBIDDEN
        )
    whole = isinstance(node.right, ast.Constant) and isinstance(node.right.value, int)
    return isinstance(node.op, ast.MatMult) or (isinstance(node.op, ast.Pow) and not whole)


def test_the_scan_sees_what_depends_on_the_processor() -> None:
    text = "np.exp(a); a @ b; a**0.5; a**2; np.sqrt(a); exp(a)"
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Attribute, ast.BinOp))]
    assert sum(_depends_on_the_processor(node) for node in nodes) == 3
