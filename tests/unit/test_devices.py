"""One training over several devices: two processes, killed and resumed, give the model of one with two."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emotion.network.keras_setup import keras, layers
from emotion.runtime.errors import UserError
from emotion.training.devices import FILTER, PREFIX, Accuracy, Devices, joined, this_process
from emotion.training.run import epoch_settings
from tests.support.learning import split
from tests.support.parameters import model_params, train_params
from tests.support.paths import ROOT

ADDRESSES, NUMBER, RANK = (f"{PREFIX}{name}" for name in ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID"))
LOST = "error: process {} of this training is lost; start all again: they go on after the last whole epoch"
CAME_NOT = "error: not all processes of this training have come: start each with the same"

# A last batch that does not divide by two, in training and validation; a network that JAX compiles in seconds
TRAINING = """
import os, signal, sys
from pathlib import Path

from emotion.network.model import save_model
from emotion.runtime.errors import one_line_errors
from emotion.training import run
from emotion.training.devices import this_process
from tests.support.learning import small_network, split
from tests.support.parameters import model_params, train_params

folder, killed = Path(sys.argv[1]), int(sys.argv[2])
epochs = 0

def on_epoch(entry):
    global epochs
    epochs += 1
    if epochs == killed:
        os.kill(os.getpid(), signal.SIGKILL)

run.build = lambda *_: small_network()
params = train_params(epochs=3, batch_size=8, shift=0.0, zoom=0.0, class_weights="sqrt")
with one_line_errors():
    splits = split(35, 0), split(19, 1)
    trained = run.train_model(*splits, model_params(), params, folder / "checkpoints", on_epoch)
    save_model(trained.model, folder / "model.keras")
"""


def started(folder: Path, killed: int = 0, **env: str) -> subprocess.Popen[str]:
    """Start a training with JAX, which kills itself after so many epochs, if above 0."""
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", TRAINING, str(folder), str(killed)],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": "jax"} | env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def two_processes(folder: Path, killed: tuple[int, int] = (0, 0)) -> list[tuple[int, str, str]]:
    """Train in two processes, each with a folder of its own; return how they ended and what they printed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    processes = [
        started(folder / str(rank), killed[rank], **{ADDRESSES: address, NUMBER: "2", RANK: str(rank)})
        for rank in (0, 1)
    ]
    printed = [process.communicate() for process in processes]
    return [(process.returncode, *texts) for process, texts in zip(processes, printed, strict=True)]


def test_two_processes_killed_and_resumed_give_the_model_of_one_with_two_devices(tmp_path: Path) -> None:
    alone = started(tmp_path / "alone", XLA_FLAGS="--xla_force_host_platform_device_count=2")
    output, errors = alone.communicate()
    assert "epoch  3/3" in output, errors

    (status, _, said), _ = two_processes(tmp_path, killed=(0, 1))
    assert (status, said.splitlines()[-1]) == (1, LOST.format(1))

    (_, resumed, _), (status, _, said) = two_processes(tmp_path, killed=(2, 0))
    assert "resuming after epoch 1" in resumed
    assert status != 0
    assert [line for line in said.splitlines() if "lost" in line] == [LOST.format(0)]
    assert said.splitlines()[-1] == LOST.format(0)

    (first, resumed, errors), (second, _, others) = two_processes(tmp_path)
    assert (first, second) == (0, 0), errors + others
    assert "resuming after epoch 2" in resumed
    expected = (tmp_path / "alone/model.keras").read_bytes()
    assert (tmp_path / "0/model.keras").read_bytes() == expected
    assert (tmp_path / "1/model.keras").read_bytes() == expected  # the others end with the same weights
    assert not (tmp_path / "1/checkpoints").exists()  # and process 0 alone locks and writes


def test_a_batch_that_does_not_divide_is_filled_up_and_each_process_takes_its_rows() -> None:
    images, targets = np.arange(5), np.eye(7, dtype=np.float32)[:5]
    parts = [Devices(4, 2, rank).share([images, targets]) for rank in (0, 1)]
    rows, classes, weights = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    assert list(rows) == [0, 1, 2, 3, 4, 0, 1, 2]
    assert np.array_equal(classes, np.concatenate([targets, np.zeros((3, 7))]))
    assert weights == pytest.approx([8 / 5] * 5 + [0] * 3)


