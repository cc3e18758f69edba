"""Measure what is lost between a photo and the classifier, by faces of the test split in larger pictures.

    python -m benchmarks.photo --model models/emotion.onnx --test data/splits/test
    python -m benchmarks.photo --test data/splits/test --fer ~/fer/bin/python

The accuracy is that of the faces that are found: fed directly, cut out where they were pasted, and cut out
where the detector says. The Python that --fer names belongs to a virtual environment with fer 25.10.3, which
then gets the same photos.
"""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.pasting import SIZE, accuracy, arguments, covers, look, materials, pasted
from emotion.inference.crop import CROPS, around, cut, frame
from emotion.inference.recognizer import EmotionRecognizer
from emotion.labels import CLASSES
from emotion.runtime.errors import UserError, one_line_errors

ADAPTER = Path(__file__).with_name("fer_adapter.py")
HEADER = (
    "| | found | false | accuracy fed directly | cut out where pasted | through the whole path | kept |\n"
    "|---|---|---|---|---|---|---|"
)


def main() -> None:
    """Measure, and print a table."""
    parser = arguments(__doc__)
    parser.add_argument("--fer", type=Path, help="the Python of an environment that has the package fer")
    args = parser.parse_args()
    recognizer, faces, labels, pictures = materials(args)
    print(HEADER)
    print(this_project(recognizer, faces, labels, pictures), flush=True)
    if args.fer:
        print(fer(args.fer, faces, labels, pictures))


def this_project(
    recognizer: EmotionRecognizer, faces: np.ndarray, labels: np.ndarray, pictures: list[Image.Image]
) -> str:
    """Return the rows of this project: a face cut out once, as of a camera's pictures, and as of a photo.

    Args:
        recognizer: the models.
        faces: uint8 (N, 48, 48).
        labels: integers (N,).
        pictures: of other things; they take turns.
    """
    framing, side = recognizer.info.framing, recognizer.info.side
    rows, where_pasted, false = [], [], 0
    whole_path: list[np.ndarray] = []
    for index, seen in enumerate(look(faces, pictures)):
        false += seen.false
        if seen.box is not None and seen.points is not None:
            rows.append(index)
            where_pasted.append(cut(seen.photo, seen.place, side))
            square = frame(seen.box, seen.points, framing)
            whole_path.extend(cut(seen.photo, place, side) for place in around(square))
    direct, true = (accuracy(recognizer, crops, labels[rows]) for crops in (list(faces[rows]), where_pasted))
    answers = recognizer.classify(whole_path).reshape(len(rows), CROPS, -1)
    once, path = (
        float((each.argmax(axis=1) == labels[rows]).mean()) for each in (answers[:, 0], answers.mean(axis=1))
    )
    return "\n".join(
        _row(name, len(rows), len(faces), false, direct, f"{true:.4f}", kept)
        for name, kept in (("this project, a single crop", once), ("this project", path))
    )


def fer(python: Path, faces: np.ndarray, labels: np.ndarray, pictures: list[Image.Image]) -> str:
    """Return the row of the package fer, which runs in an environment of its own.

    Raises:
        UserError: it does not run there.
    """
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder, "faces.npy"), faces, allow_pickle=False)
        shape = (len(faces), SIZE[1], SIZE[0], 3)
        photos = np.lib.format.open_memmap(Path(folder, "photos.npy"), "w+", np.uint8, shape)
        for index, (photo, _) in enumerate(pasted(faces, pictures)):
            photos[index] = photo
        photos.flush()
        done = subprocess.run([python, ADAPTER, folder], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise UserError(f"fer does not run with {python}; try: {python} -m pip install fer==25.10.3")
    answers = json.loads(done.stdout.splitlines()[-1])
    rows, path, false = [], [], 0
    for index, (_, place) in enumerate(pasted(faces, pictures)):
        seen = answers["photos"][index]
        inside = [emotion for box, emotion in seen if covers(place, np.array(box))]
        false += len(seen) - min(1, len(inside))
        if inside:
            rows.append(index)
            path.append(CLASSES.index(inside[0]))
    direct = np.array([CLASSES.index(emotion) for emotion in answers["direct"]])
    shares = [float((says == labels[rows]).mean()) for says in (direct[rows], np.array(path))]
    return _row("fer", len(rows), len(faces), false, shares[0], "", shares[1])


def _row(name: str, found: int, faces: int, false: int, direct: float, true: str, path: float) -> str:
    return (
        f"| {name} | {found} of {faces} ({found / faces:.1%}) | {false} | {direct:.4f} | {true} | {path:.4f} "
        f"| {path / direct:.1%} |"
    )


if __name__ == "__main__":
    with one_line_errors():
        main()
