"""Images per second of training fast_cnn in bfloat16: this project's epochs against those of PyTorch.

    python -m venv ~/torch && ~/torch/bin/pip install torch==2.13.0 numpy
    python -m benchmarks.pytorch --torch ~/torch/bin/python

PyTorch has an environment of its own, where benchmarks/pytorch_adapter.py trains: eager, with autocast and
channels-last, the same network, augmentation and batches. This project's epochs are those of the recipe
`fast-bfloat16` on faces of 48 pixels, with Muon and a checkpoint; those of PyTorch have AdamW, whose step is
cheaper, and no checkpoint. Both validate on a ninth as many faces. The epochs alternate; each side's first
does not count.
"""

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.loops import random_splits
from benchmarks.table import row
from emotion.config.recipes import find_row
from emotion.config.schema import load_params
from emotion.network.model import build
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.machine import bfloat16
from emotion.training.loop import fit

ADAPTER = Path(__file__).with_name("pytorch_adapter.py")
IMAGES = 12_800  # of an epoch: about ten seconds
EPOCHS = 6  # the first, in which the model is traced, does not count


def main() -> None:
    """Train both in turn, and print a row of the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--torch", type=Path, required=True, help="the Python of an environment with PyTorch")
    args = parser.parse_args()
    ours, theirs = rates(args.torch)
    unchecked = "" if bfloat16() == "yes" else "not checked, for want of bfloat16 instructions"
    name = "training fast_cnn in bfloat16, faces of 48 pixels"
    print(row(name, "images/s", ours, "PyTorch", theirs, at_least=1.15, unchecked=unchecked))


def rates(python: Path) -> tuple[list[float], list[float]]:
    """Return the images a second of each epoch that counts, of this project and of PyTorch.

    Args:
        python: of PyTorch's environment.

    Raises:
        UserError: PyTorch's side failed.
    """
    whole = {"train.small_epochs": 0, "train.epochs": EPOCHS, "train.patience": EPOCHS}
    params = load_params(changes=find_row("fast-bfloat16-random").settings | whole)
    model, train = params["model"], params["train"]
    command = [str(python), str(ADAPTER), str(IMAGES), str(train.batch_size), str(train.shift)]
    ours, theirs = [], []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        theirs.append(_epoch(other))
        began = time.perf_counter()

        def end_of_epoch(_: dict[str, float]) -> None:
            nonlocal began
            ours.append(IMAGES / (time.perf_counter() - began))
            theirs.append(_epoch(other))
            began = time.perf_counter()

        # Standard output is for the table
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
            network = build(model, train.precision)
            fit(network, train, *random_splits(IMAGES), Path(folder, "checkpoint.npz"), end_of_epoch)
    return ours[1:], theirs[1:]


def _epoch(other: subprocess.Popen[str]) -> float:
    """Let PyTorch train for an epoch; return its images a second."""
    assert other.stdout is not None  # a pipe
    try:
        print("go", file=other.stdin, flush=True)
        return IMAGES / float(other.stdout.readline())
    except (OSError, ValueError) as error:
        raise UserError("PyTorch's side of the benchmark failed; see above") from error


if __name__ == "__main__":
    with one_line_errors():
        main()
