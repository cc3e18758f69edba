"""Rendered faces with the seven expressions: FER-2013's schema without its photographs.

`python -m emotion.synthetic.expressions SHEET.png` draws a contact sheet to look at.

An expression is a set of action units of the Facial Action Coding System, FACS (Ekman, Friesen and Hager,
"Facial Action Coding System: The Manual", 2002): each moves one part of the face. Which units belong to an
emotion follows EMFACS (Friesen and Ekman, "EMFACS-7: Emotional Facial Action Coding System", 1983), with
lips that part in Happiness (25), brows that lower in Disgust (4) and lids that droop in Sad (43).
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from emotion.labels import CLASSES, SIDE
from emotion.runtime.errors import one_line_errors
from emotion.runtime.files import whole_file
from emotion.source.fer2013 import PUBLISHED_COUNTS, write_csv
from emotion.synthetic.drawing import ACTION_UNITS, Units, draw_batch

USAGE_COUNTS = (28709, 3589, 3589)  # of FER-2013, in the order of USAGES
BATCH = 64  # faces drawn at once: their arrays fit a core's cache

# Strength of the action units of each emotion where it is fully shown
EXPRESSIONS: dict[str, dict[int, float]] = {
    "Angry": {4: 1.0, 5: 0.4, 7: 0.8, 23: 1.0},
    "Disgust": {4: 0.4, 9: 1.0, 10: 1.0, 15: 0.5, 16: 0.4},
    "Fear": {1: 0.9, 2: 0.6, 4: 0.6, 5: 1.0, 20: 1.0, 25: 1.0},
    "Happiness": {6: 1.0, 12: 1.0, 25: 0.7},
    "Sad": {1: 1.0, 4: 0.5, 15: 1.0, 43: 0.4},
    "Surprise": {1: 1.0, 2: 1.0, 5: 1.0, 26: 1.0},
    "Neutral": {},
}


def main() -> None:
    """Draw a contact sheet: a row of eight faces for each expression, in the order of the labels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sheet", type=Path, help="where to write the PNG")
    parser.add_argument("--seed", type=int, default=0, help="other seeds give other people")
    args = parser.parse_args()
    if args.seed < 0:
        parser.error(f"--seed is {args.seed}: it must not be negative")
    from matplotlib.image import imsave

    columns = 8
    faces = render_faces(np.repeat(np.arange(len(CLASSES)), columns), args.seed)
    rows = faces.reshape(len(CLASSES), columns, SIDE, SIDE).swapaxes(1, 2)
    sheet = rows.reshape(len(CLASSES) * SIDE, columns * SIDE).repeat(3, 0).repeat(3, 1)
    with whole_file(args.sheet) as partial:
        imsave(partial, sheet, cmap="gray", vmin=0, vmax=255, format="png")


def write_faces(path: Path, rows: int, seed: int) -> None:
    """Write rendered faces as a CSV of the FER-2013 schema, in its shares of classes and Usage.

    Args:
        path: where to write.
        rows: how many faces; from 7 on, every class has at least one.
        seed: the same rows and seed give the same bytes.
    """
    random = np.random.default_rng([seed, 1])  # render_faces draws from the streams 0, 64, 128, …
    labels = random.permutation(in_shares(rows, PUBLISHED_COUNTS, least=1 if rows >= len(CLASSES) else 0))
    usage = random.permutation(in_shares(rows, USAGE_COUNTS))
    faces = (face for batch in _batches(labels, seed) for face in batch)
    write_csv(path, faces, labels, usage)


def render_faces(labels: np.ndarray, seed: int) -> np.ndarray:
    """Draw a face with the expression of each label, everything else about it at random.

    Args:
        labels: integers (N,), classes 0 to 6.
        seed: the same labels and seed give the same faces.

    Returns:
        uint8 (N, 48, 48).
    """
    return np.concatenate([np.empty((0, SIDE, SIDE), np.uint8), *_batches(labels, seed)])


def _batches(labels: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Yield the faces of `render_faces`, at most BATCH at a time."""
    for start in range(0, len(labels), BATCH):
        random = np.random.default_rng([seed, start])
        yield draw_batch(_action_units(labels[start : start + BATCH], random), random)


def in_shares(rows: int, counts: tuple[int, ...], least: int = 0) -> np.ndarray:
    """Return `rows` indices into `counts`, in order, in its shares: by largest remainder.

    An index that would come fewer than `least` times takes from the most frequent one.
    """
    ideal = rows * np.array(counts) / sum(counts)
    shares = np.floor(ideal).astype(int)
    shares[np.argsort(shares - ideal, kind="stable")[: rows - shares.sum()]] += 1
    while (shares < least).any():
        shares[shares.argmax()] -= 1
        shares[shares.argmin()] += 1
    return np.repeat(np.arange(len(counts)), shares)


def _action_units(labels: np.ndarray, random: np.random.Generator) -> Units:
    """Return the action units of each face: its emotion's, more or less strongly, and a trace of all."""
    table = np.array([[EXPRESSIONS[name].get(unit, 0) for unit in ACTION_UNITS] for name in CLASSES])
    shape = (len(labels), len(ACTION_UNITS))
    shown = random.uniform(0.55, 1.0, (len(labels), 1)) * random.uniform(0.75, 1.25, shape)
    strength = table[labels] * shown + random.uniform(0, 0.1, shape)
    return {
        unit: strength[:, column, None, None].astype(np.float32) for column, unit in enumerate(ACTION_UNITS)
    }


if __name__ == "__main__":
    with one_line_errors():
        main()
