"""Numbers and values as the report and the card write them."""

import json
from typing import Any

SPACE, DASH = "\N{NO-BREAK SPACE}", "\N{EN DASH}"


def score(share: float | None) -> str:
    """Return a score with the four decimals of the metrics; a dash where there is none."""
    return DASH if share is None else f"{share:.4f}"


def published(share: float) -> str:
    """Return a score with the three decimals that the paper gives."""
    return f"{share:.3f}"


def percent(share: float, digits: int = 1) -> str:
    """Return a share in per cent."""
    return f"{100 * share:.{digits}f}{SPACE}%"


def number(count: float) -> str:
    """Return a whole number with commas at the thousands."""
    return f"{count:,.0f}"


def value(of_parameter: Any) -> str:
    """Return the value of a parameter as params.yaml has it."""
    return of_parameter if isinstance(of_parameter, str) else json.dumps(of_parameter)
