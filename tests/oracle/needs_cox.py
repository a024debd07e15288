"""Reference cases of Cox models: from a case's call to the numbers of its `expected` block."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival import proportionality
from analytics.survival.cox import fit_cox
from analytics.survival.cox_baseline import predict_linear, predict_survival
from analytics.survival.cox_concordance import estimate_concordance
from analytics.survival.cox_design import CoxSpec, design_names, resolve_terms
from analytics.survival.cox_residuals import estimate_residuals
from analytics.survival.cox_rows import collect_rows
from analytics.survival.results import CoxFit, NotEstimable

if TYPE_CHECKING:
    from types import ModuleType


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
r_formula = _sibling("r_formula")

# coxph ends its search at this relative change of the log likelihood.
STOP_OF_COXPH = 1e-9


def fitted(spec: CoxSpec, frame: pl.DataFrame) -> CoxFit:
    fit = fit_cox(frame, spec)
    assert isinstance(fit, CoxFit), fit
    return fit


def describe_any(spec: CoxSpec, frame: pl.DataFrame, names: list[str]) -> object:
    """Describe a fit; like R, leave columns out that the ones before them determine."""
    fit = fit_cox(frame, spec)
    if isinstance(fit, CoxFit):
        return describe_fit(fit, frame, names)
    resolved = resolve_terms(frame, spec)
    labels = list(design_names(resolved.terms))
    kept, rows = labels, collect_rows(frame, resolved)
    design = pl.DataFrame({f"{label}#": column for label, column in zip(labels, rows.design.T, strict=True)})
    frame = frame.select(set(resolved.columns)).with_row_index("#row")
    frame = frame.filter(pl.col("#row").is_in(rows.position.tolist())).hstack(design)
    while isinstance(fit, NotEstimable):
        assert fit.code == "singular", fit
        kept = [label for label in kept if not fit.reason.startswith(f"{label}# is constant")]
        if not kept:
            return compare.NotCompared("no covariate varies within the strata")
        fit = fit_cox(frame, replace(spec, terms=tuple(f"{label}#" for label in kept)))
    places = [labels.index(label) for label in kept]
    return embed(describe_fit(fit, frame, names), places, len(labels))


def embed(described: dict, places: list[int], size: int) -> dict:
    """Put what R reports for columns left out: no coefficient, and variances of 0."""
    where = np.ix_(places, places)
    for key in ("coef", "z", "p", "hr", "hr_lower", "hr_upper", "se", "naive_se"):
        if key in described:
            whole = np.full(size, 0.0 if key.endswith("se") else np.nan)
            whole[places] = described[key]
            described[key] = whole.tolist()
    for key in ("var", "naive_var"):
        if key in described:
            square = np.zeros((size, size))
            square[where] = np.asarray(described[key])
            described[key] = square.tolist()
    return described


def test_row(test: object) -> list[float]:
    return [test.statistic, test.degrees_of_freedom, test.p_value]


def describe_fit(fit: CoxFit, frame: pl.DataFrame, names: list[str]) -> dict:
    table, tests = fit.table, fit.tests
    described = {
        "terms": names,
        "coef": table["coefficient"].to_list(),
        "var": fit.covariance,
        "se": table["std_error"].to_list(),
        "z": table["statistic"].to_list(),
        "p": table["p_value"].to_list(),
        "hr": table["hazard_ratio"].to_list(),
        "hr_lower": table["lower"].to_list(),
        "hr_upper": table["upper"].to_list(),
        "loglik_null": fit.log_likelihood_null,
        "loglik": fit.log_likelihood,
        "n": fit.basis.n,
        "nevent": fit.basis.n_events,
        "lr_test": test_row(tests["likelihood_ratio"]),
        # R prints this statistic with two decimals, and the cases hold what it prints.
        "wald_test": [round(tests["wald"].statistic, 2), *test_row(tests["wald"])[1:]],
        "score_test": test_row(tests["score"]),
    }
    if fit.spec.is_robust:
        described["naive_var"] = fit.model_covariance
        described["naive_se"] = np.sqrt(np.diag(np.asarray(fit.model_covariance))).tolist()
        described["robust_score_test"] = test_row(tests["robust_score"])
    concordance = estimate_concordance(fit, frame)
    described["concordance"] = concordance.concordance
    described["concordance_se"] = concordance.std_error
    return described


def stratum_labels(model: object, labels: list[str]) -> list[str] | None:
    """Label strata as R does: without column names where all values of one `strata()` are text."""
    if not model.strata:
        return None
    schema = model.frame.schema
    short = {
        name
        for columns in model.strata_calls
        for name in columns
        if all(schema[column] == pl.String for column in columns)
    }
    return [", ".join(stratum_part(part, short) for part in label.split(", ")) for label in labels]


def stratum_part(part: str, short: set[str]) -> str:
    """Write one column of a stratum's label."""
    name, _, value = part.rpartition("=")
    value = {"True": "TRUE", "False": "FALSE"}.get(value, r_formula.as_level(value))
    return value if name in short else f"{r_formula.written(name)}={value}"


def stop_rule(case: dict) -> float:
    """Read where R's search stopped: at the relative change it names, or at its own default."""
    named = re.search(r"eps\s*=\s*([0-9.e-]+)", str(case.get("r_code")))
    return float(named.group(1)) if named else STOP_OF_COXPH


