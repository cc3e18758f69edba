"""The table of results: how a set of measurements and a goal are written in it."""

from collections.abc import Sequence
from statistics import median

HEADER = "| measurement | this project | reference | ratio | goal |\n|---|---|---|---|---|"


def row(measurement: str, ours: str, reference: str, ratio: float, goal: str) -> str:
    """Return a row of the Markdown table under HEADER."""
    return f"| {measurement} | {ours} | {reference} | {ratio:.2f} | {goal} |"


def quote(values: Sequence[float], unit: str) -> str:
    """Return the median with its unit, and the smallest and largest value, to three figures."""
    return f"{_figures(median(values))} {unit} ({_figures(min(values))} to {_figures(max(values))})"


def at_least(bound: float, ratio: float) -> str:
    """Return the goal, and whether the ratio meets it to the two decimals that the table shows."""
    return f"at least {bound:.2f}: {'met' if round(ratio, 2) >= bound else 'missed'}"


def at_most(bound: float, ratio: float) -> str:
    """Return the goal, and whether the ratio meets it to the two decimals that the table shows."""
    return f"at most {bound:.2f}: {'met' if round(ratio, 2) <= bound else 'missed'}"


def _figures(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
