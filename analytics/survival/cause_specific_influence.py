"""What each row moves in the Cox model of one cause: coefficients and hazard increments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analytics.survival.cox_likelihood import CoxKernel
from analytics.survival.cox_residuals import score_residuals
from analytics.survival.cox_rows import collect_rows
from analytics.survival.hazard_influence import influence_hazard, relative_risk

if TYPE_CHECKING:
    import polars as pl

    from analytics.survival.cox_design import Floats
    from analytics.survival.cox_likelihood import Steps
    from analytics.survival.cox_rows import CoxRows
    from analytics.survival.results import CoxFit


@dataclass(frozen=True, eq=False)
class Profile:
    """Covariates of a patient, and the number of the stratum that the baseline hazards are taken from."""

    covariates: Floats
    stratum: int


@dataclass(frozen=True, eq=False)
class CauseSums:
    """The sums behind the model of one cause.

    Parameters
    ----------
    kernel
        Sorted sums of the rows.
    beta
        Coefficients on the kernel's scale.
    steps
        Terms of the likelihood at the estimate.
    moved
        Influence of every row on the coefficients, on the kernel's scale.
    once
        Breslow sums per risk set where tied events count once (`Steps`); None for exact derivatives.
    """

    kernel: CoxKernel
    beta: Floats
    steps: Steps
    moved: Floats
    once: Steps | None

    @classmethod
    def of(cls, model: CoxFit, frame: pl.DataFrame, *, once: bool) -> CauseSums:
        """Collect the sums of a model once more.

        Parameters
        ----------
        model
            The fit.
        frame
            Its data, with the event column of the cause.
        once
            Whether tied events count once in the influence of the coefficients.
        """
        assert model.spec is not None  # noqa: S101 - fit_cox always writes the specification
        kernel = CoxKernel(collect_rows(frame, model.spec), model.spec.ties)
        beta = model.coefficients * kernel.scale
        steps = kernel.steps(beta)
        inverse = np.linalg.inv(kernel.information(steps))
        if not once:
            score = kernel.rows.weight[:, None] * score_residuals(kernel, steps)
            return cls(kernel, beta, steps, score @ inverse, None)
        sums = CoxKernel(kernel.rows, "breslow").steps(beta)
        return cls(kernel, beta, steps, _score_once(kernel, sums) @ inverse, sums)

    @property
    def rows(self) -> CoxRows:
        """The complete rows."""
        return self.kernel.rows

    def relative_risk(self, profile: Profile) -> float:
        """Give the relative risk of a profile on the scale of its stratum's hazard increments."""
        scaled = self._scaled(profile)
        return relative_risk(self.kernel, self.steps, self.beta, scaled, stratum=profile.stratum)

    def event_times(self, stratum: int) -> Floats:
        """List the times of this cause's events in a stratum."""
        times: Floats = self.kernel.sets.time[self.kernel.sets.stratum == stratum]
        return times

    def spread_hazard(self, times: Floats, stratum: int) -> Floats:
        """Give the hazard increments of this cause in a stratum at the event times of all causes."""
        hazard = np.zeros(len(times))
        own = self.kernel.sets.stratum == stratum
        places = np.searchsorted(times, self.event_times(stratum))
        hazard[places] = self.kernel.per_set(self.steps.hazard)[own]
        return hazard

    def influence(self, amounts: Floats, times: Floats, profile: Profile) -> Floats:
        """Give what each row moves in a sum of a profile's hazard increments.

        Parameters
        ----------
        amounts
            One factor per time of ``times``.
        times
            Event times of all causes in the profile's stratum, ascending.
        profile
            Covariates and stratum of the profile.
        """
        own = np.zeros(len(self.kernel.sets.time))
        inside = self.kernel.sets.stratum == profile.stratum
        own[inside] = amounts[np.searchsorted(times, self.event_times(profile.stratum))]
        scaled = self._scaled(profile)
        if self.once is None:
            sums = influence_hazard(self.kernel, self.steps, own)
            of_baseline, total, drift = sums.influence, sums.total, sums.drift
        else:
            of_baseline, total, drift = self._influence_once(own, self.once)
        moved: Floats = self.relative_risk(profile) * (of_baseline + self.moved @ (total * scaled - drift))
        return moved

    def _influence_once(self, amounts: Floats, sums: Steps) -> tuple[Floats, float, Floats]:
        """Differentiate hazard increments with Breslow's risk-set sums under the hazards of the fit."""
        kernel = self.kernel
        hazard = kernel.per_set(self.steps.hazard) * amounts
        reciprocal = np.exp(-sums.log_denominator)
        moved = -np.exp(sums.predictor) * kernel.over_range(kernel.cumulate(hazard * reciprocal))
        moved[kernel.deaths] += (amounts * reciprocal)[kernel.death_set]
        return moved, float(hazard.sum()), hazard @ sums.mean

    def _scaled(self, profile: Profile) -> Floats:
        """Bring a profile to the kernel's scale."""
        scaled: Floats = (profile.covariates - self.kernel.center[profile.stratum]) / self.kernel.scale
        return scaled


def _score_once(kernel: CoxKernel, sums: Steps) -> Floats:
    """Give score residuals whose compensator counts the events of a day once."""
    reciprocal = np.exp(-sums.log_denominator)
    exposure = kernel.over_range(kernel.cumulate(reciprocal))
    mean = kernel.over_range(kernel.cumulate(reciprocal[:, None] * sums.mean))
    score: Floats = -np.exp(sums.predictor)[:, None] * (exposure[:, None] * kernel.x - mean)
    score[kernel.deaths] += kernel.x[kernel.deaths] - sums.mean[kernel.death_set]
    return score
