"""A finished run, as the report and the model card show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from emotion.data.storage import Split
from emotion.inference.metadata import ModelInfo
from emotion.source.fer2013 import PUBLISHED_COUNTS

Metrics = Mapping[str, Any]
Columns = Mapping[str, np.ndarray]

FER2013, RENDERED, OWN = "FER-2013", "rendered faces", "own faces"
FERPLUS = "FER-2013 under the labels of FER+"
OF_FER2013 = (FER2013, FERPLUS)  # the same faces


@dataclass(frozen=True)
class Run:
    """What the stages have written.

    Attributes:
        params: the parameters of each section of params.yaml.
        paper: parameters of the paper's recipe, by names such as train.lr.
        verdict: metrics/validation.json.
        training: metrics/training.json.
        scores: metrics/evaluation.json.
        exports: metrics/export.json.
        curves: of "train" and "validation": "step", "loss" and "accuracy", each (E,).
        bins: the calibration: "low", "high", "rows", "confidence" and "accuracy", each (B,).
        test: the faces of the test split.
        actual: their classes, integers (N,).
        predicted: what the model takes them for, integers (N,).
        confidence: the probability of the predicted class, float (N,).
        maps: what spoke for the predicted class of the surest mistakes, float (h, w), 0 to 1, by row of the
            CSV.
        model: what the exported model says about itself.
        model_md5: the MD5 of its file, by which dvc.lock names it.
    """

    params: Mapping[str, Mapping[str, Any]]
    paper: Mapping[str, Any]
    verdict: Metrics
    training: Metrics
    scores: Metrics
    exports: Metrics
    curves: Mapping[str, Columns]
    bins: Columns
    test: Split
    actual: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    maps: Mapping[int, np.ndarray]
    model: ModelInfo
    model_md5: str

    @property
    def data(self) -> str:
        """FER2013, FERPLUS, RENDERED or OWN: only scores of the first can be compared with the paper's."""
        if tuple(self.verdict["classes"].values()) == PUBLISHED_COUNTS:
            return FER2013 if self.params["preprocess"]["labels"] == "fer2013" else FERPLUS
        return RENDERED if self.params["fetch"]["source"] == "faces" else OWN

    @property
    def protocol(self) -> str:
        """How the faces are split: random, official or grouped."""
        return str(self.params["preprocess"]["split"])

    def parameters(self) -> dict[str, Any]:
        """Return every parameter by its full name, such as train.lr."""
        return _flat(self.params)

    def differences(self) -> dict[str, tuple[Any, Any]]:
        """Return the parameters that the paper's recipe has otherwise: its value, and that of this run."""
        values = self.parameters()
        return {
            name: (value, values[name]) for name, value in self.paper.items() if values.get(name) != value
        }


def unseen_scores(scores: Metrics) -> dict[str, Metrics]:
    """Return the scores on the test faces that the training has not seen, by what the report calls these.

    Args:
        scores: metrics/evaluation.json; it has near_clean only if evaluate looked for near-duplicates.
    """
    named = {"clean": "clean", "near-clean": "near_clean"}
    return {name: scores[key] for name, key in named.items() if key in scores}


def _flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in content.items():
        values |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return values
