"""One training over several devices with JAX: all of a machine's, or those of several machines.

Each device holds the whole network and takes its share of the rows of every batch. On several machines each
process runs the same code on the same splits; process 0 alone writes. Keras's own variables say who takes
part: KERAS_DISTRIBUTION_JOB_ADDRESSES, _NUM_PROCESSES and _PROCESS_ID.
"""

import atexit
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from emotion.network.keras_setup import keras
from emotion.runtime.errors import INTERRUPTED, UserError
from emotion.training.lost import lost

PREFIX = "KERAS_DISTRIBUTION_"
HEARTBEAT = 40  # seconds without a sign of life after which a process counts as lost
JOIN = 300  # seconds to wait for the others at the start
SHUTDOWN = 600  # seconds to wait for the others at the end, where process 0 may be writing a checkpoint
CONNECTION = re.compile("gloo|nccl|peer|coordination|socket", re.IGNORECASE)  # in the error of a lost one
FILTER = Path(__file__).with_name("lost.py")


class Process(NamedTuple):
    """One of the processes that train together.

    Attributes:
        number: how many they are.
        rank: which one this is, from 0.
        address: host and port of process 0.
    """

    number: int
    rank: int
    address: str


@dataclass(frozen=True)
class Devices:
    """The devices that train together; by default the one that computes anyway.

    Attributes:
        count: how many, over all processes.
        processes: how many processes they belong to, each with equally many.
        rank: which process this is, from 0, which alone writes.
        distribution: Keras's name for how a training is spread; None for one device.
    """

    count: int = 1
    processes: int = 1
    rank: int = 0
    distribution: Any = None

    @property
    def first(self) -> bool:
        """Whether this process writes."""
        return self.rank == 0

    def spread(self) -> AbstractContextManager[Any]:
        """Return a block in which new variables and batches are spread over the devices."""
        return self.distribution.scope() if self.distribution else nullcontext()

    def share(self, batch: list[np.ndarray]) -> list[np.ndarray]:
        """Return the rows of a batch that this process takes.

        A batch that does not divide by the devices is filled up with some of its rows again. These have no
        class and weigh nothing, and the others weigh as much more, because Keras divides a loss by the number
        of rows. Batch normalisation alone sees them.

        Args:
            batch: images, targets (N, K) and, if any, weights (N,).
        """
        images, targets, *weights = batch
        rows = len(images)
        if missing := -rows % self.count:
            fill = np.arange(missing) % rows
            own = weights[0] if weights else np.ones(rows, np.float32)
            images = np.concatenate([images, images[fill]])
            targets = np.concatenate([targets, np.zeros_like(targets[fill])])
            scale = (rows + missing) / rows
            weights = [np.concatenate([own * scale, np.zeros(missing)]).astype(np.float32)]
        part = len(images) // self.processes
        return [array[self.rank * part :][:part] for array in (images, targets, *weights)]

    def from_first(self, content: bytes) -> bytes:
        """Return the bytes that process 0 has; what the others give is not used."""
        if self.processes == 1:
            return content
        from jax.experimental.multihost_utils import broadcast_one_to_all

        size = int(broadcast_one_to_all(np.array(len(content), np.int32)))
        given = np.frombuffer(content, np.uint8) if self.first else np.zeros(size, np.uint8)
        return np.asarray(broadcast_one_to_all(given)).astype(np.uint8).tobytes()

    def check_same(self, key: str) -> None:
        """Compare the keys of the training of all processes.

        Raises:
            UserError: they differ.
        """
        if self.processes == 1:
            return
        from jax.experimental.multihost_utils import process_allgather

        keys = process_allgather(np.frombuffer(key.encode(), np.uint8))
        if other := [rank for rank, found in enumerate(keys) if not np.array_equal(found, keys[0])]:
            raise UserError(
                f"process {other[0]} has other parameters, splits, code or versions than process 0: bring "
                "them to the same commit (git checkout, dvc pull), and start all processes again"
            )


