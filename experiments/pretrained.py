"""Make pretrained/emotion.onnx again, the model that comes with the project, and compare.

    python -m experiments.pretrained             # say whether it comes out the same
    python -m experiments.pretrained --replace   # put the new one in its place

It is the ONNX export of a row of the table of results; its card is pretrained/README.md. On another processor
its bytes are others; then its accuracy must be the same within two standard errors.
"""

import argparse
import hashlib
import tempfile
from pathlib import Path
from typing import Any

from emotion.config.recipes import find_row
from emotion.config.schema import Params
from emotion.inference.metadata import ModelInfo
from emotion.inference.recognizer import EmotionRecognizer
from emotion.report.card import model_card
from emotion.report.run import FER2013
from emotion.runtime.dvc import dvc
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.files import whole_file
from experiments.commits import refuse_what_dvc_loses
from experiments.measure import Run, measurable_data, run
from experiments.reproduce import tolerance

ROW, SEED = "fast-long-photos-official", 0
EXPERIMENT = "pretrained"
EXPORTED = "models/emotion.onnx"
SHIPPED, CARD = Path("pretrained/emotion.onnx"), Path("pretrained/README.md")


def main() -> None:
    """Run the row, take its export, and compare it with the model that is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", nargs="*", default=[], help="parameters of fetch, as fetch.source=file")
    parser.add_argument("--replace", action="store_true", help="put the new model in the place of the old")
    args = parser.parse_args()
    data = measurable_data(args.set)
    refuse_what_dvc_loses()
    done, made = make(data)
    if args.replace:
        with whole_file(SHIPPED) as partial:
            partial.write_bytes(made)
        info = EmotionRecognizer(SHIPPED).info
        with whole_file(CARD) as partial:
            partial.write_text(card(done.params, info, done.scores, done.exports), encoding="utf-8")
        print(f"{SHIPPED}: {len(made):,} bytes, MD5 {hashlib.md5(made).hexdigest()}; {CARD}")
    else:
        print(compare(SHIPPED, made, int(done.scores["rows"])))


def make(data: dict[str, Any]) -> tuple[Run, bytes]:
    """Run the row, and return the run and its export.

    Args:
        data: parameters of fetch.

    Raises:
        UserError: the experiment failed.
    """
    done = run(EXPERIMENT, find_row(ROW).settings | {"train.seed": SEED}, data)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "emotion.onnx")
        dvc("get", "--quiet", ".", EXPORTED, "--rev", EXPERIMENT, "--out", str(file))
        return done, file.read_bytes()


def card(params: Params, info: ModelInfo, scores: dict[str, Any], exports: dict[str, Any]) -> str:
    """Return the text of the model's card.

    Args:
        params: of the run.
        info: what the model says about itself.
        scores: metrics/evaluation.json.
        exports: metrics/export.json, of which one file is shipped.
    """
    shipped = {SHIPPED.name: exports[SHIPPED.name]}
    repo, protocol = params["fetch"].repo, params["preprocess"].split
    return str(model_card(params["model"].name, info, FER2013, repo, protocol, scores, shipped))


def compare(shipped: Path, made: bytes, rows: int) -> str:
    """Return in words that a model came out as the shipped one.

    Args:
        shipped: the file.
        made: the new model.
        rows: test faces that both were measured on.

    Raises:
        UserError: there is none; or their accuracies are further apart than `tolerance` allows.
    """
    if not shipped.is_file():
        raise UserError(f"there is no {shipped} to compare with: --replace writes it")
    if shipped.read_bytes() == made:
        return f"{shipped}: the same model to the last byte"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "emotion.onnx")
        file.write_bytes(made)
        now = accuracy(EmotionRecognizer(file).info)
    then = accuracy(EmotionRecognizer(shipped).info)
    text = f"{shipped}: other bytes; accuracy {now:.4f}, of the shipped one {then:.4f}"
    if abs(now - then) > tolerance(then, rows):
        raise UserError(f"{text}: not within {tolerance(then, rows):.4f}")
    return f"{text}: within {tolerance(then, rows):.4f}"


def accuracy(info: ModelInfo) -> float:
    """Return the accuracy that a model's metadata have."""
    return float(info.score["accuracy"])


if __name__ == "__main__":
    with one_line_errors():
        main()
