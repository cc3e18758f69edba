"""A row of the table, from the measurements of both sides."""

from collections.abc import Sequence
from math import inf
from statistics import median

HEADER = "| measurement | this project | reference | ratio | goal |\n|---|---|---|---|---|"


def row(
    measurement: str,
    unit: str,
    ours: Sequence[float],
    name: str,
    reference: Sequence[float],
    *,
    at_least: float = -inf,
    at_most: float = inf,
    unchecked: str = "",
) -> str:
    """Return a row of the Markdown table under HEADER.

    Args:
        measurement: what was measured.
        unit: of both sides.
        ours: this project's measurements.
        name: what it is compared with.
        reference: the measurements of that.
        at_least: lower end of the goal for the ratio of the medians, ours to the reference.
        at_most: upper end of it; without either there is no goal.
        unchecked: why this machine cannot tell whether the goal is met, if it cannot.
    """
    ratio = median(ours) / median(reference)
    goal = "none"
    if at_least > -inf or at_most < inf:
        limit = f"at least {at_least:g}" if at_least > -inf else f"at most {at_most:g}"
        met = "met" if at_least <= ratio <= at_most else "missed"
        goal = f"{limit}: {unchecked or met}"
    ours_quoted, reference_quoted = quote(ours, unit), quote(reference, unit)
    return f"| {measurement} | {ours_quoted} | {name}: {reference_quoted} | {ratio:.2f} | {goal} |"


def quote(values: Sequence[float], unit: str) -> str:
    """Return the median with its unit and, of several values, the smallest and the largest."""
    ends = f" ({_figures(min(values))} to {_figures(max(values))})" if len(values) > 1 else ""
    return f"{_figures(median(values))} {unit}{ends}"


def _figures(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