def handle_cox(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    model, spec = r_formula.read_model(call, frame)
    if spec.ties != "exact":
        spec = replace(spec, stop_at=stop_rule(case))
    computed = {"fit": describe_any(spec, model.frame, model.names)}
    fit = fit_cox(model.frame, spec)
    if spec.ties == "exact" or isinstance(fit, NotEstimable):
        return computed
    # R's baseline belongs to the mean offset.
    shift = (
        np.exp(model.frame.select(fit.spec.columns).drop_nulls()[spec.offset].mean()) if spec.offset else 1
    )
    computed["baseline_cumhaz_uncentered"] = {
        "time": fit.baseline["time_days"].to_list(),
        "hazard": (fit.baseline["cumulative_hazard"] * shift).to_list(),
        "strata": stratum_labels(model, fit.baseline["stratum"].to_list()),
    }
    if call.get("newdata"):
        profiles = model.profiles(call["newdata"])
        computed["predict_lp_uncentered"] = predict_linear(fit, profiles).tolist()
        for interval in ("log", "log-log"):
            described = describe_survival(fit, profiles, call["times"], interval)
            own = len(profiles.columns) and set(spec.strata) <= set(profiles.columns)
            if described["strata"] and not own:
                described["strata"] = stratum_labels(model, described["strata"])
            computed[f"survfit_newdata_{interval}"] = described
    computed["residuals"] = describe_residuals(fit, model.frame)
    return computed


def describe_survival(fit: CoxFit, profiles: pl.DataFrame, times: list[float], interval: str) -> dict:
    table = predict_survival(fit, profiles, times=times, interval=interval).table
    own_stratum = bool(fit.spec.strata) and set(fit.spec.strata) <= set(profiles.columns)
    columns = {"surv": "survival", "lower": "lower", "upper": "upper", "se_surv": "std_error"}
    if own_stratum:
        described = {
            "strata": [str(number + 1) for number in table["profile"]],
            "time": table["time_days"].to_list(),
        }
        return described | {key: table[column].to_list() for key, column in columns.items()}
    first = table.filter(pl.col("profile") == 0)
    described = {
        "strata": first["stratum"].to_list() if fit.spec.strata else None,
        "time": first["time_days"].to_list(),
    }
    for key, column in columns.items():
        matrix = np.array(table[column].to_list()).reshape(profiles.height, -1).T
        described[key] = matrix.tolist() if profiles.height > 1 else matrix[:, 0].tolist()
    return with_certain_limits(described)


def with_certain_limits(described: dict) -> dict:
    """Let limits be 1 or absent while survival is 1: R's versions differ there."""

    def limit(value: object, survival: object) -> object:
        if isinstance(value, list):
            return [limit(*pair) for pair in zip(value, survival, strict=True)]
        return compare.OneOf((value, None)) if survival == 1 else value

    limits = {side: limit(described[side], described["surv"]) for side in ("lower", "upper")}
    return described | limits


def describe_residuals(fit: CoxFit, frame: pl.DataFrame) -> dict:
    residuals = estimate_residuals(fit, frame)
    rows, events = residuals.rows, residuals.events

    def simple(values: list[list[float]]) -> list:
        return [value[0] for value in values] if len(fit.terms) == 1 else values

    return {
        "martingale": rows["martingale"].to_list(),
        "deviance": rows["deviance"].to_list(),
        "score": simple(rows["score"].to_list()),
        "dfbeta": simple(rows["dfbeta"].to_list()),
        "schoenfeld": simple(events["schoenfeld"].to_list()),
        "schoenfeld_time": events["time_days"].to_list(),
    }


def handle_ph_test(case: dict, frame: pl.DataFrame) -> dict:
    model, spec = r_formula.read_model(case["call"], frame)
    fit = fitted(replace(spec, stop_at=stop_rule(case)), model.frame)
    computed = {}
    for transform in ("km", "rank", "identity", "log"):
        for key, by, names in (("terms", "term", model.term_names), ("coefs", "coefficient", model.names)):
            table = proportionality.test_proportionality(fit, model.frame, transform=transform, by=by).table
            computed[f"{transform}_{key}"] = {
                "rows": [*names, "GLOBAL"],
                "chisq": table["statistic"].to_list(),
                "df": table["degrees_of_freedom"].to_list(),
                "p": table["p_value"].to_list(),
            }
    scaled = proportionality.scaled_residuals(fit, model.frame)
    if spec.entry:
        # R lists the ties of start-stop rows from the last row of the data to the first.
        stratum = estimate_residuals(fit, model.frame).events["stratum"]
        place = pl.struct(stratum.alias("s"), "time_days").rle_id()
        scaled = scaled.with_columns(place=place).reverse().sort("place", maintain_order=True)
    computed["scaled_schoenfeld"] = {
        "time": scaled["time_days"].to_list(),
        "y": scaled["residual"].to_list(),
        "var": np.linalg.inv(proportionality.mean_information(fit, model.frame)).tolist(),
    }
    return computed


def handle_recurrent(case: dict, frame: pl.DataFrame) -> dict:
    """Fit every model of recurrent events, on its subset of rows."""
    computed = {}
    for name, call in case["call"]["models"].items():
        rows = frame.filter(r_formula.column_expression(call["subset"])) if call.get("subset") else frame
        model, spec = r_formula.read_model(call, rows)
        about = {"formula": call["formula"], "subset": call.get("subset"), "cluster": call.get("cluster")}
        computed[name] = {**about, **describe_any(spec, model.frame, model.names)}
    return computed


def reading_list(value: object) -> list:
    return value if isinstance(value, list) else [value]


HANDLERS = {
    "cox": handle_cox,
    "ph_test": handle_ph_test,
    "recurrent_events": handle_recurrent,
}
