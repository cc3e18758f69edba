"""The figures of a run, each drawn from plain arrays; the same arrays give the same PNG bytes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from emotion.data.storage import Images
from emotion.evaluation import paper
from emotion.evaluation.maps import overlaid
from emotion.labels import CLASSES
from emotion.runtime.files import whole_file

# Okabe and Ito's colours, which colour-blind people can tell apart.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#E69F00", "#009E73", "#595959"
SKY, VERMILION = "#56B4E9", "#D55E00"
STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same glyphs everywhere
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#E4E4E4",
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "hatch.linewidth": 0.6,
}
house_style = matplotlib.style.context(["default", STYLE])  # "default" undoes a matplotlibrc

Columns = Mapping[str, np.ndarray]


@house_style
def save_png(figure: Figure, path: Path, dpi: int) -> None:
    """Write a figure as a PNG without the software version that matplotlib would put into it."""
    with whole_file(path) as partial:
        figure.savefig(partial, format="png", dpi=dpi, metadata={"Software": None})


@house_style
def training_curves(train: Columns, validation: Columns) -> Figure:
    """Draw loss and accuracy over the epochs, and mark the epoch whose weights were kept.

    Args:
        train: "step" (epochs from 1), "loss" and "accuracy", each (E,), on the training faces.
        validation: the same on the validation faces.
    """
    figure = Figure(figsize=(9, 3.6))
    best = int(np.argmax(validation["accuracy"]))
    for axes, metric in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        epochs, kept = validation["step"], validation[metric][best]
        marker = "o" if len(epochs) == 1 else None
        axes.plot(train["step"], train[metric], color=BLUE, marker=marker, label="training")
        axes.plot(epochs, validation[metric], color=ORANGE, marker=marker, label="validation")
        axes.axvline(epochs[best], color=GREY, linewidth=0.8, linestyle="--")
        axes.plot(epochs[best], kept, "o", color=GREY, label=f"kept: epoch {epochs[best]:.0f}, {kept:.3f}")
        axes.set(title=metric.capitalize(), xlabel="epoch", ylabel=metric)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.legend()
    return figure


@house_style
def confusion_matrix(actual: np.ndarray, predicted: np.ndarray, classes: tuple[str, ...] = CLASSES) -> Figure:
    """Draw, for each actual class, what share of its faces was taken for each class.

    Args:
        actual: integers (N,), the numbers of the classes.
        predicted: the same of the predictions.
        classes: their names.
    """
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (actual, predicted), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    wider = 0.55 * (max(len(classes), len(CLASSES)) - len(CLASSES))  # inches
    figure = Figure(figsize=(7 + wider, 6 + wider))
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.5 else "black"
        centre = {"x": column, "s": f"{share:.0%}", "color": colour, "ha": "center"}
        axes.text(y=row - 0.02, va="bottom", **centre)
        axes.text(y=row + 0.08, va="top", **{**centre, "s": f"{counts[row, column]:,}"}, fontsize=7)
    names = [f"{name}\n({total:,})" for name, total in zip(classes, counts.sum(axis=1), strict=True)]
    axes.set_xticks(range(len(classes)), classes, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(classes)), names)
    axes.set(title="Confusion on the test split", xlabel="predicted class", ylabel="actual class (faces)")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, shrink=0.8, label="share of the actual class", format=PercentFormatter(1))
    bar.outline.set_visible(False)
    return figure


@house_style
def per_class_f1(f1: np.ndarray, classes: tuple[str, ...] = CLASSES) -> Figure:
    """Draw the F1 of each class, beside the paper's where the classes are FER-2013's.

    Args:
        f1: float (K,), by the numbers of the classes; NaN for a class without faces, which gets no bar.
        classes: their names.
    """
    figure = Figure(figsize=(_width(classes), 3.8))
    axes = figure.subplots()
    both: list[tuple[float, np.ndarray, str, str]] = [
        (-0.2, f1, BLUE, "this run"),
        (0.2, np.array(paper.F1), ORANGE, "paper"),
    ]
    for offset, values, colour, name in both if classes == CLASSES else [(0, f1, BLUE, "this run")]:
        bars = axes.bar(
            np.arange(len(classes)) + offset,
            values,
            width=0.38,
            color=colour,
            label=f"{name} (macro F1 {np.nanmean(values):.3f})",
        )
        axes.bar_label(bars, fmt="%.3f", fontsize=8, padding=1)
    _name_classes(axes, classes)
    axes.set(title="F1 of each class on the test split", ylabel="F1", ylim=(0, 1))
    figure.legend(loc="outside lower center", ncols=2)
    return figure


@house_style
def class_balance(splits: Mapping[str, np.ndarray], classes: tuple[str, ...] = CLASSES) -> Figure:
    """Draw the share of each class in each split, with the number of faces on the bars.

    Args:
        splits: the labels of each split, integers (N,), by its name.
        classes: the names of the classes.
    """
    figure = Figure(figsize=(_width(classes), 3.8))
    axes = figure.subplots()
    width = 0.84 / len(splits)
    for index, (name, labels) in enumerate(splits.items()):
        counts = np.bincount(labels, minlength=len(classes))
        bars = axes.bar(
            np.arange(len(classes)) + (index - (len(splits) - 1) / 2) * width,
            counts / len(labels),
            width=width * 0.94,
            color=(BLUE, ORANGE, GREEN)[index],
            label=f"{name} ({len(labels):,} faces)",
        )
        axes.bar_label(bars, [f"{count:,}" for count in counts], fontsize=8, padding=2, rotation=90)
    _name_classes(axes, classes)
    axes.set(title="Class balance of the splits", ylabel="share of the split")
    axes.margins(y=0.15)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    figure.legend(loc="outside lower center", ncols=len(splits))
    return figure


@house_style
def reliability(bins: Columns, error: float) -> Figure:
    """Draw the accuracy of each bin, its gap to the confidence, and how the rows are spread.

    Args:
        bins: of the confidence: "low" and "high" edge, "rows", their mean "confidence" and "accuracy",
            each (B,).
        error: the expected calibration error of all bins.
    """
    figure = Figure(figsize=(5.2, 6))
    axes, histogram = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1])
    place = {"x": bins["low"], "width": bins["high"] - bins["low"], "align": "edge"}
    axes.bar(height=bins["accuracy"], color=SKY, edgecolor="white", label="accuracy", **place)
    _mark_gaps(axes, bins)
    axes.plot([0, 1], [0, 1], "--", color="black", linewidth=1, label="calibrated")
    axes.set(title=f"Reliability (ECE {error:.3f})", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    histogram.bar(height=bins["rows"] / bins["rows"].sum(), color=GREY, edgecolor="white", **place)
    histogram.set(xlabel="confidence in the predicted class", ylabel="share of\nthe faces")
    histogram.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _mark_gaps(axes: Axes, bins: Columns) -> None:
    """Mark the gap to the confidence: above the bar of the accuracy, or inside it and see-through."""
    gap = bins["confidence"] - bins["accuracy"]
    marks: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
        "overconfident": (gap > 0, {"facecolor": "white", "edgecolor": VERMILION, "hatch": "////"}),
        "underconfident": (gap < 0, {"facecolor": "none", "edgecolor": "black", "hatch": "..."}),
    }
    for label, (chosen, look) in marks.items():
        if chosen.any():
            low, high = bins["low"][chosen], bins["high"][chosen]
            bottom = np.minimum(bins["accuracy"], bins["confidence"])[chosen]
            height = np.abs(gap[chosen])
            axes.bar(low, height, high - low, bottom, align="edge", linewidth=0.8, label=label, **look)


@house_style
def gallery(
    images: Images,
    actual: np.ndarray,
    predicted: np.ndarray,
    confidence: np.ndarray,
    columns: int,
    maps: Sequence[np.ndarray | None],
    classes: tuple[str, ...] = CLASSES,
) -> Figure:
    """Draw a row of faces that are recognised and two of the surest mistakes, with what spoke for them.

    Args:
        images: uint8 (N, 48, 48, 1).
        actual: integers (N,), the numbers of the classes.
        predicted: the same of the predictions.
        confidence: float (N,), the probability of the predicted class.
        columns: faces in a row.
        maps: for each face, what spoke for the predicted class, float (h, w), 0 to 1, where that is known.
        classes: the names of the classes.
    """
    surest = np.argsort(-confidence, kind="stable")
    right = surest[(predicted == actual)[surest]]
    wrong = surest[(predicted != actual)[surest]]
    spread = np.linspace(0, len(right) - 1, min(columns, len(right))).round().astype(int)

    figure = Figure(figsize=(max(1.3 * columns, 5.2), 8.4))
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=[1.1, 3.6]).ravel()
    upper.suptitle("Right, from the most to the least confident: class, confidence", fontsize=11)
    lower.suptitle(
        "Wrong, the most confident first: actual → predicted, confidence; below, what spoke for it",
        fontsize=11,
    )
    for part, chosen, rows in ((upper, right[spread], 1), (lower, wrong[: 2 * columns], 4)):
        places = part.subplots(rows, columns, squeeze=False)
        for axes in places.ravel():
            axes.set_axis_off()
        if len(chosen) == 0:
            places[0, 0].text(0, 0.5, "none")
        for number, face in enumerate(chosen):
            row, column = divmod(number, columns)
            axes = places[row if rows == 1 else 2 * row, column]
            _draw_face(axes, images[face])
            axes.set_title(
                _face_label(classes[actual[face]], classes[predicted[face]], confidence[face]), fontsize=8
            )
            if rows > 1 and (heat := maps[face]) is not None:
                _draw_face(places[2 * row + 1, column], images[face], heat)
    return figure


def _face_label(actual: str, predicted: str, confidence: float) -> str:
    return (
        f"{actual} {confidence:.2f}" if actual == predicted else f"{actual} →\n{predicted} {confidence:.2f}"
    )


def _draw_face(axes: Axes, image: np.ndarray, heat: np.ndarray | None = None) -> None:
    """Draw a face, uint8 (48, 48, 1), under the colour of a map, float (h, w), if there is one."""
    shown = image[:, :, 0] if heat is None else np.asarray(overlaid(image[:, :, 0], heat, len(image)))
    axes.imshow(shown, cmap="gray", vmin=0, vmax=255, interpolation="nearest")


def _width(classes: tuple[str, ...]) -> float:
    """Return the width in inches of a figure with bars for each class."""
    return 9 + 0.9 * max(0, len(classes) - len(CLASSES))


def _name_classes(axes: Axes, classes: tuple[str, ...]) -> None:
    axes.set_xticks(range(len(classes)), classes)
    if classes != CLASSES:  # which may be many, or long
        axes.set_xticks(range(len(classes)), classes, rotation=30, ha="right", rotation_mode="anchor")
    axes.grid(visible=False, axis="x")
    axes.tick_params(axis="x", length=0)
