"""The faces of a photo and the emotion of each.

from emotion.inference import EmotionRecognizer
for face in EmotionRecognizer().predict("party.jpg"):
    print(face.emotion, face.probabilities)
"""

from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np

from emotion.inference.crop import CROPS, around, cut, frame
from emotion.inference.detector import FaceDetector
from emotion.inference.metadata import ModelInfo, from_metadata
from emotion.inference.photos import read_photo
from emotion.inference.sessions import open_session
from emotion.runtime.errors import UserError

# The model that comes with the project, and the one that its export stage writes
CHECKOUT = Path(__file__).parents[2]
MODELS = (CHECKOUT / "pretrained" / "emotion.onnx", CHECKOUT / "models" / "emotion.onnx")
BATCH = 64  # faces classified at once, which bounds the memory


@dataclass(frozen=True)
class Face:
    """A face in a photo.

    Attributes:
        box: left, top, right and bottom in pixels; it may reach beyond the photo.
        score: how sure the detector is that it is a face, 0 to 1.
        probabilities: of each emotion by its name; they add up to 1.
        emotion: the most probable one.
        crop: the face as it was classified, uint8 (side, side), grey.
    """

    box: tuple[float, float, float, float]
    score: float
    probabilities: dict[str, float]
    emotion: str
    crop: np.ndarray = field(repr=False, compare=False)


class EmotionRecognizer:
    """A detector and a classifier, ready to run; one object serves any number of photos, from any thread."""

    def __init__(self, model: str | Path | None = None, threads: int = 0) -> None:
        """Load the models.

        Args:
            model: an ONNX file that this pipeline exported; by default the first of MODELS that is there.
            threads: how many compute one call; 0 for as many as there are cores.

        Raises:
            UserError: the file is not there, cannot be read, or is a model of another kind.
        """
        self.path = default_model() if model is None else Path(model)
        self._session = open_session(self.path, threads)
        self.info = from_metadata(self._session.get_modelmeta().custom_metadata_map, self.path)
        self._check_ends(self.info)
        self._detector = FaceDetector(threads=threads)

    def predict(self, image: np.ndarray | str | Path, live: bool = False) -> list[Face]:
        """Return the faces of a photo, the surest first.

        Args:
            image: pixels, uint8 (H, W, 3) in RGB, or the path of a picture file.
            live: for a camera's pictures, which have less time: small faces are not looked for, and a face is
                cut out once instead of averaged over several crops.

        Raises:
            UserError: the file cannot be read, or the array is of another kind.
        """
        photo = _checked(image) if isinstance(image, np.ndarray) else read_photo(Path(image))
        found = self._detector.detect(photo, in_tiles=not live)
        squares = [
            frame(box, points, self.info.framing)
            for box, points in zip(found.boxes, found.points, strict=True)
        ]
        places = [[square] if live else around(square) for square in squares]
        crops = [[cut(photo, place, self.info.side) for place in each] for each in places]
        answers = self.classify(list(chain.from_iterable(crops)))
        means = answers.reshape(len(squares), 1 if live else CROPS, len(self.info.classes)).mean(axis=1)
        return [
            Face(
                box=(float(box[0]), float(box[1]), float(box[2]), float(box[3])),
                score=float(score),
                probabilities=dict(zip(self.info.classes, (float(value) for value in row), strict=True)),
                emotion=self.info.classes[int(row.argmax())],
                crop=crop[0],
            )
            for box, score, row, crop in zip(found.boxes, found.scores, means, crops, strict=True)
        ]

    def classify(self, faces: list[np.ndarray]) -> np.ndarray:
        """Return the probabilities of faces that are cut out already, float32 (N, classes).

        Args:
            faces: each uint8 (side, side), grey.
        """
        name = self._session.get_inputs()[0].name
        answers = [np.empty((0, len(self.info.classes)), np.float32)]
        for start in range(0, len(faces), BATCH):
            batch = np.stack(faces[start : start + BATCH])[..., None]
            answers.append(self._session.run(None, {name: batch})[0])
        return np.concatenate(answers)

    def _check_ends(self, info: ModelInfo) -> None:
        """Refuse a model whose input or output is not what its metadata say."""
        taken, given = self._session.get_inputs(), self._session.get_outputs()
        wanted = ([info.side, info.side, 1], "tensor(uint8)", [len(info.classes)], "tensor(float)")
        if len(taken) != 1 or len(given) != 1:
            raise UserError(
                f"{self.path} has {len(taken)} inputs and {len(given)} outputs, must have one of each"
            )
        has = (taken[0].shape[1:], taken[0].type, given[0].shape[1:], given[0].type)
        if has != wanted:
            raise UserError(
                f"{self.path} goes from {has[1]} {has[0]} to {has[3]} {has[2]}: not to emotions of a face"
            )


def default_model() -> Path:
    """Return the model that answers where none is named.

    Raises:
        UserError: there is none.
    """
    found = next((path for path in MODELS if path.is_file()), None)
    if found is None:
        raise UserError(
            "there is no model yet: run `dvc repro` for one of FER-2013, or `make demo` for one that knows "
            "rendered faces alone; or name an exported one with --model"
        )
    return found


def _checked(photo: np.ndarray) -> np.ndarray:
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3 or 0 in photo.shape:
        raise UserError(f"a photo is an array of uint8 (H, W, 3), not of {photo.dtype} {photo.shape}")
    return photo
