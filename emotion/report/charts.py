"""Where the marks of the charts stand, in pixels; templates/charts.html draws them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.ticker import MaxNLocator

WIDTH, HEIGHT = 460, 260
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 34, 40  # margins: labels of the axes, and the line of numbers above
STEPS = [1, 2, 5, 10]  # between ticks, times a power of ten
ROW = 34  # height of a row of `dots`


@dataclass(frozen=True)
class Scale:
    """From values between `low` and `high` to pixels between `start` and `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value, to a tenth."""
        share = (value - self.low) / (self.high - self.low)
        return round(float(self.start + share * (self.end - self.start)), 1)


@dataclass(frozen=True)
class Tick:
    """A number at an axis."""

    place: float
    text: str


@dataclass(frozen=True)
class Epoch:
    """What is shown where the pointer is over an epoch."""

    x: float
    left: float
    width: float
    dots: tuple[tuple[str, float], ...]
    text: str


@dataclass(frozen=True)
class Curves:
    """A metric over the epochs.

    Attributes:
        title: the metric.
        x_ticks: epochs.
        y_ticks: values of the metric.
        lines: of each split: its name and the points of its line.
        epochs: the marks of each epoch.
        kept: the epoch whose weights were kept.
    """

    title: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[tuple[str, str]]
    epochs: list[Epoch]
    kept: Epoch


def curves(metric: str, splits: Mapping[str, Mapping[str, np.ndarray]], best: int) -> Curves:
    """Place a metric over the epochs.

    Args:
        metric: "loss" or "accuracy".
        splits: of each split: "step" (epochs from 1) and the metric, each (E,); all of one length.
        best: the epoch whose weights were kept, counted from 1.
    """
    steps = next(iter(splits.values()))["step"]
    values = np.concatenate([split[metric] for split in splits.values()])
    y_values = _ticks(values.min(), values.max())
    x = Scale(steps[0] - 0.5, steps[-1] + 0.5, LEFT, WIDTH - RIGHT)
    y = Scale(min(y_values[0], values.min()), max(y_values[-1], values.max()), HEIGHT - BOTTOM, TOP)
    edges = [x(step - 0.5) for step in (*steps, steps[-1] + 1)]
    epochs = []
    for index, (left, right) in enumerate(pairwise(edges)):
        numbers = {name: split[metric][index] for name, split in splits.items()}
        said = ", ".join(f"{name} {value:.3f}" for name, value in numbers.items())
        dots = tuple((name, y(value)) for name, value in numbers.items())
        epochs.append(
            Epoch(x(steps[index]), left, round(right - left, 1), dots, f"epoch {steps[index]:.0f}: {said}")
        )
    lines = [
        (name, " ".join(f"{epoch.x},{y(value)}" for epoch, value in zip(epochs, split[metric], strict=True)))
        for name, split in splits.items()
    ]
    whole = MaxNLocator(6, steps=STEPS, integer=True, min_n_ticks=1).tick_values(steps[0], steps[-1])
    x_ticks = [Tick(x(step), f"{step:.0f}") for step in whole if steps[0] <= step <= steps[-1]]
    return Curves(
        metric.capitalize(),
        x_ticks,
        [Tick(y(value), f"{value:g}") for value in y_values],
        lines,
        epochs,
        next(epoch for step, epoch in zip(steps, epochs, strict=True) if step == best),
    )


@dataclass(frozen=True)
class Bar:
    """A bin of the confidence."""

    x: float
    width: float
    top: float
    height: float
    share_top: float
    share_height: float
    text: str


@dataclass(frozen=True)
class Reliability:
    """Accuracy by confidence above the shares of the faces."""

    ticks: list[Tick]
    y_ticks: list[Tick]
    bars: list[Bar]
    diagonal: tuple[float, float, float, float]


HISTOGRAM = 60  # pixels, below the bars of the accuracy


def reliability(bins: Mapping[str, np.ndarray]) -> Reliability:
    """Place the accuracy of each bin of the confidence, and its share of the faces.

    Args:
        bins: "low", "high", "rows", "confidence" and "accuracy", each (B,).
    """
    foot = HEIGHT - BOTTOM
    x, y = Scale(0, 1, LEFT, WIDTH - RIGHT), Scale(0, 1, foot, TOP)
    shares = bins["rows"] / bins["rows"].sum()
    size = Scale(0, shares.max(), 0, HISTOGRAM)
    bars = []
    for low, high, rows, confidence, accuracy, share in zip(
        *(bins[name] for name in ("low", "high", "rows", "confidence", "accuracy")), shares, strict=True
    ):
        text = f"confidence {confidence:.2f}, accuracy {accuracy:.2f}, {rows:,} faces"
        top, length = y(accuracy), size(share)
        width = round(x(high) - x(low) - 1, 1)
        bars.append(Bar(x(low), width, top, round(foot - top, 1), HISTOGRAM - length, length, text))
    ticks = [Tick(x(value), f"{value:g}") for value in (0, 0.2, 0.4, 0.6, 0.8, 1)]
    y_ticks = [Tick(y(value), f"{value:g}") for value in (0, 0.2, 0.4, 0.6, 0.8, 1)]
    return Reliability(ticks, y_ticks, bars, (x(0), y(0), x(1), y(1)))


@dataclass(frozen=True)
class Measured:
    """A share with its interval.

    Attributes:
        name: what was measured.
        share: 0 to 1.
        low: lower end of its 95 % interval.
        high: the upper end.
        kind: "run" or "other".
    """

    name: str
    share: float
    low: float
    high: float
    kind: str


@dataclass(frozen=True)
class Dot:
    """A share with its interval, placed; its text begins at the left end, or ends at the right one."""

    measured: Measured
    y: float
    x: float
    left: float
    right: float

    @property
    def begins(self) -> bool:
        """Whether the text begins at the left end: on the right half it would not fit."""
        return self.x < WIDTH / 2


def dots(measured: Sequence[Measured]) -> tuple[list[Tick], list[Dot], float]:
    """Place shares under one another; return the ticks, the dots, and the height of the chart."""
    low, high = min(each.low for each in measured), max(each.high for each in measured)
    values = _ticks(low, high)
    x = Scale(min(values[0], low), max(values[-1], high), 20, 440)
    placed = [
        Dot(each, ROW * index + ROW * 0.7, x(each.share), x(each.low), x(each.high))
        for index, each in enumerate(measured)
    ]
    return [Tick(x(value), f"{100 * value:g} %") for value in values], placed, ROW * len(measured) + 12.0


def _ticks(low: float, high: float) -> list[float]:
    return [float(value) for value in MaxNLocator(5, steps=STEPS).tick_values(low, high)]
