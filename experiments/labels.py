"""What FER-2013's labels are worth, by the votes of FER+: docs/labels.md.

    dvc exp run -S fetch.ferplus=/where/fer2013new.csv fetch    # the faces and the votes, once
    python -m experiments.labels              # against the votes, and the model in pretrained/ against both
    python -m experiments.labels --folds 5    # and models, each trained without a fifth of the faces

What was measured goes to experiments/labels.json, and from there into the tables and the figure of the page.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from emotion.config.recipes import find_row
from emotion.config.schema import load_params
from emotion.data.votes import check_rows, majority, outcome
from emotion.evaluation.voters import disagreements, ranked, voter_scores
from emotion.labels import CLASSES
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.files import write_json
from emotion.runtime.project import ROOT
from emotion.source.fer2013 import Table, read_csv
from emotion.source.ferplus import FERPLUS_CLASSES, NO_FACE, UNKNOWN, Votes, read_votes
from experiments.labels_page import NO_MAJORITY, write_page

MEASURED = ROOT / "experiments/labels.json"
CHECKPOINTS = Path(".checkpoints")
FIRSTS = (100, 500, 1000, 2000, 5000)  # of the least likely labels
SEEN = 0  # index into USAGES: the model in pretrained/ was trained on Training


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", type=Path, default="data/raw/fer2013.csv", help="the faces")
    parser.add_argument("--votes", type=Path, default="data/raw/ferplus.csv", help="the votes on them")
    parser.add_argument("--model", type=Path, default="pretrained/emotion.onnx", help="trained on Training")
    parser.add_argument("--folds", type=int, help="train so many models, each without a part of the faces")
    parser.add_argument("--recipe", default="fast", help="of these trainings")
    args = parser.parse_args()
    if args.folds is not None and args.folds < 2:
        raise UserError(f"--folds {args.folds}: must be at least 2, or nothing is left to train on")
    table, votes = read(args.csv, args.votes)
    measured = json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else {"models": {}}

    measured["votes"] = against_votes(table, votes)
    rows = np.flatnonzero(table.usage != SEEN)
    says = held_out(args.model, table, rows)
    measured["models"][f"{args.model.as_posix()}, PublicTest and PrivateTest"] = of_model(
        table, votes, rows, says
    )
    if args.folds:
        from experiments.folds import out_of_fold  # here, because Keras takes seconds to import

        params = load_params(changes=find_row(f"{args.recipe}-random").settings)
        says = out_of_fold(table, params, args.folds, CHECKPOINTS)
        measured["models"][f"`{args.recipe}`, out of {args.folds} folds"] = of_model(
            table, votes, np.arange(len(table)), says
        )
    write_json(MEASURED, measured)
    write_page(measured)
    print(f"{MEASURED}; docs/labels.md and docs/labels.png")


def read(csv: Path, file: Path) -> tuple[Table, Votes]:
    """Return FER-2013 and the votes on its rows.

    Raises:
        UserError: one of them cannot be read, or they do not belong together.
    """
    votes, table = read_votes(file), read_csv(csv)
    if votes is None:
        raise UserError(f"{file} has no votes: set fetch.ferplus and run: dvc repro fetch (docs/labels.md)")
    check_rows(votes, table)
    return table, votes


def held_out(model: Path, table: Table, rows: np.ndarray) -> np.ndarray:
    """Return what an ONNX model says of these rows, float32 (N, 7)."""
    from emotion.export.parity import onnx_probabilities  # here, because it starts ONNX Runtime

    return onnx_probabilities(model, table.images[rows])


def against_votes(table: Table, votes: Votes) -> dict[str, dict[str, int]]:
    """Return for each label how many of its faces the voters take for each class, or agree on nothing."""
    found = outcome(votes.counts)
    names = [*FERPLUS_CLASSES, UNKNOWN, NO_FACE, NO_MAJORITY]
    counts = np.zeros((len(CLASSES), len(names)), int)
    np.add.at(counts, (table.emotion, found), 1)  # NONE is -1, the last
    return {
        label: dict(zip(names, row, strict=True)) for label, row in zip(CLASSES, counts.tolist(), strict=True)
    }


def of_model(table: Table, votes: Votes, rows: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    """Return what the voters say of a model and of the labels, on rows that it was not trained on.

    Args:
        table: the faces.
        votes: on them.
        rows: integers (N,).
        probabilities: float (N, 7).
    """
    labels, voted = table.emotion[rows], majority(votes.counts[rows])
    predicted = probabilities.argmax(axis=1)
    sides = disagreements(labels, predicted, voted, len(CLASSES))
    return {
        "rows": len(rows),
        "accuracy": round(float((predicted == labels).mean()), 4),
        "voters": voter_scores(labels, predicted, voted),
        "disagreements": {name: side._asdict() for name, side in zip(CLASSES, sides, strict=True)},
        "ranking": ranked(labels, probabilities, voted, FIRSTS)._asdict(),
    }


if __name__ == "__main__":
    with one_line_errors():
        main()
