"""Grad-CAM of a network whose answer anyone can work out, and where it looks in the project's own."""

import os
import subprocess
import sys

import numpy as np
import pytest

from emotion.explain import grad_cam
from emotion.explain.grad_cam import GradCAM, last_channels
from emotion.labels import CLASSES
from emotion.network.keras_setup import keras, layers
from emotion.network.model import build, from_pixels
from tests.support.parameters import model_params
from tests.support.paths import ROOT

HAPPINESS, SAD, SURPRISE = 3, 4, 5


def by_hand() -> keras.Model:
    """A network that sees how light and how dark each of 6 x 6 cells is, and no more.

    Light speaks for Happiness and half as much against Sad; dark the other way round.
    """
    inputs = layers.Input((48, 48, 1))
    x = layers.AveragePooling2D(8)(inputs)
    x = layers.Conv2D(2, 1, activation="relu", name="light_and_dark")(x)
    x = layers.MaxPooling2D(2)(x)  # a map of 3 x 3 cells is too coarse to be shown
    x = layers.GlobalAveragePooling2D()(x)
    network = keras.Model(inputs, layers.Dense(len(CLASSES), activation="softmax", name="last")(x))
    light_and_dark = np.array([1, -1], np.float32).reshape(1, 1, 1, 2)
    network.get_layer("light_and_dark").set_weights([light_and_dark, np.array([0, 1], np.float32)])
    logits = np.zeros((2, len(CLASSES)), np.float32)
    logits[:, [HAPPINESS, SAD]] = [[1, -0.5], [-0.5, 1]]
    network.get_layer("last").set_weights([logits, np.full(len(CLASSES), 50, np.float32)])
    return network


def faces_of(cells: np.ndarray) -> np.ndarray:
    """Faces, uint8 (N, 48, 48, 1), of cells as light as these, (N, 6, 6), 0 to 1."""
    pixels = (255 * cells).round().astype(np.uint8)
    return np.kron(pixels, np.ones((1, 8, 8), np.uint8))[..., None]


def check_by_hand(model: keras.Model) -> None:
    light = np.random.default_rng(0).integers(0, 256, (3, 6, 6)) / 255
    classes = np.array([HAPPINESS, SAD, SURPRISE])
    dark = 1 - light
    spoke = np.stack([light[0] - dark[0] / 2, dark[1] - light[1] / 2, 0 * light[2]]).clip(min=0)
    expected = spoke / [[[spoke[0].max()]], [[spoke[1].max()]], [[1]]]
    found = GradCAM(model)(faces_of(light), classes)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(("flips", "shifts"), [(False, 0), (True, 0), (True, 3)])
def test_the_map_is_the_one_worked_out_by_hand_whatever_is_averaged(flips: bool, shifts: int) -> None:
    check_by_hand(from_pixels(by_hand(), None, flips, shifts))


def test_the_map_does_not_depend_on_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grad_cam, "BATCH", 2)
    check_by_hand(from_pixels(by_hand()))


def test_jax_gives_the_same_map() -> None:
    code = "from tests.unit.test_grad_cam import *; assert keras.backend.backend() == 'jax'; "
    code += "check_by_hand(from_pixels(by_hand()))"
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)


def test_a_logit_that_is_certain_is_explained_all_the_same() -> None:
    network = by_hand()
    kernel, bias = network.get_layer("last").get_weights()
    bias[HAPPINESS] = 1000  # the probability is 1, and so is flat
    network.get_layer("last").set_weights([kernel, bias])
    check_by_hand(from_pixels(network))


def test_no_face_has_no_map() -> None:
    none = np.empty((0, 48, 48, 1), np.uint8)
    assert GradCAM(from_pixels(by_hand()))(none, np.empty(0, int)).shape == (0, 6, 6)


@pytest.mark.parametrize(
    ("network", "layer", "shape"),
    [
        ("paper_cnn", "conv_512", (6, 6, 512)),
        ("fast_cnn", "relu_2_2", (6, 6, 128)),
        ("wide_cnn", "relu_3_2", (6, 6, 384)),
        ("strong_cnn", "relu_4_2", (6, 6, 512)),
        ("resemotenet", "excited", (6, 6, 256)),
    ],
)
def test_each_network_is_explained_by_its_last_map_of_enough_cells(
    network: str, layer: str, shape: tuple[int, ...]
) -> None:
    channels = last_channels(build(model_params(name=network)))
    assert channels._keras_history.operation.name == layer
    assert channels.shape[1:] == shape
