"""The dashboard caches in one module and never by a frame; no module hides a package."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import dashboard

DASHBOARD = Path(dashboard.__file__).parent
MODULES = sorted(DASHBOARD.rglob("*.py"))
ALLOWED = {"str", "int", "bool", "FilterKey"}
PACKAGES = {
    "schemas",
    "analytics",
    "synthetic",
    "streamlit",
    "polars",
    "duckdb",
    "lifelines",
    "altair",
    "click",
}


def cached_functions(tree: ast.AST) -> list[ast.FunctionDef]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [
        one for one in functions if any("cache" in ast.unparse(decorator) for decorator in one.decorator_list)
    ]


def test_only_data_access_caches() -> None:
    caching = {path.name for path in MODULES if cached_functions(ast.parse(path.read_text(encoding="utf-8")))}
    assert caching == {"data_access.py"}


def test_cached_functions_take_plain_values_only() -> None:
    tree = ast.parse((DASHBOARD / "data_access.py").read_text(encoding="utf-8"))
    functions = cached_functions(tree)
    taken = {
        (one.name, ast.unparse(argument.annotation or ast.Constant(value=None)))
        for one in functions
        for argument in [*one.args.args, *one.args.kwonlyargs]
    }
    assert len(functions) >= 8
    assert {kind for _, kind in taken} <= ALLOWED
    assert all(one.args.args[0].arg == "snapshot" for one in functions)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(DASHBOARD)))
def test_no_module_of_the_dashboard_hides_a_package(path: Path) -> None:
    assert path.stem not in PACKAGES


def test_pages_hold_no_frames_arithmetic_or_estimates() -> None:
    for path in (DASHBOARD / "views").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "estimate_" not in source, path.name
        assert not any(isinstance(node, ast.Div | ast.Mult) for node in ast.walk(ast.parse(source))), (
            path.name
        )


def test_one_render_a_page() -> None:
    for path in (DASHBOARD / "views").glob("[a-z]*.py"):
        names = [
            node.name
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.FunctionDef)
        ]
        assert names.count("render") == 1, path.name
