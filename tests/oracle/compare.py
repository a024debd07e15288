"""Strict comparison of computed answers with the `expected` block of a reference case."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

MISSING = {"NA", "NaN"}
INFINITE = {"Inf": math.inf, "-Inf": -math.inf}


@dataclass(frozen=True)
class OneOf:
    """Values of which any one agrees, where versions of the reference differ from one another."""

    values: tuple[object, ...]


@dataclass(frozen=True)
class NotCompared:
    """A number of the reference that is not a target, and why; a case may carry it as information."""

    reason: str


@dataclass(frozen=True)
class ByOption:
    """Answers by an option that a case names only beside its result, such as a horizon.

    A list of options, such as the shares of quantiles, asks for its tuple.
    """

    option: str
    answers: Mapping[object, Mapping[str, object]]


@dataclass(frozen=True)
class RowsByKey:
    """Columns of more rows than a case shows; rows are found by the key columns, or made for the keys."""

    keys: tuple[str, ...]
    columns: Mapping[str, Sequence[object]] | Callable[[list[tuple]], Mapping[str, Sequence[object]]]


@dataclass
class Deviations:
    """Largest deviation per key, and what does not agree.

    Parameters
    ----------
    rtol, atol
        A number agrees when it is within ``atol + rtol * abs(expected)``.
    largest
        Largest absolute deviation by key.
    failures
        Sentences, one per disagreement.
    """

    rtol: float
    atol: float
    largest: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def check(self, path: str, answer: object, expected: object) -> None:
        """Compare one value of any shape with what is expected under this path."""
        if isinstance(answer, NotCompared):
            return
        if isinstance(answer, OneOf):
            self._one_of(path, answer, expected)
        elif isinstance(expected, Mapping):
            self._mapping(path, answer, expected)
        elif isinstance(expected, list):
            self._list(path, answer, expected)
        elif is_list(answer) and len(answer) == 1:
            self.check(path, answer[0], expected)
        else:
            self._scalar(path, answer, expected)

    def fail(self, path: str, what: str) -> None:
        """Note a disagreement."""
        self.failures.append(f"{path}: {what}")
        self.largest[path] = math.inf

    def _one_of(self, path: str, answer: OneOf, expected: object) -> None:
        trials = []
        for value in answer.values:
            trial = Deviations(self.rtol, self.atol)
            trial.check(path, value, expected)
            trials.append(trial)
        best = min(trials, key=lambda trial: (len(trial.failures), max(trial.largest.values(), default=0.0)))
        self.failures += best.failures
        for key, value in best.largest.items():
            self.largest[key] = max(self.largest.get(key, 0.0), value)

    def _mapping(self, path: str, answer: object, expected: Mapping[str, object]) -> None:
        if isinstance(answer, ByOption):
            asked = expected.get(answer.option)
            answer = answer.answers.get(tuple(asked) if isinstance(asked, list) else asked)
        if isinstance(answer, RowsByKey):
            answer = find_rows(answer, expected)
        if not isinstance(answer, Mapping):
            self.fail(path, "no answer")
            return
        for key, value in expected.items():
            if key == "note":
                continue  # a remark on the number beside it
            inner = f"{path}.{key}" if path else str(key)
            try:
                found = answer[key]
            except KeyError:
                self.fail(inner, "no answer")
            else:
                self.check(inner, found, value)

    def _list(self, path: str, answer: object, expected: list[object]) -> None:
        if len(expected) == 1 and not (is_list(answer) and len(answer) == 1):
            self.check(path, answer, expected[0])
            return
        if is_list(answer) and len(answer) == 1 != len(expected):
            answer = answer[0]
        if not is_list(answer) or len(answer) != len(expected):
            self.fail(path, f"{len(answer) if is_list(answer) else 'no'} values, expected {len(expected)}")
            return
        self.largest.setdefault(path, 0.0)
        for found, value in zip(answer, expected, strict=True):
            self.check(path, found, value)

    def _scalar(self, path: str, answer: object, expected: object) -> None:
        self.largest.setdefault(path, 0.0)
        if is_missing(expected) or is_missing(answer):
            if is_missing(expected) != is_missing(answer):
                self.fail(path, f"{answer!r}, expected {expected!r}")
            return
        expected = INFINITE.get(expected, expected) if isinstance(expected, str) else expected
        if not (is_number(expected) and is_number(answer)):
            if answer != expected or is_number(answer) != is_number(expected):
                self.fail(path, f"{answer!r}, expected {expected!r}")
            return
        self._number(path, float(answer), float(expected))

    def _number(self, path: str, answer: float, expected: float) -> None:
        deviation = 0.0 if answer == expected else abs(answer - expected)
        allowed = self.atol + self.rtol * abs(expected) if math.isfinite(expected) else 0.0
        if deviation > allowed:
            self.failures.append(f"{path}: {answer!r}, expected {expected!r}")
        self.largest[path] = max(self.largest.get(path, 0.0), deviation)


def is_list(value: object) -> bool:
    """Recognise lists, tuples and arrays, not for text or mappings."""
    return hasattr(value, "__len__") and not isinstance(value, str | Mapping | RowsByKey | ByOption)


def is_missing(value: object) -> bool:
    """Recognise what is not available or not a number."""
    return (
        value is None
        or (isinstance(value, str) and value in MISSING)
        or (isinstance(value, float) and math.isnan(value))
    )


def is_number(value: object) -> bool:
    """Recognise numbers, also those of numpy."""
    return not isinstance(value, str | bool) and hasattr(value, "__float__")


def find_rows(answer: RowsByKey, expected: Mapping[str, object]) -> Mapping[str, Sequence[object]] | None:
    """Pick the rows whose keys the case shows; None where one is not there."""
    columns = {name: as_list(value) for name, value in expected.items()}
    wanted = list(zip(*(columns.get(key, []) for key in answer.keys), strict=True))
    if callable(answer.columns):
        return answer.columns(wanted) if wanted else None
    place = {
        key: row for row, key in enumerate(zip(*(answer.columns[key] for key in answer.keys), strict=True))
    }
    if not wanted or any(key not in place for key in wanted):
        return None
    return {name: [values[place[key]] for key in wanted] for name, values in answer.columns.items()}


def as_list(value: object) -> list[object]:
    """Put a single value into a list."""
    return value if isinstance(value, list) else [value]


def compare_answer(answer: Mapping[str, object], case: Mapping[str, object]) -> Deviations:
    """Compare the whole answer with the case's `expected` at the case's `tolerance`."""
    tolerance = case["tolerance"]
    deviations = Deviations(tolerance["rtol"], tolerance["atol"])
    deviations.check("", answer, case["expected"])
    return deviations
