"""What was found, in words: lines for the terminal, JSON for a program, CSV for a table."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from emotion.inference.metadata import ModelInfo
from emotion.inference.recognizer import Face

SHOWN = 3  # emotions of a face, the most probable
HEADER = f"{'face':>6} {'left':>6} {'top':>6} {'width':>6} {'height':>6} {'score':>6}  emotion"
ROW_HEADER = f"{'row':>6}  emotion"


def model_line(path: Path, info: ModelInfo) -> str:
    """Return which model answers, what it is and how good."""
    return f"model: {path} ({info})"


def table(name: str, faces: Sequence[Face]) -> str:
    """Return the faces of a photo as lines for the terminal, a line each below a header."""
    if not faces:
        return f"{name}: no face found"
    lines = [f"{name}: {len(faces)} face{'s' if len(faces) > 1 else ''}", HEADER]
    for number, face in enumerate(faces, start=1):
        left, top, right, bottom = face.box
        lines.append(
            f"{number:>6} {left:>6.0f} {top:>6.0f} {right - left:>6.0f} {bottom - top:>6.0f} "
            f"{face.score:>6.2f}  {_most_probable(face.probabilities)}"
        )
    return "\n".join(lines)


def json_line(name: str, faces: Sequence[Face], model: str, **more: float | int) -> str:
    """Return one JSON object on a line: file, model, faces with box, score, emotion, probabilities.

    Args:
        name: of the file.
        faces: those in it.
        model: the path of the model.
        more: further fields, such as the frame of a video.
    """
    found = [
        {
            "box": [round(edge, 1) for edge in face.box],
            "score": round(face.score, 4),
            "emotion": face.emotion,
            "probabilities": _rounded(face.probabilities),
        }
        for face in faces
    ]
    return json.dumps({"file": name, "model": model, **more, "faces": found}, ensure_ascii=False)


def row_line(row: int, probabilities: Mapping[str, float]) -> str:
    """Return the answer for a row of a CSV of faces as a line for the terminal, below ROW_HEADER."""
    return f"{row:>6}  {_most_probable(probabilities)}"


def row_json(name: str, row: int, probabilities: Mapping[str, float], model: str) -> str:
    """Return one JSON object on a line: file, model, row, emotion, probabilities.

    Args:
        name: of the CSV.
        row: of the face; row 0 follows the header.
        probabilities: of each emotion.
        model: the path of the model.
    """
    emotion = max(probabilities, key=lambda each: probabilities[each])
    answer = {"emotion": emotion, "probabilities": _rounded(probabilities)}
    return json.dumps({"file": name, "model": model, "row": row, **answer}, ensure_ascii=False)


def csv_header(classes: Sequence[str]) -> str:
    """Return the header of the CSV of a video: a row is a face in a frame."""
    return ",".join(
        ("frame", "seconds", "face", "left", "top", "right", "bottom", "score", "emotion", *classes)
    )


def csv_rows(frame: int, seconds: float, faces: Sequence[Face]) -> list[str]:
    """Return a line for each face of a frame; a frame without a face has none."""
    return [
        ",".join(
            [
                f"{frame},{seconds:.3f},{number}",
                *(f"{edge:.1f}" for edge in face.box),
                f"{face.score:.4f},{face.emotion}",
                *(f"{value:.6f}" for value in face.probabilities.values()),
            ]
        )
        for number, face in enumerate(faces, start=1)
    ]


def _most_probable(probabilities: Mapping[str, float]) -> str:
    ranked = sorted(probabilities.items(), key=lambda item: -item[1])[:SHOWN]
    return ", ".join(f"{emotion} {probability:.0%}" for emotion, probability in ranked)


def _rounded(probabilities: Mapping[str, float]) -> dict[str, float]:
    return {emotion: round(value, 6) for emotion, value in probabilities.items()}
