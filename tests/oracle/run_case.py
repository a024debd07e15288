"""Run one reference case through the public functions and compare.

Usage: run_case.py CASE.json [--data-root DIR]

Prints the largest deviation per key. Exit code 0: agrees within the tolerance of the case; 1: disagrees;
4: the need is not supported yet. The answer is computed from the case's `data`, `call`, `r_code` and `notes`;
`expected` is only read to compare.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

HERE = Path(__file__).resolve().parent
# A checkout works without installation.
if str(HERE.parents[1]) not in sys.path:
    sys.path.append(str(HERE.parents[1]))

AGREES, DISAGREES, NOT_SUPPORTED = 0, 1, 4


def sibling(name: str) -> ModuleType:
    """Load a module beside this one once, however this one was loaded."""
    known = sys.modules.get(name)
    if known is not None and Path(str(known.__file__)).parent == HERE:
        return known
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def handlers() -> dict[str, Callable[[dict, pl.DataFrame], dict]]:
    """Return the handlers of every `needs_*.py`; each takes a case without `expected` and its data."""
    modules = [sibling(path.stem) for path in sorted(HERE.glob("needs_*.py"))]
    return {need: handler for module in modules for need, handler in getattr(module, "HANDLERS", {}).items()}


def read_case(path: Path, data_root: Path | None) -> dict:
    """Read a case and note where its data lie."""
    case = json.loads(path.read_text(encoding="utf-8"))
    root = data_root if data_root is not None else path.resolve().parents[1]
    return {**case, "path": str(path.resolve()), "data_root": str(root)}


def read_data(case: dict) -> pl.DataFrame:
    """Read the data of a case; an empty field and NA are absent values."""
    path = Path(case["data_root"]) / case["data"]
    return pl.read_csv(path, null_values=["", "NA"], infer_schema_length=None)


def answer_case(case: dict) -> dict | None:
    """Compute the answer; None where the need is not supported."""
    handler = handlers().get(case["need"])
    if handler is None:
        return None
    question = {key: value for key, value in case.items() if key != "expected"}
    return handler(question, read_data(case))


def main(arguments: list[str] | None = None) -> int:
    """Run one case from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("case", type=Path)
    parser.add_argument(
        "--data-root", type=Path, default=None, help="folder that the case's data path starts from"
    )
    options = parser.parse_args(arguments)
    case = read_case(options.case, options.data_root)
    answer = answer_case(case)
    if answer is None:
        sys.stdout.write(f"{case['id']}: the need {case['need']} is not supported yet\n")
        return NOT_SUPPORTED
    deviations = sibling("compare").compare_answer(answer, case)
    for key, value in deviations.largest.items():
        sys.stdout.write(f"{key}: {value:.3g}\n")
    for failure in deviations.failures[:20]:
        sys.stdout.write(f"DISAGREES {failure}\n")
    verdict = "disagrees" if deviations.failures else "agrees"
    largest = max(deviations.largest.values(), default=0.0)
    sys.stdout.write(f"{case['id']}: {verdict}, largest deviation {largest:.3g}\n")
    return DISAGREES if deviations.failures else AGREES


if __name__ == "__main__":
    sys.exit(main())
