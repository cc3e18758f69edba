"""A finished run, made up: what the report and the card show, without a pipeline."""

from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from emotion.config.recipes import find_row
from emotion.config.schema import Params, load_params
from emotion.data.storage import Split
from emotion.evaluation.scores import calibration, evaluation
from emotion.labels import CLASSES
from emotion.report.run import Run
from emotion.source.fer2013 import PUBLISHED_COUNTS
from emotion.validation.facts import KNOWN_FAULTS
from tests.support.classifiers import INFO
from tests.support.parameters import PARAMS

ROWS, EPOCHS = 140, 5


def finished_run(rows: int = ROWS, epochs: int = EPOCHS, **changes: Any) -> Run:
    """Return a run on FER-2013, with some of its parts changed."""
    rng = np.random.default_rng(0)
    labels = (np.arange(rows) % len(CLASSES)).astype(np.uint8)
    logits = rng.normal(size=(rows, len(CLASSES)))
    logits[np.arange(rows), labels] += 2
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    bins = calibration(confidence, predicted == labels, 15)
    parity = {"max_difference": 4.5e-08, "agreement": 0.9871, "accuracy": 0.6549, "loss": 0.0017}
    steps = {"step": np.arange(epochs) + 1}
    run = Run(
        params=TypeAdapter(Params).dump_python(load_params(PARAMS)),
        paper=find_row("paper-random").settings,
        verdict={
            **{"success": True, "failed": 0, "warnings": 1, "rows": sum(PUBLISHED_COUNTS), "faulty_rows": 0},
            **dict.fromkeys(KNOWN_FAULTS, 12),
            "classes": dict(zip(CLASSES, PUBLISHED_COUNTS, strict=True)),
            "expectations": {"columns": "ok", "duplicates": "WARNING"},
        },
        training={
            **{"best_epoch": max(1, epochs - 1), "epochs": epochs, "parameters": 2787079},
            "validation": {"loss": 1.0187, "accuracy": 0.6687},
        },
        scores=evaluation(labels, probabilities, np.arange(rows) % 9 > 0, 100, 15, 0),
        exports={
            "keras": {"accuracy": 0.6566},
            "emotion.int8.onnx": parity | {"faces": rows, "bytes": 847_310},
        },
        curves={
            name: steps | {"loss": 2 / steps["step"] + shift, "accuracy": 0.6 - 0.4 / steps["step"]}
            for name, shift in (("train", 0.0), ("validation", 0.1))
        },
        bins=vars(bins),
        test=Split(
            images=rng.integers(0, 256, (rows, 48, 48, 1), np.uint8),
            labels=labels,
            rows=np.arange(rows, dtype=np.int32) * 3,
        ),
        actual=labels.astype(int),
        predicted=predicted,
        confidence=confidence,
        maps={},
        model=INFO,
        model_md5="0123456789abcdef0123456789abcdef",
    )
    return replace(run, **changes)