def test_a_batch_that_divides_is_taken_as_it_is() -> None:
    images, targets = np.arange(8), np.eye(8, dtype=np.float32)
    (rows, _) = Devices(4, 2, 1).share([images, targets])
    assert list(rows) == [4, 5, 6, 7]


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_that_fill_up_a_batch_change_neither_loss_nor_accuracy(weighted: bool) -> None:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [layers.Input((48, 48, 1)), layers.Flatten(), layers.Rescaling(1e-4), layers.Dense(7, "softmax")]
    )
    model.compile(loss="categorical_crossentropy", metrics=[Accuracy(name="accuracy")])
    faces = split(5, 0)
    batch = [faces.images, keras.utils.to_categorical(faces.labels, 7)]
    if weighted:
        batch.append(np.linspace(0.5, 1.5, 5, dtype=np.float32))
    whole = model.test_on_batch(*batch, return_dict=True)
    model.reset_metrics()
    assert model.test_on_batch(*Devices(8).share(batch), return_dict=True) == pytest.approx(whole, rel=1e-5)


def test_the_number_of_devices_is_part_of_a_training_and_the_wish_for_it_is_not() -> None:
    model, one = model_params(), train_params(devices=1)
    assert epoch_settings(model, one) == epoch_settings(model, train_params(devices="auto"))
    assert epoch_settings(model, one, 2) != epoch_settings(model, one)


@pytest.fixture
def with_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")


@pytest.mark.parametrize(
    ("address", "number", "rank", "message"),
    [
        ("10.0.0.1:6400", "2", "", f"{RANK} is not set, and another variable"),
        ("10.0.0.1", "2", "1", "must be host and port of process 0"),
        ("10.0.0.1:6400", "2", "2", f"{RANK} is 2 and {NUMBER} is 2"),
        ("10.0.0.1:6400", "two", "1", f"{NUMBER} is two"),
    ],
)
def test_variables_that_do_not_go_together_are_refused(
    monkeypatch: pytest.MonkeyPatch, with_jax: None, address: str, number: str, rank: str, message: str
) -> None:
    set_process(monkeypatch, address, number, rank)
    with pytest.raises(UserError, match=message):
        this_process()


def set_process(monkeypatch: pytest.MonkeyPatch, address: str, number: str, rank: str) -> None:
    for name, value in ((ADDRESSES, address), (NUMBER, number), (RANK, rank)):
        monkeypatch.setenv(name, value)


def test_tensorflow_refuses_a_training_over_several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    set_process(monkeypatch, "10.0.0.1:6400,10.0.0.2:6400", "2", "0")
    with pytest.raises(UserError, match="needs JAX: set KERAS_BACKEND=jax"), joined("auto"):
        pass


def test_one_device_of_several_processes_is_refused(monkeypatch: pytest.MonkeyPatch, with_jax: None) -> None:
    set_process(monkeypatch, "10.0.0.1:6400", "2", "0")
    with pytest.raises(UserError, match=f"train.devices is 1, and {NUMBER} is 2"), joined(1):
        pass


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("The following tasks are unhealthy (stopped sending heartbeats):\n3\nThe tasks", LOST.format(3)),
        ("UNAVAILABLE: Failed to send RPC. Either the leader task was preempted", LOST.format(0)),
        ("DEADLINE_EXCEEDED: Deadline Exceeded\n\nRPC: /CoordinationService/Heartbeat", LOST.format(0)),
        ("DEADLINE_EXCEEDED: Deadline Exceeded\n\nRPC: /CoordinationService/RegisterTask", CAME_NOT),
    ],
)
def test_the_last_words_of_jax_are_one_line_that_names_the_lost_process(said: str, expected: str) -> None:
    fatal = f"F1128 04:55:46.0 20118 client.h:80] the JAX distributed service detected fatal errors. {said}"
    text = f"epoch\nE1128 04:55:46.0 1 coordination_service_agent.cc:289] Polled\n{fatal}\n*** Check failure"
    done = subprocess.run(
        [sys.executable, "-I", FILTER], input=text, text=True, capture_output=True, check=True
    )
    first, second, *more = done.stdout.splitlines()
    assert (first, more) == ("epoch", [])
    assert second.startswith(expected)


def test_make_peer_runs_the_command_of_train_and_never_as_process_0(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text('stages: {train: {cmd: echo "trains in" "$DVC_ROOT"}}\n')
    said = []
    for rank in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-m", "tools.peer"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT), RANK: rank},
            text=True,
            capture_output=True,
        )
        said.append((done.returncode, done.stdout or done.stderr))
    assert said[0][0] == 1
    assert said[0][1].startswith(f"error: {RANK} is not above 0")
    assert said[1] == (0, f"trains in {tmp_path}\n")
