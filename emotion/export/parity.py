"""How far an exported model answers like Keras, and whether that is near enough."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from emotion.inference.sessions import open_session
from emotion.runtime.errors import UserError

BATCH = 256  # faces predicted at once, which bounds the memory
LARGEST_DIFFERENCE = 1e-4  # in probability, of a float export
LARGEST_LOSS = 0.005  # in accuracy, of the int8 export: half a point
# More than half a point may be lost where it is at most so many faces, which is where there are under 1,000.
# Rounding to 8 bits changes the class of undecided faces, and on so few it is chance whether they were right.
FEW_FACES = 5


@dataclass(frozen=True)
class Parity:
    """An exported model beside Keras on the same faces.

    Attributes:
        max_difference: the largest difference of a probability.
        agreement: share of the faces that both give the same class.
        accuracy: share of the faces that the export gives their label.
        loss: accuracy of Keras minus `accuracy`.
        faces: how many they are.
        bytes: size of the file.
    """

    max_difference: float
    agreement: float
    accuracy: float
    loss: float
    faces: int
    bytes: int

    def rounded(self) -> dict[str, float]:
        """Return the numbers by name, the difference to two digits and shares to four decimals."""
        shares = {name: round(value, 4) for name, value in asdict(self).items()}
        return shares | {"max_difference": float(f"{self.max_difference:.1e}")}


def onnx_probabilities(file: Path, faces: np.ndarray) -> np.ndarray:
    """Return what an ONNX model says of faces, uint8 (N, 48, 48, 1): float32 (N, classes)."""
    session = open_session(file, threads=0)
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: batch})[0] for batch in _batches(faces)])


def litert_probabilities(file: Path, faces: np.ndarray) -> np.ndarray:
    """Return what a LiteRT model says of faces, uint8 (N, 48, 48, 1): float32 (N, classes)."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(file))
    taken, given = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    answers = []
    for batch in _batches(faces):
        interpreter.resize_tensor_input(taken, batch.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(taken, batch)
        interpreter.invoke()
        answers.append(interpreter.get_tensor(given))
    return np.concatenate(answers)


def compare(keras_says: np.ndarray, export_says: np.ndarray, labels: np.ndarray, size: int) -> Parity:
    """Return how an export answers beside Keras.

    Args:
        keras_says: probabilities, float (N, classes).
        export_says: the same, of the export.
        labels: integers (N,).
        size: of the export's file, in bytes.
    """
    classes, others = keras_says.argmax(axis=1), export_says.argmax(axis=1)
    accuracy = float((others == labels).mean())
    return Parity(
        max_difference=float(np.abs(keras_says - export_says).max()),
        agreement=float((classes == others).mean()),
        accuracy=accuracy,
        loss=float((classes == labels).mean()) - accuracy,
        faces=len(labels),
        bytes=size,
    )


def summary(parity: Parity) -> str:
    """Return the size and the numbers of a comparison as a line for the terminal."""
    return (
        f"{parity.bytes / 1e6:.2f} MB, accuracy {parity.accuracy:.4f}, differs from Keras by at most "
        f"{parity.max_difference:.2g}, the same class for {parity.agreement:.2%} of {parity.faces:,} faces"
    )


def check_float(name: str, parity: Parity) -> None:
    """Refuse a float export that does not answer as Keras does.

    Raises:
        UserError: a probability differs by 1e-4 or more, or a face has another class.
    """
    if not parity.max_difference < LARGEST_DIFFERENCE or parity.agreement < 1:
        raise UserError(
            f"{name} differs from Keras by {parity.max_difference:.2g} in probability, must stay under "
            f"{LARGEST_DIFFERENCE}, and agrees on {parity.agreement:.2%} of the faces, must on all; "
            "try another export.opset"
        )


def check_int8(name: str, parity: Parity) -> None:
    """Refuse an int8 export that loses more than half a point of accuracy, and more than five faces.

    Raises:
        UserError: it does.
    """
    allowed = max(LARGEST_LOSS, FEW_FACES / parity.faces)
    if not parity.loss <= allowed:
        raise UserError(
            f"{name} loses {100 * parity.loss:.2f} points of accuracy on {parity.faces:,} faces, may lose "
            f"{100 * allowed:.2f}; to export without it: dvc exp run -S export.int8=false"
        )


def _batches(faces: np.ndarray) -> list[np.ndarray]:
    return [np.ascontiguousarray(faces[start : start + BATCH]) for start in range(0, len(faces), BATCH)]