class Accuracy(keras.metrics.CategoricalAccuracy):  # type: ignore[misc]
    """The share of the rows whose class is right; those without one, which fill up a batch, do not count."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Take in targets and probabilities (N, K); weights count nothing, as in Keras's `metrics`."""
        return super().update_state(y_true, y_pred, keras.ops.any(y_true > 0, axis=-1))


def this_process() -> Process:
    """Return which process this is, by Keras's variables; without them the only one.

    Raises:
        UserError: the variables contradict themselves or are not all there, or the backend is TensorFlow.
    """
    names = [f"{PREFIX}{name}" for name in ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID")]
    values = [os.environ.get(name, "") for name in names]
    if not any(values):
        return Process(1, 0, "")
    for name, value in zip(names, values, strict=True):
        if not value:
            raise UserError(f"{name} is not set, and another variable of {PREFIX} is: set all three, or none")
    address, number, rank = values[0].split(",")[0], *values[1:]
    if not re.fullmatch(r"\S+:\d+", address):
        raise UserError(f"{names[0]} is {address}: must be host and port of process 0, as 10.0.0.1:6400")
    if not (number.isdecimal() and rank.isdecimal() and int(rank) < int(number)):
        raise UserError(
            f"{names[2]} is {rank} and {names[1]} is {number}: must be whole numbers, the first the smaller"
        )
    if keras.backend.backend() != "jax":
        raise UserError(
            f"a training over several processes needs JAX: set KERAS_BACKEND=jax, or unset {PREFIX}*"
        )
    return Process(int(number), int(rank), address)


@contextmanager
def joined(wanted: Literal["auto", 1]) -> Iterator[Devices]:
    """Yield the devices of a training, having joined the other processes if there are any.

    If one of them is lost, this one ends within a minute with a line that says which.

    Args:
        wanted: all devices, or one; TensorFlow has one.

    Raises:
        UserError: see `this_process`; one device is wanted of several processes; not all came, have equally
            many devices, or are still there.
    """
    me = this_process()
    if me.number > 1 and wanted == 1:
        raise UserError(
            f"train.devices is 1, and {PREFIX}NUM_PROCESSES is {me.number}: set it to auto, or unset "
            f"{PREFIX}*"
        )
    if keras.backend.backend() != "jax":
        yield Devices()
    elif me.number == 1:
        count = 1 if wanted == 1 else keras.distribution.get_device_count()
        yield Devices(count, distribution=keras.distribution.DataParallel() if count > 1 else None)
    else:
        with _together(me) as devices:
            yield devices


@contextmanager
def _together(me: Process) -> Iterator[Devices]:
    """Join the other processes, and leave them at the end; after an error leave without a word to them."""
    import jax

    stderr = os.dup(2)
    # In a session of its own, so that Ctrl-C reaches the training alone
    command = [sys.executable, "-I", str(FILTER)]
    rest = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stderr, start_new_session=True)
    assert rest.stdin
    os.dup2(rest.stdin.fileno(), 2)
    try:
        jax.distributed.initialize(
            me.address,
            me.number,
            me.rank,
            initialization_timeout=JOIN,
            heartbeat_timeout_seconds=HEARTBEAT,
            shutdown_timeout_seconds=SHUTDOWN,
        )
        count, here = jax.device_count(), jax.local_device_count()
        if count != here * me.number:
            raise UserError(
                f"process {me.rank} has {here} of {count} devices: each of the {me.number} must have "
                "equally many (CUDA_VISIBLE_DEVICES)"
            )
        distribution = keras.distribution.DataParallel(auto_shard_dataset=False)
        yield Devices(count, me.number, me.rank, distribution)
        jax.distributed.shutdown()  # type: ignore[no-untyped-call]
    except BaseException as error:
        # JAX would wait for the others at exit, who cannot know; they notice that this one is gone
        atexit.register(_leave, INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1)
        if isinstance(error, (RuntimeError, ValueError)) and CONNECTION.search(str(error)):
            raise UserError(lost(f"{1 - me.rank}" if me.number == 2 else "")) from error
        raise
    sys.stderr.flush()
    os.dup2(stderr, 2)
    os.close(stderr)
    rest.stdin.close()
    rest.wait()


def _leave(status: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(status)
