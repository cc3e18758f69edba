"""What an exported model says about itself, in the custom metadata of its ONNX file.

ONNX Runtime's JavaScript does not give it, so the page reads it from the file (web/src/metadata.js).
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emotion.inference.crop import Framing
from emotion.runtime.errors import UserError


@dataclass(frozen=True)
class ModelInfo:
    """A model of this pipeline.

    Attributes:
        classes: names, in the order of the probabilities.
        side: pixels of the input's side.
        framing: how a face is cut out for it.
        recipe: in a few words, what was trained, and how.
        score: what was measured, such as {"accuracy": 0.7, "split": "official"}.
        data: a hash of the data that it was trained on.
    """

    classes: tuple[str, ...]
    side: int
    framing: Framing = Framing()  # noqa: RUF009 - it is frozen
    recipe: str = "unknown recipe"
    score: dict[str, float | str] = field(default_factory=dict)
    data: str = ""

    def __str__(self) -> str:
        scores = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in self.score.items())
        return f"{self.recipe}; {scores or 'not measured'}"

    def to_metadata(self) -> dict[str, str]:
        """Return it as the text values of ONNX metadata."""
        return {
            "classes": json.dumps(self.classes),
            "side": json.dumps(self.side),
            "crop": json.dumps({"side": self.framing.side, "rise": self.framing.rise}),
            "recipe": self.recipe,
            "score": json.dumps(self.score),
            "data": self.data,
        }


def from_metadata(metadata: dict[str, str], path: Path) -> ModelInfo:
    """Return what the metadata of a model file say.

    Raises:
        UserError: they are not those of a model of this pipeline.
    """
    if "classes" not in metadata:
        raise UserError(f"{path} names no classes: it is not a model of this pipeline; run: dvc repro export")
    try:
        crop: dict[str, Any] = json.loads(metadata.get("crop", "{}"))
        return ModelInfo(
            classes=tuple(str(name) for name in json.loads(metadata["classes"])),
            side=int(json.loads(metadata["side"])),
            framing=Framing(**{name: float(value) for name, value in crop.items()}),
            recipe=metadata.get("recipe", "unknown recipe"),
            score=dict(json.loads(metadata.get("score", "{}"))),
            data=metadata.get("data", ""),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path} has metadata that cannot be read ({error}); run: dvc repro -f export"
        ) from error
