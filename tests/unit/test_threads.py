"""The number of TensorFlow's threads decides the trained bytes, that of the cores does not."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from emotion.data.storage import save_split
from tests.support.learning import TRAIN, VALIDATION
from tests.support.parameters import write_params
from tests.support.paths import ROOT

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
pytestmark = pytest.mark.skipif(len(CORES) < 2, reason="needs two cores, and Linux to choose among them")

STAGE = """
import os, sys
os.sched_setaffinity(0, map(int, sys.argv.pop(1).split(",")))
from stages import train
train.main()
import tensorflow as tf
print("threads:", tf.config.threading.get_intra_op_parallelism_threads())
"""
OPTIONS = (
    "--train train --validation validation --curves curves --metrics metrics.json --checkpoints checkpoints"
)


@dataclass(frozen=True)
class Training:
    """What a training left behind: its output, its model and the name of its checkpoints."""

    output: str
    model: bytes
    key: str


def trained(folder: Path, threads: int, cores: list[int]) -> Training:
    """Run the stage in a process of its own."""
    folder.mkdir()
    for name, split in (("train", TRAIN), ("validation", VALIDATION)):
        (folder / name).mkdir()
        save_split(folder / name, split)
    write_params(
        folder, model={"name": "fast_cnn"}, train={"epochs": 1, "batch_size": 16, "threads": threads}
    )
    allowed = ",".join(map(str, cores))
    done = subprocess.run(
        [sys.executable, "-c", STAGE, allowed, *OPTIONS.split(), "--model", "model.keras"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
        check=True,
    )
    (checkpoints,) = (folder / "checkpoints").iterdir()
    return Training(done.stdout, (folder / "model.keras").read_bytes(), checkpoints.name)


@pytest.fixture(scope="module")
def four_on_one_core(tmp_path_factory: pytest.TempPathFactory) -> Training:
    return trained(tmp_path_factory.mktemp("one") / "run", 4, CORES[:1])


def test_a_training_gives_the_same_bytes_on_one_core_as_on_two(
    four_on_one_core: Training, tmp_path: Path
) -> None:
    on_two = trained(tmp_path / "run", 4, CORES[:2])
    assert on_two.model == four_on_one_core.model
    assert on_two.key == four_on_one_core.key


def test_a_training_with_other_threads_is_another_one(four_on_one_core: Training, tmp_path: Path) -> None:
    three = trained(tmp_path / "run", 3, CORES[:1])
    assert three.key != four_on_one_core.key


def test_tensorflow_gets_the_threads_of_the_parameters(four_on_one_core: Training) -> None:
    assert four_on_one_core.output.splitlines()[-1] == "threads: 4"
