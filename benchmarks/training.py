"""Images per second of training: this project's loop against a plain Keras `fit`.

    python -m benchmarks.training

Both are in benchmarks/loops.py; this project's side trains once in float32 and once in bfloat16. Each
side trains in a process of its own and waits for its turn after every epoch, so the epochs alternate and
one side runs at a time. The first epoch, in which Keras compiles, does not count.
"""

import argparse
import contextlib
import multiprocessing
import os
import sys
import time
from multiprocessing.connection import Connection
from statistics import median
from typing import Any

from benchmarks.machine import bfloat16
from benchmarks.table import at_least, quote, row
from emotion.errors import UserError, one_line_errors

IMAGES = 512
EPOCHS = 2  # that count
SIDES = ("plain", "float32", "bfloat16")
GOALS = {"float32": 1.0, "bfloat16": 1.3}


def main() -> None:
    """Train all sides in turn, and print a row of the table for each precision."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    rates = images_per_second()
    for precision, goal in GOALS.items():
        ratio = median(rates[precision]) / median(rates["plain"])
        verdict = at_least(goal, ratio)
        if precision == "bfloat16" and bfloat16() != "yes":
            verdict = f"at least {goal:.2f}, where the processor has bfloat16: not checked here"
        print(
            row(
                f"training in {precision}",
                quote(rates[precision], "images/s"),
                f"plain Keras in float32: {quote(rates['plain'], 'images/s')}",
                ratio,
                verdict,
            )
        )


def images_per_second() -> dict[str, list[float]]:
    """Return the rate of each side in each epoch that counts; validation is part of an epoch."""
    context = multiprocessing.get_context("spawn")
    pipes = {}
    for side in SIDES:
        pipes[side], theirs = context.Pipe()
        context.Process(target=train, args=(side, theirs), daemon=True).start()
        theirs.close()  # so that recv() ends when the process does
    rates: dict[str, list[float]] = {side: [] for side in SIDES}
    for epoch in range(1 + EPOCHS):
        for side, pipe in pipes.items():
            try:
                pipe.send("go")
                seconds = pipe.recv()
            except (EOFError, OSError) as error:
                raise UserError(f"the {side} side of the training benchmark ended; see above") from error
            if epoch > 0:
                rates[side].append(IMAGES / seconds)
    return rates


def train(side: str, pipe: Connection) -> None:
    """Train one side in this process, an epoch at each word of the main process, until that ends."""
    if side == "plain":
        os.environ["TF_NUM_INTEROP_THREADS"] = "0"  # TensorFlow's default, where emotion.backend asks for 1
    from benchmarks import loops  # imports Keras, which reads the line above

    clock = Clock(pipe)
    with one_line_errors(), contextlib.redirect_stdout(sys.stderr):  # standard output is for the table
        clock.wait()
        if side == "plain":
            loops.plain(IMAGES, 1 + EPOCHS, clock.turn)
        else:
            loops.this_project(IMAGES, 1 + EPOCHS, side, clock.turn)


class Clock:
    """Times one side: it runs from the word of the main process to the end of the epoch."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe = pipe

    def wait(self) -> None:
        """Wait for the word, and start."""
        self.pipe.recv()
        self.began = time.perf_counter()

    def turn(self, *_: Any) -> None:
        """Report the seconds of the epoch that ends here, and wait for the next word."""
        self.pipe.send(time.perf_counter() - self.began)
        self.wait()


if __name__ == "__main__":
    with one_line_errors():
        main()
