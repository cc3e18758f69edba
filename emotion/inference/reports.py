"""What was found, in words: lines for the terminal, JSON for a program, CSV for a table."""

import json
from collections.abc import Sequence
from pathlib import Path

from emotion.inference.metadata import ModelInfo
from emotion.inference.recognizer import Face

HEADER = f"{'face':>6} {'left':>6} {'top':>6} {'width':>6} {'height':>6} {'score':>6}  emotion"


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
        ranked = sorted(face.probabilities.items(), key=lambda item: -item[1])[:3]
        emotions = ", ".join(f"{emotion} {probability:.0%}" for emotion, probability in ranked)
        lines.append(
            f"{number:>6} {left:>6.0f} {top:>6.0f} {right - left:>6.0f} {bottom - top:>6.0f} "
            f"{face.score:>6.2f}  {emotions}"
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
            "probabilities": {emotion: round(value, 6) for emotion, value in face.probabilities.items()},
        }
        for face in faces
    ]
    return json.dumps({"file": name, "model": model, **more, "faces": found}, ensure_ascii=False)


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
