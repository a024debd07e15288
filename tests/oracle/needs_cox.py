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
from scipy import stats

from analytics.survival import proportionality
from analytics.survival.cox import fit_cox
from analytics.survival.cox_baseline import predict_linear, predict_survival
from analytics.survival.cox_concordance import estimate_concordance
from analytics.survival.cox_design import CoxSpec, Spline
from analytics.survival.cox_residuals import estimate_residuals
from analytics.survival.cox_time_split import split_follow_up
from analytics.survival.results import CoxFit

if TYPE_CHECKING:
    from types import ModuleType


def _sibling(name: str) -> ModuleType:
    """Load a module beside this one, however this one was loaded."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


r_formula = _sibling("r_formula")


def fitted(spec: CoxSpec, frame: pl.DataFrame) -> CoxFit:
    fit = fit_cox(frame, spec)
    assert isinstance(fit, CoxFit), fit
    return fit


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


def stratum_labels(fit: CoxFit, frame: pl.DataFrame, labels: list[str]) -> list[str] | None:
    """Label strata as R does: without column names where all values are text."""
    columns = fit.spec.strata
    if not columns:
        return None
    if all(frame[name].dtype == pl.String for name in columns):
        return [", ".join(part.split("=", 1)[-1] for part in label.split(", ")) for label in labels]
    return labels


def handle_cox(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    model, spec = r_formula.read_model(call, frame)
    fit = fitted(spec, model.frame)
    computed = {"fit": describe_fit(fit, model.frame, model.names)}
    if spec.ties == "exact":
        return computed
    computed["baseline_cumhaz_uncentered"] = {
        "time": fit.baseline["time_days"].to_list(),
        "hazard": fit.baseline["cumulative_hazard"].to_list(),
        "strata": stratum_labels(fit, model.frame, fit.baseline["stratum"].to_list()),
    }
    if call.get("newdata"):
        profiles = model.profiles(call["newdata"])
        computed["predict_lp_uncentered"] = predict_linear(fit, profiles).tolist()
        for interval in ("log", "log-log"):
            described = describe_survival(fit, profiles, call["times"], interval)
            described["strata"] = described["strata"] and stratum_labels(
                fit, model.frame, described["strata"]
            )
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
    return described


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


# The book's closed forms of the two coefficients: text that a case repeats, not a number to compute.
CLOSED_FORMS = {
    "test1_breslow": "log((3+sqrt(33))/2)",
    "test1_efron": "log(2*sqrt(23/3)*cos(acos((45/23)*sqrt(3/23))/3))",
}


def handle_hand_worked(case: dict, _: pl.DataFrame) -> dict:
    """Fit each of the small data sets with both tie rules."""
    computed = {}
    for name in case["call"]["data_files"]:
        data = pl.read_csv(Path(case["data_root"]) / name)
        label = Path(name).stem.removeprefix("book_")
        for ties in ("breslow", "efron"):
            key = f"{label}_{ties}"
            computed[key] = {**describe_hand_worked(data, ties), "exact_beta": CLOSED_FORMS.get(key)}
    return computed


def describe_hand_worked(data: pl.DataFrame, ties: str) -> dict:
    start_stop = "start" in data.columns
    spec = CoxSpec(
        time="stop" if start_stop else "time",
        event="event" if start_stop else "status",
        terms=("x",),
        entry="start" if start_stop else None,
        weights="wt" if "wt" in data.columns else None,
        ties=ties,
        robust=False,
    )
    fit = fitted(spec, data)
    described = describe_residuals(fit, data)
    return {
        "coef": fit.coefficients[0],
        "var": fit.covariance[0][0],
        "loglik_at_zero": fit.log_likelihood_null,
        "loglik": fit.log_likelihood,
        "martingale": described["martingale"],
        "score": described["score"],
        "schoenfeld": described["schoenfeld"],
        "score_test": fit.tests["score"].statistic,
        "exact_beta_value": fit.coefficients[0],
    }


def handle_ph_test(case: dict, frame: pl.DataFrame) -> dict:
    model, spec = r_formula.read_model(case["call"], frame)
    fit = fitted(spec, model.frame)
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
    computed["scaled_schoenfeld"] = {
        "time": scaled["time_days"].to_list(),
        "y": scaled["residual"].to_list(),
        "var": (np.asarray(fit.model_covariance) * fit.basis.n_events).tolist(),
    }
    return computed


def handle_recurrent(case: dict, frame: pl.DataFrame) -> dict:
    """Fit every model of recurrent events, on its subset of rows."""
    computed = {}
    for name, call in case["call"]["models"].items():
        rows = frame.filter(r_formula.column_expression(call["subset"])) if call.get("subset") else frame
        model, spec = r_formula.read_model(call, rows)
        about = {"formula": call["formula"], "subset": call.get("subset"), "cluster": call.get("cluster")}
        fit = fitted(spec, model.frame)
        computed[name] = {**about, **describe_fit(fit, model.frame, model.names)}
    return computed


def handle_changing_coefficient(case: dict, frame: pl.DataFrame) -> dict:
    """Fit a coefficient that differs between periods, and one that follows a function of time."""
    covariate, function, data = re.fullmatch(r"(\w+)\*(.*) on (.*)", case["call"]["tt"]).groups()
    pieces = "+".join(sorted(name for name in frame.columns if re.fullmatch(r"k\d+", name)))
    step = {"formula": f"Surv(tstart,time,status)~trt+prior+{pieces}"}
    model, spec = r_formula.read_model(step, frame)
    computed = {"step_function": describe_fit(fitted(spec, model.frame), model.frame, model.names)}
    whole = pl.read_csv(Path(case["data_root"]) / data)
    cuts = whole.filter(pl.col("status") == 1)["time"].to_list()
    split = split_follow_up(whole, time="time", event="status", cuts=cuts).rename({"stop_days": "t"})
    clock = r_formula.column_expression(function)
    split = split.with_columns((pl.col(covariate) * clock).alias("changing"))
    smooth = {"formula": f"Surv(start_days,t,has_event)~trt+prior+{covariate}+changing"}
    model, spec = r_formula.read_model(smooth, split)
    names = [*model.names[:-1], f"tt({covariate})"]
    described = describe_fit(fitted(spec, model.frame), model.frame, names)
    computed["tt_log"] = {**described, "n": whole.height}
    return computed


def handle_spline(case: dict, frame: pl.DataFrame) -> dict:
    """Compare a restricted cubic spline with a straight line, in quantities that no basis changes."""
    call = case["call"]
    knots = sorted([*call["knots"], *call["boundary"]])
    spec = CoxSpec(time="time", event="event", terms=("age", "female"))
    linear = fitted(spec, frame)
    bent = fitted(replace(spec, terms=(Spline("age", tuple(knots)), "female")), frame)
    profiles = pl.DataFrame({"age": [45, 60, 75], "female": [0, 0, 0]})
    predictor = predict_linear(bent, profiles)
    ratio = 2 * (bent.log_likelihood - linear.log_likelihood)
    return {
        "loglik_linear": linear.log_likelihood,
        "loglik_spline": bent.log_likelihood,
        "lr_nonlinearity": ratio,
        "df": len(knots) - 2,
        "p": float(stats.chi2.sf(ratio, len(knots) - 2)),
        "log_hr_age_45_60_75_vs_60": (predictor - predictor[1]).tolist(),
    }


HANDLERS = {
    "cox": handle_cox,
    "cox_hand_worked": handle_hand_worked,
    "cox_spline": handle_spline,
    "cox_tvc": handle_changing_coefficient,
    "ph_test": handle_ph_test,
    "recurrent_events": handle_recurrent,
}
