"""How often the interval of a standardised comparison holds the truth, on lesions with a known law."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import special

from analytics.comparison.results import StandardisedComparison
from analytics.comparison.standardisation import standardise

LESIONS = 2000
REGISTRIES = 300
BASES = (-3.0, -4.2, -5.4)
"""Log odds of an event of a chronic patient of 70 with soft calcium: frequent, uncommon, rare."""
DEVICES = ("balloon", "burr", "lithotripsy")
BURR = 0.7
"""What the burr adds to the log odds; lithotripsy adds nothing."""


def run(rows: int | None) -> None:
    """Print coverage of differences and ratios, standardised, and of the crude difference."""
    for base in BASES:
        truth = draw(1_000_000, base, np.random.default_rng(1))[1]
        generator = np.random.default_rng(42)
        found = [_compare(draw(rows or LESIONS, base, generator)[0]) for _ in range(REGISTRIES)]
        kept = [one for one in found if isinstance(one, StandardisedComparison) and not one.refused]
        events = np.mean([one.basis.n_events for one in kept])
        shares = {
            "difference": _coverage(kept, "difference", truth[1] - truth[0], ("lower", "upper")),
            "ratio": _coverage(kept, "ratio", truth[1] / truth[0], ("lower", "upper")),
            "crude difference": _coverage(
                kept, "difference", truth[1] - truth[0], ("crude_lower", "crude_upper")
            ),
        }
        words = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
        print(f"{events:>6.0f} events, {len(kept)} of {REGISTRIES} answered: {words}")


def draw(n: int, base: float, generator: np.random.Generator) -> tuple[pl.DataFrame, list[float]]:
    """Draw lesions of patients who share a shift; harder calcium and age bring the burr and the event."""
    n_patients = int(n / 1.3)
    patient = np.sort(generator.integers(0, n_patients, n))
    shift = generator.normal(0, 1.0, n_patients)[patient]
    age = generator.normal(70, 9, n_patients)[patient]
    is_acute = (generator.random(n_patients) < 0.45)[patient]
    grade = generator.choice(3, n, p=[0.6, 0.25, 0.15])
    pull = np.stack([np.zeros(n), -1.2 + 0.9 * grade + 0.02 * (age - 70), -1.5 + 0.8 * grade], axis=1)
    shares = np.cumsum(special.softmax(pull, axis=1), axis=1)
    device = (shares[:, :2] < generator.random(n)[:, None]).sum(axis=1)
    at = base + 0.5 * grade + 0.4 * is_acute + 0.03 * (age - 70) + 0.6 * shift
    risks = special.expit(np.stack([at, at + BURR, at], axis=1))
    frame = pl.DataFrame(
        {
            "patient": patient,
            "age": age,
            "is_acute": is_acute,
            "grade": np.array(["none or mild", "moderate", "severe"])[grade],
            "device": np.array(DEVICES)[device],
            "event": generator.random(n) < risks[np.arange(n), device],
        }
    )
    return frame, risks.mean(axis=0).tolist()


def _compare(frame: pl.DataFrame) -> object:
    """Standardise the registry as a user would."""
    return standardise(
        frame,
        outcome="event",
        exposure="device",
        levels=DEVICES,
        covariates=("grade", "age", "is_acute"),
        clusters="patient",
    )


def _coverage(
    found: list[StandardisedComparison], measure: str, truth: float, limits: tuple[str, str]
) -> float:
    """Give the share of registries whose interval of the burr against the balloon holds the truth."""
    asked = (pl.col("measure") == measure) & (pl.col("level") == DEVICES[1])
    rows = [one.contrasts.filter(asked).row(0, named=True) for one in found]
    return float(np.mean([row[limits[0]] <= truth <= row[limits[1]] for row in rows]))
