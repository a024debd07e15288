"""Reference cases of Fine-Gray models: from a case's call to the numbers of its `expected` block."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.fine_gray import fit_fine_gray
from analytics.survival.fine_gray_design import FineGraySpec
from analytics.survival.fine_gray_prediction import predict_incidence
from analytics.survival.pseudo_values import estimate_pseudo_values
from analytics.survival.results_competing import FineGrayFit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

# cmprsk ends its search at this relative gradient; its digits beyond are those of its last step.
STOP_OF_CMPRSK = 1e-6


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


reading = _sibling("reading")


def fitted(frame: pl.DataFrame, spec: FineGraySpec) -> FineGrayFit:
    fit = fit_fine_gray(frame, spec)
    assert isinstance(fit, FineGrayFit), fit
    return fit


def read_spec(call: dict) -> FineGraySpec:
    """Read the model of a call, with the conventions of cmprsk."""
    covariates = call["covariates"]
    strata = reading.as_list(call.get("strata") or [])
    # Without strata() in `finegray` the censoring distribution is that of all strata together.
    groups = reading.as_list(call.get("cengroup") or call.get("censoring_group") or [])
    return FineGraySpec(
        time=call["time"],
        cause=call["state"],
        terms=tuple([covariates] if isinstance(covariates, str) else covariates),
        cause_of_interest=int(call.get("cause") or 1),
        censoring_groups=tuple(groups),
        stop_at=STOP_OF_CMPRSK,
        strata=tuple(strata),
        entry=call.get("entry"),
        variance="sandwich" if strata or call.get("entry") else "estimated_censoring",
    )


def as_survival(spec: FineGraySpec, **options: str | None) -> FineGraySpec:
    """Take the conventions of the R package survival instead."""
    return replace(spec, censoring_ties="events_first", variance="sandwich", stop_at=None, **options)


def describe_crr(fit: FineGrayFit) -> dict:
    return {
        "covariates": list(fit.terms),
        "terms": list(fit.terms),
        "coef": fit.coefficients.tolist(),
        "se": fit.table["std_error"].to_list(),
        "var": fit.covariance,
        "naive_inv_information": fit.model_covariance,
        "loglik": fit.log_likelihood,
        "loglik_null": fit.log_likelihood_null,
        "uftime": fit.baseline["time_days"].to_list(),
        "baseline_jumps": fit.baseline["hazard"].to_list(),
    }


def describe_expanded(fit: FineGrayFit, frame: pl.DataFrame) -> dict:
    naive = np.sqrt(np.diag(np.asarray(fit.model_covariance)))
    return {
        "coef": fit.coefficients.tolist(),
        "naive_se": naive.tolist(),
        "robust_se": fit.table["std_error"].to_list(),
        "loglik": [fit.log_likelihood_null, fit.log_likelihood],
        "nrow_expanded": count_expanded(frame, fit.spec),
    }


def count_expanded(frame: pl.DataFrame, spec: FineGraySpec) -> int:
    """Count the rows that R makes: one more whenever the weight after a competing event has fallen."""
    data = frame.drop_nulls([*spec.for_rows().columns[2:], spec.time, spec.cause])
    time, cause = data[spec.time].to_numpy(), data[spec.cause].to_numpy()
    events = np.unique(time[cause == spec.cause_of_interest])
    added = 0
    for group in group_members(data, spec.censoring_groups):
        own_time, own_cause = time[group], cause[group]
        censored = np.unique(own_time[own_cause == 0])
        for end in own_time[(own_cause > 0) & (own_cause != spec.cause_of_interest)]:
            later = events[events > end]
            fallen = np.searchsorted(censored, later) - np.searchsorted(censored, end)
            added += len(np.unique(fallen[fallen > 0]))
    return data.height + added


def group_members(data: pl.DataFrame, columns: Sequence[str]) -> list[np.ndarray]:
    if not columns:
        return [np.arange(data.height)]
    parts = data.with_row_index("__row").partition_by(list(columns))
    return [part["__row"].to_numpy() for part in parts]


def handle_fine_gray(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    spec = read_spec(call)
    fit = fitted(frame, spec)
    computed = {"crr": describe_crr(fit)}
    if call.get("newx") and not spec.strata:
        profiles = pl.DataFrame(call["newx"], strict=False)
        table = predict_incidence(fit, frame, profiles, times=call["times"]).table
        matrix = table["incidence"].to_numpy().reshape(profiles.height, -1).T
        computed["crr"]["predict"] = {
            "newx": call["newx"],
            "times": call["times"],
            "cif_rows_are_times": matrix.tolist(),
        }
    for ties in ("breslow", "efron"):
        computed[f"survival_finegray_{ties}"] = describe_expanded(
            fitted(frame, as_survival(spec, ties=ties)), frame
        )
    return computed


def handle_clusters_and_weights(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    spec = read_spec(call)
    by_row = fitted(frame, as_survival(spec, weights=call["weights"]))
    by_cluster = fitted(frame, as_survival(spec, weights=call["weights"], cluster=call["cluster"]))
    pseudo = estimate_pseudo_values(
        frame[call["time"]].to_list(),
        frame[call["state"]].to_list(),
        cause=spec.cause_of_interest,
        horizons=call["times"],
    )
    return {
        "crrc_cluster": describe_crr(fitted(frame, replace(spec, cluster=call["cluster"]))),
        "weighted_finegray": {
            "coef": by_row.coefficients.tolist(),
            "robust_se_by_id": by_row.table["std_error"].to_list(),
            "robust_se_by_cluster": by_cluster.table["std_error"].to_list(),
            "nrow_expanded": count_expanded(frame, spec),
        },
        "pseudo_aj": {
            "times": call["times"],
            "cause": spec.cause_of_interest,
            "first_20_subjects_rows_are_subjects": pseudo[:20].tolist(),
            "sum_over_all_subjects": pseudo.sum(axis=0).tolist(),
        },
    }


HANDLERS = {"fine_gray": handle_fine_gray, "fine_gray_cluster_weights": handle_clusters_and_weights}
