"""Images per second of training: this project's loop against a plain Keras `fit`.

    python -m benchmarks.training

Both loops stand in benchmarks/loops.py; this project's trains once in float32 and once in bfloat16. Each
trains in a process of its own and waits for its turn after every epoch, so that the epochs alternate and
one trains at a time. The first epoch, in which Keras traces the model, does not count.
"""

import argparse
import contextlib
import multiprocessing
import os
import sys
import time
from multiprocessing.connection import Connection
from typing import Any, Literal

from benchmarks.table import row
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.machine import bfloat16

Side = Literal["plain", "float32", "bfloat16"]

SIDES: tuple[Side, ...] = ("plain", "float32", "bfloat16")
IMAGES = 1536
EPOCHS = 5  # the first does not count


def main() -> None:
    """Train all sides in turn, and print a row of the table for each precision."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    rates = images_per_second()
    unchecked = "" if bfloat16() == "yes" else "not checked, for want of bfloat16 instructions"
    name, plain = "plain Keras in float32", rates["plain"]
    print(row("training in float32", "images/s", rates["float32"], name, plain, at_least=1))
    print(
        row(
            "training in bfloat16",
            "images/s",
            rates["bfloat16"],
            name,
            plain,
            at_least=1.3,
            unchecked=unchecked,
        )
    )


def images_per_second() -> dict[Side, list[float]]:
    """Return the speed of each side in each epoch that counts; validation is part of an epoch."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = {}, []
    for side in SIDES:
        pipes[side], theirs = context.Pipe()
        processes.append(context.Process(target=train, args=(side, theirs), daemon=True))
        processes[-1].start()
        theirs.close()  # so that recv() ends when the process does
    rates: dict[Side, list[float]] = {side: [] for side in SIDES}
    for _ in range(EPOCHS):
        for side, pipe in pipes.items():
            try:
                pipe.send("go")
                rates[side].append(IMAGES / pipe.recv())
            except (EOFError, OSError) as error:
                raise UserError(f"the {side} side of the training benchmark failed; see above") from error
    for process in processes:
        process.join()
    return {side: measured[1:] for side, measured in rates.items()}


def train(side: Side, pipe: Connection) -> None:
    """Train one side in this process, an epoch at each word of the main process."""
    if side == "plain":
        os.environ["TF_NUM_INTEROP_THREADS"] = (
            "0"  # TensorFlow's default, where emotion.network.keras_setup asks for 1
        )
    from benchmarks import loops  # imports Keras, after the line above

    clock = Clock(pipe)
    with one_line_errors(), contextlib.redirect_stdout(sys.stderr):  # standard output is for the table
        clock.wait()
        if side == "plain":
            loops.plain(IMAGES, EPOCHS, clock.end_epoch)
        else:
            loops.this_project(IMAGES, EPOCHS, side, clock.end_epoch)


class Clock:
    """Times the epochs of one side, each from the word of the main process to its end."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe = pipe
        self.left = EPOCHS

    def wait(self) -> None:
        """Wait for the word and start."""
        self.pipe.recv()
        self.began = time.perf_counter()

    def end_epoch(self, *_: Any) -> None:
        """Send the seconds of the epoch that ends, and wait for the next turn if there is one."""
        self.pipe.send(time.perf_counter() - self.began)
        self.left -= 1
        if self.left:
            self.wait()


if __name__ == "__main__":
    with one_line_errors():
        main()
