"""Reference cases of tests between groups: from a call to numbers."""

from __future__ import annotations

import importlib.util
import itertools
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from analytics.survival.comparisons import compare_event_curves, compare_pairwise
from analytics.survival.event_counts import count_events
from analytics.survival.rank_sums import RankWeights
from analytics.survival.results import NotEstimable

if TYPE_CHECKING:
    from types import ModuleType

    from analytics.survival.event_counts import EventCounts
    from analytics.survival.results import GroupTest


def _sibling(name: str) -> ModuleType:
    """Load a module beside this one once, however this one was loaded."""
    here = Path(__file__).resolve().parent
    known = sys.modules.get(name)
    if known is not None and Path(str(known.__file__)).resolve().parent == here:
        return known
    spec = importlib.util.spec_from_file_location(name, here / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


compare = _sibling("compare")
reading = _sibling("reading")


def handle_logrank(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    outcomes = reading.read_outcomes(call, frame)
    answer: dict[str, object] = {}
    for rho in reading.as_list(call["rho"]):
        test = compare_groups(outcomes, RankWeights(rho=rho))
        answer[f"rho{rho:g}"] = describe_test(outcomes, test)
        if call.get("strata"):
            stratified, strata = read_outcomes_by_stratum(call, frame)
            test = compare_groups(stratified, RankWeights(rho=rho), strata=strata)
            answer[f"stratified_rho{rho:g}"] = describe_stratified(stratified, test)
    answer["pairwise"] = describe_pairs(compare_pairwise(count_by_group(outcomes), group="group"), outcomes)
    return answer


def describe_pairs(pairs: pl.DataFrame | NotEstimable, outcomes: reading.Outcomes) -> dict:
    """Lay out every pair; where nobody had the event the reference prints a statistic of 0."""
    names = ("statistic", "p_value", "p_holm", "p_benjamini_hochberg")
    if isinstance(pairs, NotEstimable):
        first, second = zip(*itertools.combinations(outcomes.labels(), 2), strict=True)
        pairs = pl.DataFrame({"first": first, "second": second}).with_columns(
            pl.lit(None, dtype=pl.Float64).alias(name) for name in names
        )
    nothing = dict.fromkeys(names, 1.0) | {"statistic": 0.0}
    return {"a": pairs["first"].to_list(), "b": pairs["second"].to_list()} | {
        key: [compare.OneOf((None, nothing[name])) if value is None else value for value in pairs[name]]
        for key, name in zip(("chisq", "p", "p_holm", "p_bh"), names, strict=True)
    }


def read_outcomes_by_stratum(call: dict, frame: pl.DataFrame) -> tuple[reading.Outcomes, tuple[str, ...]]:
    """Carry the strata along; rows without one are left out of the stratified test only."""
    named = call["strata"] if isinstance(call["strata"], list) else re.split(r"\s*[,+]\s*", call["strata"])
    outcomes = reading.read_outcomes(call, frame, also=tuple(named))
    return outcomes, tuple(f"also_{name}" for name in named)


def count_by_group(outcomes: reading.Outcomes, strata: tuple[str, ...] = ()) -> EventCounts:
    entry = "entry_days" if outcomes.has_entry else None
    return count_events(outcomes.frame, strata=["group", *strata], entry=entry)


def compare_groups(
    outcomes: reading.Outcomes, weights: RankWeights, strata: tuple[str, ...] = ()
) -> GroupTest:
    return compare_event_curves(
        count_by_group(outcomes, strata), group="group", strata=strata, weights=weights
    )


def describe_test(outcomes: reading.Outcomes, test: GroupTest | NotEstimable) -> dict:
    if isinstance(test, NotEstimable):
        return describe_nothing(outcomes, test)
    return {
        "groups": [outcomes.names[label] for label in test.groups],
        "n": test.table["n"].to_list(),
        "obs": test.table["observed"].to_list(),
        "exp": test.table["expected"].to_list(),
        "var": test.covariance,
        "chisq": test.statistic,
        "df": test.degrees_of_freedom,
        "p": test.p_value,
    }


def describe_nothing(outcomes: reading.Outcomes, refusal: NotEstimable) -> dict:
    """Lay a refusal out as the reference prints a test without events: no statistic, or one of 0."""
    assert refusal.code in ("no_events", "singular"), refusal
    return {
        "groups": list(outcomes.names.values()),
        "n": [outcomes.rows(label).height for label in outcomes.names],
        **dict.fromkeys(("obs", "exp", "var"), compare.NotCompared("there is no test to explain")),
        "chisq": compare.OneOf((0.0, None)),
        "df": len(outcomes.names) - 1,
        "p": compare.OneOf((1.0, None)),
    }


def describe_stratified(outcomes: reading.Outcomes, test: GroupTest) -> dict:
    def by_group(column: str) -> list[list[float]]:
        return [test.by_stratum.filter(pl.col("group") == label)[column].to_list() for label in test.groups]

    return describe_test(outcomes, test) | {"obs": by_group("observed"), "exp": by_group("expected")}


class WeightedTests(dict):
    """Tests by name; a Fleming-Harrington pair of powers is computed when it is asked for."""

    def __init__(self, outcomes: reading.Outcomes) -> None:
        super().__init__()
        self.outcomes = outcomes

    def __missing__(self, key: str) -> dict:
        """Compute the test that a name asks for."""
        powers = re.fullmatch(r"fh_([0-9.]+)_([0-9.]+)", key)
        if powers is None:
            raise KeyError(key)
        return self.describe(RankWeights(rho=float(powers[1]), gamma=float(powers[2])))

    def describe(self, weights: RankWeights) -> dict:
        """Describe one test as the reference lays it out."""
        test = compare_groups(self.outcomes, weights)
        return {
            "U": (test.table["observed"] - test.table["expected"]).to_list(),
            "V": test.covariance,
            "chisq": test.statistic,
            "df": test.degrees_of_freedom,
            "p": test.p_value,
            "trend_chisq": test.trend.statistic,
            "trend_p": test.trend.p_value,
        }


def handle_weighted_logrank(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    outcomes = reading.read_outcomes(
        {"surv": f"Surv({call['time']},{call['event']})", "group": call["group"]}, frame
    )
    answer = WeightedTests(outcomes)
    kinds = {
        "logrank": RankWeights(),
        "gehan_breslow": RankWeights("gehan-breslow"),
        "tarone_ware": RankWeights("tarone-ware"),
        "peto_peto": RankWeights("peto-peto"),
        "modified_peto": RankWeights("modified-peto-peto"),
    }
    answer |= {name: answer.describe(weights) for name, weights in kinds.items()}
    answer["groups"] = outcomes.labels()
    return answer


HANDLERS = {"logrank": handle_logrank, "weighted_logrank": handle_weighted_logrank}
