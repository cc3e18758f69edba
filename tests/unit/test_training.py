import os
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, get_args

import numpy as np
import pytest

from emotion.config.schema import TrainParams
from emotion.data.storage import Split
from emotion.network.keras_setup import keras, layers
from emotion.training.checkpoint import History
from emotion.training.loop import best_epoch, fit
from emotion.training.loss import loss
from tests.support.learning import TRAIN, VALIDATION, Killed, killed_after, small_network, split, train
from tests.support.parameters import train_params

EPOCHS = train_params().epochs
STATM = Path("/proc/self/statm")


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


@pytest.mark.parametrize("epoch", [1, EPOCHS - 1])
def test_a_killed_training_resumes_to_the_same_weights(
    undisturbed: tuple[History, list[np.ndarray]], tmp_path: Path, epoch: int
) -> None:
    checkpoint = tmp_path / "c.npz"
    with pytest.raises(Killed):
        fit(small_network(), train_params(), TRAIN, VALIDATION, checkpoint, killed_after(epoch))
    seen: list[dict[str, float]] = []
    history, network = train(checkpoint, seen)
    assert history == seen == undisturbed[0]
    for value, expected in zip(network.get_weights(), undisturbed[1], strict=True):
        assert np.array_equal(value, expected)


@pytest.mark.parametrize("average", [0.0, 0.8])
def test_the_network_ends_with_the_weights_of_the_best_epoch(tmp_path: Path, average: float) -> None:
    history, network = train(tmp_path / "c.npz", lr=0.05, average=average)
    network.compile(loss="categorical_crossentropy", metrics=["accuracy"])
    pixels = np.asarray(VALIDATION.images) / np.float32(255)
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
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"resuming after epoch {len(first)} ")
    assert not any(line.startswith("epoch") for line in lines)


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


def test_a_step_is_traced_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow traces it a second time if variables are made in it, and that takes seconds."""
    traced: list[int] = []
    step = keras.Model.train_step

    def counted(model: keras.Model, *args: Any) -> Any:
        traced.append(1)
        return step(model, *args)

    monkeypatch.setattr(keras.Model, "train_step", counted)
    history, _ = train(tmp_path / "c.npz", batch_size=len(TRAIN), epochs=2)
    assert (len(history), len(traced)) == (2, 1)


def test_the_first_of_equally_good_epochs_is_the_best() -> None:
    assert best_epoch([{"val_accuracy": accuracy} for accuracy in (0.1, 0.5, 0.4, 0.5)]) == 2


def test_there_is_something_to_learn_and_it_is_learnt(tmp_path: Path) -> None:
    history, _ = train(tmp_path / "c.npz", lr=0.02, epochs=15, patience=15)
    assert max(entry["val_accuracy"] for entry in history) > 0.5


@pytest.mark.parametrize("optimizer", get_args(TrainParams.model_fields["optimizer"].annotation))
def test_every_optimizer_of_the_params_trains(tmp_path: Path, optimizer: str) -> None:
    before = small_network().get_weights()
    history, network = train(tmp_path / "c.npz", optimizer=optimizer, epochs=1)
    assert set(history[0]) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert all(np.any(old != new) for old, new in zip(before, network.get_weights(), strict=True))


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[np.ndarray, ...]]:
    """What each step of a training is given after the faces: their targets and, if any, their weights."""
    given: list[tuple[np.ndarray, ...]] = []
    step = keras.Model.train_on_batch

    def recorded(model: keras.Model, faces: np.ndarray, *rest: np.ndarray, **options: Any) -> Any:
        given.append(rest)
        return step(model, faces, *rest, **options)

    monkeypatch.setattr(keras.Model, "train_on_batch", recorded)
    return given


def test_each_face_counts_by_the_weight_of_its_class(
    tmp_path: Path, steps: list[tuple[np.ndarray, ...]]
) -> None:
    train(tmp_path / "c.npz", epochs=1, class_weights="balanced")
    targets, weights = (np.concatenate(parts) for parts in zip(*steps, strict=True))
    labels = targets.argmax(axis=1)
    assert sorted(labels) == sorted(TRAIN.labels)
    for label, count in enumerate(np.bincount(TRAIN.labels)):
        assert weights[labels == label] == pytest.approx(len(TRAIN) / (7 * count))


def test_soft_targets_take_the_place_of_the_labels(
    tmp_path: Path, steps: list[tuple[np.ndarray, ...]]
) -> None:
    shares = np.random.default_rng(0).dirichlet(np.ones(7), len(TRAIN)).astype(np.float32)
    soft = replace(TRAIN, targets=shares)
    fit(small_network(), train_params(epochs=1), soft, VALIDATION, tmp_path / "c.npz", lambda entry: None)
    (targets,) = (np.concatenate(parts) for parts in zip(*steps, strict=True))
    assert np.array_equal(np.sort(targets, axis=0), np.sort(shares, axis=0))


def test_balanced_sampling_gives_the_classes_their_share_of_the_steps(
    tmp_path: Path, steps: list[tuple[np.ndarray, ...]]
) -> None:
    rows = np.flatnonzero((TRAIN.labels != 1) | (np.arange(len(TRAIN)) == np.argmax(TRAIN.labels == 1)))
    rare = Split(TRAIN.images[rows], TRAIN.labels[rows], TRAIN.rows[rows])  # a single face of class 1
    fit(
        small_network(),
        train_params(epochs=20, patience=20, sampling="balanced"),
        rare,
        VALIDATION,
        tmp_path / "c.npz",
        lambda entry: None,
    )
    (targets,) = (np.concatenate(parts) for parts in zip(*steps, strict=True))
    assert targets.mean(axis=0) == pytest.approx(np.full(7, 1 / 7), abs=0.04)


def test_a_training_with_everything_switched_on_resumes_to_the_same_weights(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"class_weights": "sqrt", "sampling": "balanced", "weight_decay": 0.01}
    changes |= {"optimizer": "sgd", "momentum": 0.9, "schedule": "cosine", "warmup": 0.25}
    changes |= {"mixup": 0.2, "average": 0.9, "rotation": 10.0, "light": 0.2, "erase": 0.5}
    whole, network = train(tmp_path / "whole.npz", **changes)
    with pytest.raises(Killed):
        fit(small_network(), train_params(**changes), TRAIN, VALIDATION, tmp_path / "c.npz", killed_after(2))
    history, resumed = train(tmp_path / "c.npz", **changes)
    assert history == whole
    for value, expected in zip(resumed.get_weights(), network.get_weights(), strict=True):
        assert np.array_equal(value, expected)


class Sides(layers.Layer):  # type: ignore[misc]
    """Notes the sides of the faces that pass."""

    seen: ClassVar[list[int | None]] = []

    def call(self, faces: Any) -> Any:
        self.seen.append(faces.shape[1])
        return faces


def sides_network() -> keras.Model:
    """A network for faces of any size."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            layers.Input((48, 48, 1)),
            Sides(),
            layers.Conv2D(4, 3, strides=4, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(7, activation="softmax"),
        ]
    )


