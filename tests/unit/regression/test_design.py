"""Designs: names, references, splines, orthogonal columns."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.regression.contrasts import assess_covariates
from analytics.regression.design import (
    Design,
    add_products,
    build_design,
    encode_terms,
    resolve_terms,
    rotate,
)
from analytics.regression.linear import fit_linear
from analytics.regression.logistic import fit_logistic
from analytics.regression.results import RegressionFit


def test_text_has_its_commonest_value_as_reference() -> None:
    rows = pl.DataFrame({"site": ["b", "a", "b", "c"], "yes": [True, False, True, True]})
    design = build_design(rows, ["site", "yes"])
    assert design.names == ("intercept", "site: a", "site: c", "yes")
    assert design.columns == ("intercept", "site", "site", "yes")
    assert design.matrix.tolist() == [[1, 0, 0, 1], [1, 1, 0, 0], [1, 0, 0, 1], [1, 0, 1, 1]]


def test_an_enum_keeps_its_order_and_drops_what_nobody_has() -> None:
    grades = pl.Enum(["none", "mild", "moderate", "severe"])
    rows = pl.DataFrame({"grade": pl.Series(["severe", "mild", "severe"], dtype=grades)})
    assert build_design(rows, ["grade"]).names == ("intercept", "grade: severe")


# R 4.2.2, rms 6.5-0: glm(y ~ rcs(age, quantile(age, c(.05, .35, .65, .95))) + x, binomial)
def test_a_spline_spans_what_rcs_spans(teaching: pl.DataFrame) -> None:
    design = build_design(teaching, ["age", "x"], splines={"age": 4})
    assert design.names == ("intercept", "age", "age'", "age''", "x")
    fit = fit_logistic(design, teaching["y"])
    assert isinstance(fit, RegressionFit)
    assert fit.log_likelihood == pytest.approx(-35.247607168567, abs=1e-9)


def test_terms_serve_other_rows(teaching: pl.DataFrame) -> None:
    terms = resolve_terms(teaching, ["age", "z"], splines={"age": 3})
    other = encode_terms(teaching.head(2), terms)
    np.testing.assert_allclose(
        other.matrix, build_design(teaching, ["age", "z"], splines={"age": 3}).matrix[:2]
    )


def test_rotation_is_undone_by_its_back(teaching: pl.DataFrame) -> None:
    matrix = build_design(teaching, ["age", "x", "z"], splines={"age": 5}).matrix
    rotation = rotate(matrix)
    np.testing.assert_allclose(rotation.q.T @ rotation.q, np.eye(matrix.shape[1]), atol=1e-12)
    np.testing.assert_allclose(matrix @ rotation.back, rotation.q, atol=1e-8)


def test_the_later_of_two_equal_columns_is_named() -> None:
    matrix = np.column_stack((np.ones(4), [0.0, 1, 2, 3], [1.0, 3, 5, 7], [0.0, 0, 1, 5], np.zeros(4)))
    assert rotate(matrix).collinear == (2, 4)


# R 4.2.2: f <- lm(m ~ age + x * z); vcovCL(f, cluster = patient, type = "HC1"); Wald test of x:za and x:zc
def test_products_are_tested_together_as_in_r(teaching: pl.DataFrame) -> None:
    design = add_products(build_design(teaching, ["age", "x", "z"]), "x", "z")
    assert design.names[-2:] == ("x x z: a", "x x z: c")
    fit = fit_linear(design, teaching["m"], clusters=teaching["patient"])
    assert isinstance(fit, RegressionFit)
    np.testing.assert_allclose(fit.coefficients[-2:], [0.37016296786888, 0.32633218517719], rtol=1e-10)
    test = assess_covariates(fit, ["x x z"])
    assert (test.statistic, test.degrees_of_freedom) == (pytest.approx(0.48654644941956, rel=1e-10), 2)


def test_a_product_needs_both_covariates(teaching: pl.DataFrame) -> None:
    with pytest.raises(SpecificationError, match="no columns of 'age' and 'dose'"):
        add_products(build_design(teaching, ["age"]), "age", "dose")


def test_wrong_columns_and_names_are_refused() -> None:
    rows = pl.DataFrame({"day": [1, 2]}).with_columns(day=pl.date(2024, 1, 1))
    with pytest.raises(SpecificationError, match="'day' is not a column"):
        build_design(rows, ["day"])
    with pytest.raises(SpecificationError, match="one name per column"):
        Design(np.ones((2, 2)), ("intercept",))
