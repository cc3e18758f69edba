"""Make pretrained/emotion.onnx again, the model that comes with the project, and compare.

    python -m experiments.pretrained             # say whether it comes out the same
    python -m experiments.pretrained --replace   # put the new one in its place

It is the ONNX export of a row of the table of results. On another processor its bytes are others; then its
accuracy must be the same within two standard errors.
"""

import argparse
import hashlib
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from emotion.config.recipes import find_row
from emotion.inference.metadata import ModelInfo
from emotion.inference.recognizer import EmotionRecognizer
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.files import whole_file
from experiments.commits import refuse_what_dvc_loses
from experiments.measure import measurable_data, run
from experiments.reproduce import tolerance

ROW, SEED = "fast-long-photos-official", 0
EXPERIMENT = "pretrained"
EXPORTED = "models/emotion.onnx"
SHIPPED = Path("pretrained/emotion.onnx")


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
    made, rows = make(data)
    if args.replace:
        with whole_file(SHIPPED) as partial:
            partial.write_bytes(made)
        print(f"{SHIPPED}: {len(made):,} bytes, MD5 {hashlib.md5(made).hexdigest()}")
    else:
        print(compare(SHIPPED, made, rows))


def make(data: dict[str, Any]) -> tuple[bytes, int]:
    """Return the export of the row, and how many test faces it was measured on.

    Args:
        data: parameters of fetch.

    Raises:
        UserError: the experiment failed.
    """
    done = run(EXPERIMENT, find_row(ROW).settings | {"train.seed": SEED}, data)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "emotion.onnx")
        subprocess.run(
            ["dvc", "get", "--quiet", ".", EXPORTED, "--rev", EXPERIMENT, "--out", file], check=True
        )
        return file.read_bytes(), int(done.scores["rows"])


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
