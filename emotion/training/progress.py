"""The lines that a training prints, one an epoch and one at its end, and how a program reads them."""

import re
from typing import NamedTuple

EPOCH = re.compile(r"epoch +(\d+)/(\d+)  ((?:\w+ \S+(?:  |$))+)")
END = re.compile(r"(\d+) epochs in (\d+\.\d) min")


class Epoch(NamedTuple):
    """An epoch that has just ended.

    Attributes:
        number: from 1.
        epochs: how many the training has at most.
        scores: loss and accuracy on train, and on validation under `val_loss` and `val_accuracy`.
    """

    number: int
    epochs: int
    scores: dict[str, float]


class End(NamedTuple):
    """The end of a training.

    Attributes:
        epochs: how many it took, those before an interruption included.
        minutes: how long these took, with their validation.
    """

    epochs: int
    minutes: float


def title(number: int, epochs: int) -> str:
    """Return how an epoch is called, in its line and on its progress bar."""
    return f"epoch {number:>2}/{epochs}"


def line(event: Epoch | End) -> str:
    """Return the line that says it, for people and for `parse`; scores have four decimals, minutes one."""
    if isinstance(event, End):
        return f"{event.epochs} epochs in {event.minutes:.1f} min"
    scores = "  ".join(f"{name} {value:.4f}" for name, value in event.scores.items())
    return f"{title(event.number, event.epochs)}  {scores}"


def parse(text: str) -> Epoch | End | None:
    """Return what a line of a training's output says, or None for any other line."""
    if found := END.fullmatch(text):
        return End(int(found[1]), float(found[2]))
    if found := EPOCH.fullmatch(text):
        pairs = (pair.split() for pair in found[3].split("  "))
        return Epoch(int(found[1]), int(found[2]), {name: float(value) for name, value in pairs})
    return None
