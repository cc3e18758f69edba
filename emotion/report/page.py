"""The report of a run: one page that loads nothing."""

import base64
import hashlib
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from emotion.evaluation import paper
from emotion.labels import CLASSES
from emotion.report.charts import Measured, curves, dots, reliability
from emotion.report.intervals import PEOPLE, wilson
from emotion.report.mistakes import Mistake, most_confident
from emotion.report.run import FER2013, FERPLUS, OF_FER2013, Run, unseen_scores
from emotion.report.text import number, percent, published, score, value
from emotion.validation.facts import KNOWN_FAULTS

TEMPLATES = Path(__file__).with_name("templates")


def page(run: Run, mistakes: int) -> str:
    """Return the report of a run as HTML.

    Args:
        run: the run.
        mistakes: how many of the most confident mistakes it shows; with 0 the page shows no face.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {each.__name__: each for each in (number, percent, published, score, value)}
    script = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    return environment.get_template("report.html").render(
        run=run,
        scores=run.scores,
        unseen=unseen_scores(run.scores),
        wilson=wilson,
        comparable=run.data == FER2013,
        of_fer2013=run.data in OF_FER2013,
        paper=paper,
        classes=run.test.classes,
        own_classes=run.test.classes != CLASSES and run.data != FERPLUS,
        accuracies=dots(accuracies(run)),
        confusion=confusion(run.actual, run.predicted, len(run.test.classes)),
        mistakes=gallery(run, mistakes) if mistakes else None,
        curves=[curves(name, run.curves, run.training["best_epoch"]) for name in ("loss", "accuracy")],
        epochs=epochs(run),
        reliability=reliability(run.bins),
        bins=zip(*(run.bins[name] for name in ("rows", "confidence", "accuracy")), strict=True),
        known_faults=KNOWN_FAULTS,
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def accuracies(run: Run) -> list[Measured]:
    """Return the accuracy on all and on the unseen rows; on FER-2013 also the paper's and that of people."""
    scores = run.scores
    interval = scores["accuracy_low"], scores["accuracy_high"]
    measured = [
        Measured(f"all test faces: {score(scores['accuracy'])}", scores["accuracy"], *interval, "run")
    ]
    for name, of in unseen_scores(scores).items():
        if of["rows"]:
            interval = wilson(of["accuracy"], of["rows"])
            measured.append(
                Measured(f"{name} test faces: {score(of['accuracy'])}", of["accuracy"], *interval, "run")
            )
    if run.data == FER2013:
        interval = wilson(paper.ACCURACY, sum(paper.SUPPORT))
        measured.append(
            Measured(f"the paper: {published(paper.ACCURACY)}", paper.ACCURACY, *interval, "other")
        )
        low, high = PEOPLE
        measured.append(
            Measured("people: 0.65 ± 0.05 (Goodfellow et al., 2013)", (low + high) / 2, low, high, "other")
        )
    return measured


def confusion(actual: np.ndarray, predicted: np.ndarray, classes: int) -> list[list[tuple[int, float]]]:
    """Return, for each actual class, how many of its faces were taken for each class, and their share."""
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (actual, predicted), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return [
        [(int(count), float(share)) for count, share in zip(*row, strict=True)]
        for row in zip(counts, shares, strict=True)
    ]


def epochs(run: Run) -> list[tuple[int, ...]]:
    """Return the number of each epoch, then loss and accuracy on the train and on the validation split."""
    columns = [run.curves[split][name] for split in ("train", "validation") for name in ("loss", "accuracy")]
    return list(zip(run.curves["train"]["step"], *columns, strict=True))


def gallery(run: Run, count: int) -> list[Mistake]:
    """Return the most confident mistakes of a run."""
    return most_confident(run.test, run.actual, run.predicted, run.confidence, run.maps, count)