def test_the_first_epochs_see_small_faces_and_validation_whole_ones(tmp_path: Path) -> None:
    histories = []
    for small in (0, 1, 2):
        Sides.seen.clear()
        params = train_params(epochs=2, small_epochs=small, small_side=24)
        network, checkpoint = sides_network(), tmp_path / f"{small}/c.npz"
        histories.append(fit(network, params, TRAIN, VALIDATION, checkpoint, lambda entry: None).history)
        assert set(Sides.seen) == ({24, 48, None} if small else {48})
        assert network.input_shape == (None, 48, 48, 1)
    whole, first, both = histories
    assert whole[0] != first[0] == both[0]
    assert first[1] != both[1]


def test_a_training_killed_among_its_small_epochs_resumes_to_the_same_weights(tmp_path: Path) -> None:
    params = train_params(epochs=3, small_epochs=2)
    whole, resumed = sides_network(), sides_network()
    fit(whole, params, TRAIN, VALIDATION, tmp_path / "whole/c.npz", lambda entry: None)
    with pytest.raises(Killed):
        fit(sides_network(), params, TRAIN, VALIDATION, tmp_path / "c.npz", killed_after(1))
    fit(resumed, params, TRAIN, VALIDATION, tmp_path / "c.npz", lambda entry: None)
    for value, expected in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        assert np.array_equal(value, expected)


def test_label_smoothing_spreads_its_share_over_all_classes() -> None:
    actual, predicted = np.eye(7)[[0]], np.array([[0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]])
    expected = -(0.9 + 0.1 / 7) * np.log(0.4) - 0.1 * 6 / 7 * np.log(0.1)
    found = float(loss(train_params(label_smoothing=0.1))(actual, predicted))
    assert found == pytest.approx(expected, rel=1e-5)


def test_running_means_of_the_weights_are_validated_and_do_not_change_the_training(tmp_path: Path) -> None:
    plain, _ = train(tmp_path / "plain/c.npz", epochs=2)
    averaged, _ = train(tmp_path / "averaged/c.npz", epochs=2, average=0.8)
    for one, other in zip(plain, averaged, strict=True):
        assert one["loss"] == other["loss"]
        assert one["val_loss"] != other["val_loss"]


def test_a_long_running_mean_learns_from_the_first_epochs_on(tmp_path: Path) -> None:
    """Its decay rises with the steps: with the full one it would still be next to the initial weights."""
    plain, _ = train(tmp_path / "plain/c.npz", lr=0.05, epochs=4)
    averaged, _ = train(tmp_path / "averaged/c.npz", lr=0.05, epochs=4, average=0.9999)
    assert len(plain) == len(averaged) == 4
    assert averaged[-1]["val_loss"] < 1.5 * plain[-1]["val_loss"]


@pytest.mark.skipif(not STATM.exists(), reason="needs /proc of Linux")
def test_memory_does_not_grow_with_the_epochs(tmp_path: Path) -> None:
    """Each epoch copies its faces, here 9 MB: were the copies kept, these seven epochs would add 64 MB.

    An allocator that gives memory back later moves by one or two of them.
    """
    params = train_params(batch_size=400, epochs=12, patience=12)
    resident: list[float] = []

    def on_epoch(entry: dict[str, float]) -> None:
        resident.append(int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6)

    fit(small_network(), params, split(4000, 0), VALIDATION, tmp_path / "c.npz", on_epoch)
    assert min(resident[-3:]) - max(resident[1:4]) < 46


def test_focal_loss_makes_little_of_what_is_known_already() -> None:
    """The loss of a class with probability p is -(1 - p)^gamma log(p)."""
    actual, predicted = np.eye(7)[[0, 0]], np.array([[0.9, 0.1, 0, 0, 0, 0, 0], [0.3, 0.7, 0, 0, 0, 0, 0]])
    known, unknown = 0.1**2 * -np.log(0.9), 0.7**2 * -np.log(0.3)
    assert float(loss(train_params(focal_gamma=2.0))(actual, predicted)) == pytest.approx(
        (known + unknown) / 2, rel=1e-5
    )
