"""Measure what another crop costs, and draw it: faces of the test split in larger pictures.

    python -m benchmarks.margins --test data/splits/test --out docs/margins.png

The side of the crop and its rise over the middle of the detector's box vary, one at a time.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from benchmarks.pasting import accuracy, arguments, look, materials
from emotion.evaluation.figures import BLUE, GREY, ORANGE, house_style, save_png
from emotion.inference.crop import cut, frame
from emotion.inference.recognizer import EmotionRecognizer
from emotion.runtime.errors import one_line_errors

# Added to the framing of the model, in sides of the detector's box
MARGINS = {"side": np.arange(-0.3, 0.31, 0.1), "rise": np.arange(-0.15, 0.16, 0.05)}
NAMES = {"side": "side of the crop", "rise": "rise of its middle over the box's"}
DPI = 80

Curves = dict[str, tuple[np.ndarray, np.ndarray]]  # of each quantity: its values, and the accuracy at each


def main() -> None:
    """Measure, print a table and write the figure."""
    parser = arguments(__doc__)
    parser.add_argument("--out", type=Path, required=True, help="where to write the figure, a PNG file")
    args = parser.parse_args()
    recognizer, faces, labels, pictures = materials(args)
    direct, curves = measure(recognizer, faces, labels, pictures)
    print(f"fed directly: {direct:.4f}")
    for name, (values, accuracies) in curves.items():
        print(f"\n| {NAMES[name]} | accuracy |\n|---|---|")
        for value, share in zip(values, accuracies, strict=True):
            print(f"| {value:.2f} | {share:.4f} |")
    used = {name: float(getattr(recognizer.info.framing, name)) for name in curves}
    save_png(draw(direct, curves, used), args.out, DPI)


def measure(
    recognizer: EmotionRecognizer, faces: np.ndarray, labels: np.ndarray, pictures: list[Image.Image]
) -> tuple[float, Curves]:
    """Return the accuracy of the faces that are found, fed directly, and cut out by each margin.

    Args:
        recognizer: the models.
        faces: uint8 (N, 48, 48).
        labels: integers (N,).
        pictures: of other things; they take turns.
    """
    framing = recognizer.info.framing
    framings = {
        name: [replace(framing, **{name: getattr(framing, name) + step}) for step in steps]
        for name, steps in MARGINS.items()
    }
    crops: dict[str, list[list[np.ndarray]]] = {name: [[] for _ in steps] for name, steps in MARGINS.items()}
    rows = []
    for index, seen in enumerate(look(faces, pictures)):
        if seen.box is not None and seen.points is not None:
            rows.append(index)
            for name, others in framings.items():
                for number, other in enumerate(others):
                    square = frame(seen.box, seen.points, other)
                    crops[name][number].append(cut(seen.photo, square, recognizer.info.side))
    curves = {
        name: (
            np.array([getattr(other, name) for other in framings[name]]),
            np.array([accuracy(recognizer, cut_out, labels[rows]) for cut_out in crops[name]]),
        )
        for name in MARGINS
    }
    return accuracy(recognizer, list(faces[rows]), labels[rows]), curves


@house_style
def draw(direct: float, curves: Curves, used: dict[str, float]) -> Figure:
    """Draw the accuracy over each quantity.

    Args:
        direct: accuracy of the faces fed directly.
        curves: from `measure`.
        used: the value of each quantity that the model has.
    """
    figure = Figure(figsize=(9, 3.6))
    for axes, (name, (values, accuracies)) in zip(
        figure.subplots(1, len(curves), sharey=True), curves.items(), strict=True
    ):
        axes.plot(values, accuracies, "o-", color=BLUE, label="found and cut out")
        axes.axhline(direct, color=ORANGE, label="fed directly")
        axes.axvline(used[name], color=GREY, linewidth=0.8, linestyle="--", label="the model's crop")
        axes.set(xlabel=f"{NAMES[name]}, in sides of the box", ylabel="accuracy")
        axes.label_outer()
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


if __name__ == "__main__":
    with one_line_errors():
        main()
