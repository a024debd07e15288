"""A claim as a pre-specified hypothesis: what is said, in whom, compared with whom, and when it holds."""

from __future__ import annotations

from dataclasses import dataclass

Scalar = str | bool | float

FAMILIES = ("primary", "exploratory")
"""``primary``: p values adjusted by Holm; ``exploratory``: by Benjamini and Hochberg."""
UNITS = ("patient", "procedure", "lesion")
ROWS = ("procedures", "lesions", "image_pairs")
"""What a row is: a procedure, a lesion, or a lesion that IVUS and OCT both saw before treatment."""
OVERALL = ("headline", "every")
"""``headline``: the component marked so decides; ``every``: all components must be supported."""
DIRECTIONS = ("higher", "lower", "equal", "within", "below")
JUDGED = ("crude", "adjusted")
MINIMUM = 10
"""Fewest rows in a group that is compared, unless a component says otherwise."""


@dataclass(frozen=True)
class Anchor:
    """A published figure that stands beside the registry's, and where to find it.

    Parameters
    ----------
    figure
        The figure with its population and horizon, in words.
    study
        Name of the study and its year.
    doi, pmid
        Where it can be read.
    title
        Title of the work where neither is known to us.
    """

    figure: str
    study: str
    doi: str = ""
    pmid: str = ""
    title: str = ""


@dataclass(frozen=True)
class Limits:
    """Numbers that a column must lie between; None leaves an end open.

    Parameters
    ----------
    low, high
        Bounds, included.
    """

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Component:
    """One number that a claim stands or falls with.

    Parameters
    ----------
    key, label
        Stable name within the claim, and words for it.
    kind
        The statistic: a key of `analytics.claims.kinds.KINDS`.
    direction
        What the claim says of the exposed: ``higher``, ``lower``, ``equal`` (within `margin`), ``within``
        (`low` to `high`), ``below`` (`high`).
    rows
        What a row is, one of `ROWS`.
    where
        Columns and the values (or limits) that a row must have.
    exposure, exposed, comparator
        Column, and its values that make up the two groups.
    outcome
        Boolean or numeric column.
    endpoint, after_day, until_day, risk_days
        For events over time: a bundled endpoint, the landmark, the last day that counts, and the days at
        which risks are given.
    adjust, strata
        Covariates of the adjusted estimate, and columns with baseline hazards of their own.
    judged
        Which estimate decides: ``crude``, or ``adjusted`` where devices are compared.
    margin, low, high
        Limits that belong to the direction.
    per
        Units of a numeric exposure that one step means, for example 5 (mm).
    first, second
        For paired readings: the two columns that are compared.
    modifier, modified_by
        For products: a column, and its values in which the exposure is asked to act otherwise.
    spline
        Whether a numeric exposure is also tested for departing from a straight line.
    minimum
        Fewest rows in each group.
    headline
        Whether this component decides the claim and enters its family.
    is_structural
        Whether the comparator cannot have the outcome: a share without a comparison.
    e_value
        Whether the strength of an unmeasured confounder that could explain the result is given.
    sentence
        What is counted, for a reader.
    """

    key: str
    label: str
    kind: str
    direction: str
    rows: str = "procedures"
    where: tuple[tuple[str, tuple[Scalar, ...] | Limits], ...] = ()
    exposure: str = ""
    exposed: tuple[Scalar, ...] = ()
    comparator: tuple[Scalar, ...] = ()
    outcome: str = ""
    endpoint: str = ""
    after_day: int | None = None
    until_day: int | None = None
    risk_days: tuple[int, ...] = ()
    adjust: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    judged: str = "crude"
    margin: float | None = None
    low: float | None = None
    high: float | None = None
    per: float = 1.0
    first: str = ""
    second: str = ""
    modifier: str = ""
    modified_by: tuple[Scalar, ...] = ()
    spline: bool = False
    minimum: int = MINIMUM
    headline: bool = False
    is_structural: bool = False
    e_value: bool = False
    sentence: str = ""


@dataclass(frozen=True)
class Claim:
    """One claim of the review (or of one's own) as it is tested.

    Parameters
    ----------
    id, title
        Short name such as ``C04``, and a heading.
    says, place
        What is claimed, in our own words, and where in the review.
    population, comparison
        In whom, and who is compared with whom, for a reader.
    family
        One of `FAMILIES`.
    unit
        One of `UNITS`.
    horizon
        Words for the stretch of time.
    overall
        One of `OVERALL`.
    needs
        Canonical columns, as ``table.column``, without which nothing can be said.
    components
        What is estimated.
    published
        Published figures beside it.
    notes
        Keys of the notes on the review that belong here, ``N1`` to ``N7``.
    remarks
        Sentences that the reader must have seen.
    """

    id: str
    title: str
    says: str
    place: str
    population: str
    comparison: str
    family: str
    unit: str
    horizon: str
    overall: str
    needs: tuple[str, ...]
    components: tuple[Component, ...]
    published: tuple[Anchor, ...] = ()
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def headline(self) -> Component | None:
        """The component that decides, or None where every one does."""
        return next((part for part in self.components if part.headline), None)
