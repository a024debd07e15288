"""What pooling returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Heterogeneity:
    """How much studies differ beyond chance.

    Parameters
    ----------
    q, degrees_of_freedom, p_value
        Cochran's Q on the scale of the model, and its chi-square test.
    i2
        Share of the total variation that is between studies, in percent.
    h2
        Total over sampling variation, at least 1.
    tau2
        Variance between studies on the scale of the model.
    tau2_lower, tau2_upper
        Q-profile limits of `tau2`; both 0 where even no variation is more than the studies show.
    """

    q: float
    degrees_of_freedom: int
    p_value: float
    i2: float
    h2: float
    tau2: float
    tau2_lower: float
    tau2_upper: float


@dataclass(frozen=True)
class Pooled:
    """Studies taken together.

    Parameters
    ----------
    kind
        ``proportion`` or the measure of a ratio (``HR``, ``OR``, ``RR``).
    n_studies
        Studies pooled.
    n_events, n_total
        Their sums; None for ratios.
    method
        Name of the model in words that stand beside the number.
    estimate, lower, upper
        Mean of the studies' distribution back on the scale of `kind` (a proportion of 0 to 1, or a ratio),
        with its confidence limits.
    prediction_lower, prediction_upper
        Interval in which the true value of one further study lies with the same confidence; None where the
        chosen rule has no degree of freedom left.
    prediction_rule
        Quantile behind it, in words.
    centre, standard_error
        Mean and its standard error on the log-odds or log scale.
    heterogeneity
        How much the studies differ.
    confidence
        Two-sided level of all intervals.
    n_corrected
        Studies to which a half was added; 0 for the binomial model, which needs none.
    """

    kind: str
    n_studies: int
    n_events: int | None
    n_total: int | None
    method: str
    estimate: float
    lower: float
    upper: float
    prediction_lower: float | None
    prediction_upper: float | None
    prediction_rule: str
    centre: float
    standard_error: float
    heterogeneity: Heterogeneity
    confidence: float
    n_corrected: int = 0


@dataclass(frozen=True)
class LeftOut:
    """The pooled value without one study.

    Parameters
    ----------
    study
        Label of the study left out.
    estimate, lower, upper
        Pooled value of the others, with its confidence limits.
    tau2
        Variance between the others.
    """

    study: str
    estimate: float
    lower: float
    upper: float
    tau2: float
