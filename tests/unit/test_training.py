from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotion.backend import keras, layers
from emotion.checkpoint import History
from emotion.errors import UserError
from emotion.splits import Split
from emotion.training import OPTIMIZERS, TrainParams, best_epoch, fit

EPOCHS = 4


def split(rows: int, seed: int) -> Split:
    """Faces whose class shows in their brightness, so that there is something to learn."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 7, rows).astype(np.uint8)
    images = rng.integers(0, 60, (rows, 48, 48, 1)) + 30 * labels[:, None, None, None]
    return Split(images.astype(np.uint8), labels, np.arange(rows, dtype=np.int32))


TRAIN, VALIDATION = split(70, 0), split(35, 1)


def small_network() -> keras.Model:
    """Layers of every kind that carries state or randomness, but few weights."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            layers.Input((48, 48, 1)),
            layers.Conv2D(4, 3, strides=4, activation="relu"),
            layers.BatchNormalization(momentum=0.5),  # few steps: the averages must follow quickly
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(7, activation="softmax"),
        ]
    )


def params(**changes: Any) -> TrainParams:
    values: dict[str, Any] = {
        "optimizer": "adam",
        "lr": 0.01,
        "batch_size": 16,
        "epochs": EPOCHS,
        "patience": EPOCHS,
        "flip": True,
        "shift": 0.1,
        "zoom": 0.1,
        "precision": "float32",
        "seed": 5,
    }
    return TrainParams(**(values | changes))


def train(
    checkpoint: Path, seen: list[dict[str, float]] | None = None, **changes: Any
) -> tuple[History, keras.Model]:
    network = small_network()
    entries = [] if seen is None else seen
    return fit(network, params(**changes), TRAIN, VALIDATION, checkpoint, entries.append), network


class Killed(BaseException):
    """Stands for a signal: nothing in the training catches it."""


def killed_after(epoch: int) -> Callable[[dict[str, float]], None]:
    epochs = count(1)

    def on_epoch(entry: dict[str, float]) -> None:
        if next(epochs) == epoch:
            raise Killed

    return on_epoch


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[History, list[np.ndarray]]:
    history, network = train(tmp_path_factory.mktemp("checkpoints") / "c.npz")
    return history, network.get_weights()


def test_the_same_seed_gives_the_same_weights(
    undisturbed: tuple[History, list[np.ndarray]], tmp_path: Path
) -> None:
    history, network = train(tmp_path / "c.npz")
    assert history == undisturbed[0]
    for value, expected in zip(network.get_weights(), undisturbed[1], strict=True):
        assert np.array_equal(value, expected)


def test_another_seed_gives_other_weights(
    undisturbed: tuple[History, list[np.ndarray]], tmp_path: Path
) -> None:
    history, _ = train(tmp_path / "c.npz", seed=6)
    assert history != undisturbed[0]


@pytest.mark.parametrize("epoch", range(1, EPOCHS + 1))
def test_a_killed_training_resumes_to_the_same_weights(
    undisturbed: tuple[History, list[np.ndarray]], tmp_path: Path, epoch: int
) -> None:
    checkpoint = tmp_path / "c.npz"
    with pytest.raises(Killed):
        fit(small_network(), params(), TRAIN, VALIDATION, checkpoint, killed_after(epoch))
    seen: list[dict[str, float]] = []
    history, network = train(checkpoint, seen)
    assert history == seen == undisturbed[0]
    for value, expected in zip(network.get_weights(), undisturbed[1], strict=True):
        assert np.array_equal(value, expected)


def test_the_network_ends_with_the_weights_of_the_best_epoch(tmp_path: Path) -> None:
    history, network = train(tmp_path / "c.npz", lr=0.05)
    network.compile(loss="categorical_crossentropy", metrics=["accuracy"])
    pixels = VALIDATION.images / np.float32(255)
    _, accuracy = network.evaluate(pixels, keras.utils.to_categorical(VALIDATION.labels, 7), verbose=0)
    assert accuracy == pytest.approx(max(entry["val_accuracy"] for entry in history))


def test_training_stops_when_patience_is_over(tmp_path: Path) -> None:
    history, _ = train(tmp_path / "c.npz", lr=1e-9, epochs=50, patience=2)
    assert len(history) - best_epoch(history) == 2
    assert len(history) < 50


def test_a_stopped_training_stays_stopped_when_rerun(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _ = train(tmp_path / "c.npz", lr=1e-9, epochs=50, patience=1)
    capsys.readouterr()
    again, _ = train(tmp_path / "c.npz", lr=1e-9, epochs=50, patience=1)
    assert again == first
    assert [line.split(" (")[0] for line in capsys.readouterr().out.splitlines()] == [
        f"resuming after epoch {len(first)}"
    ]


def test_a_stopped_training_goes_on_with_more_patience(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped, _ = train(tmp_path / "1/50-1.npz", lr=1e-9, epochs=50, patience=1)
    longer, network = train(tmp_path / "1/50-3.npz", lr=1e-9, epochs=50, patience=3)
    assert f"resuming after epoch {len(stopped)}" in capsys.readouterr().out
    whole, undisturbed = train(tmp_path / "2/50-3.npz", lr=1e-9, epochs=50, patience=3)
    assert longer == whole
    for value, expected in zip(network.get_weights(), undisturbed.get_weights(), strict=True):
        assert np.array_equal(value, expected)


def test_a_longer_training_goes_on_from_a_shorter_one(
    undisturbed: tuple[History, list[np.ndarray]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(tmp_path / "short.npz", epochs=1)
    train(tmp_path / "longer.npz", epochs=2)
    history, network = train(tmp_path / "whole.npz")
    assert "resuming after epoch 2" in capsys.readouterr().out
    assert history == undisturbed[0]
    for value, expected in zip(network.get_weights(), undisturbed[1], strict=True):
        assert np.array_equal(value, expected)


def test_a_shorter_training_does_not_go_on_from_a_longer_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(tmp_path / "whole.npz", lr=1e-9, epochs=4, patience=4)  # the first epoch stays the best
    train(tmp_path / "fewer epochs.npz", lr=1e-9, epochs=3, patience=4)
    train(tmp_path / "less patience.npz", lr=1e-9, epochs=4, patience=1)
    assert "resuming" not in capsys.readouterr().out


def test_the_first_of_equally_good_epochs_is_the_best() -> None:
    assert best_epoch([{"val_accuracy": accuracy} for accuracy in (0.1, 0.5, 0.4, 0.5)]) == 2


def test_there_is_something_to_learn_and_it_is_learnt(tmp_path: Path) -> None:
    history, _ = train(tmp_path / "c.npz", lr=0.02, epochs=15, patience=15)
    assert max(entry["val_accuracy"] for entry in history) > 0.5


def test_an_infinite_loss_is_one_line_that_names_epoch_and_rate(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not finite after epoch \d; try a train\.lr under 10"):
        train(tmp_path / "c.npz", optimizer="sgd", lr=10.0, epochs=8)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_of_the_params_trains(tmp_path: Path, optimizer: str) -> None:
    history, _ = train(tmp_path / "c.npz", optimizer=optimizer, epochs=1)
    assert set(history[0]) == {"loss", "accuracy", "val_loss", "val_accuracy"}


def test_one_line_is_printed_for_each_epoch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(tmp_path / "c.npz", epochs=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  accuracy")[0] for line in lines] == ["epoch  1/2", "epoch  2/2"]
