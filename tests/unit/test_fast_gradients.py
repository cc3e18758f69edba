import numpy as np
import pytest

from emotion.config.schema import Precision
from emotion.network.keras_setup import keras, layers
from emotion.network.model import build
from emotion.training.fast_gradients import FastConv2D, FusedBatchNormalization, fast_layer
from tests.support.parameters import model_params

PARAMS = model_params(name="paper_cnn", dropout=0.0, conv_dropout=0.0, dense_dropout=0.0)
pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's kernels")
FACES = np.random.default_rng(0).random((8, 48, 48, 1), np.float32)


def network(precision: Precision = "float32") -> keras.Model:
    keras.utils.set_random_seed(0)
    return build(PARAMS, precision)


def with_fast_gradients(start: keras.Model) -> keras.Model:
    copy = keras.models.clone_model(start, clone_function=fast_layer)
    copy.set_weights(start.get_weights())
    return copy


def after_a_step(model: keras.Model) -> list[np.ndarray]:
    """Return the weights, moving averages included, after one step of plain gradient descent."""
    model.compile(keras.optimizers.SGD(1.0), "categorical_crossentropy", jit_compile=False)
    model.train_on_batch(FACES, np.eye(7)[np.arange(8) % 7])
    weights: list[np.ndarray] = model.get_weights()
    return weights


def test_a_step_of_training_changes_every_weight_as_with_keras() -> None:
    start, fast = network(), with_fast_gradients(network())
    before, paths = start.get_weights(), [weight.path for weight in start.weights]
    for path, old, expected, new in zip(paths, before, after_a_step(start), after_a_step(fast), strict=True):
        size = np.abs(expected - old).max()
        assert np.abs(new - expected).max() <= 1e-3 * size + 1e-7, path


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_copy_predicts_the_same(precision: Precision) -> None:
    start = network(precision)
    fast = with_fast_gradients(start)
    assert fast.predict(FACES, verbose=0) == pytest.approx(start.predict(FACES, verbose=0), abs=1e-6)


def test_bfloat16_trains_every_weight() -> None:
    start, fast = network("bfloat16"), with_fast_gradients(network("bfloat16"))
    changes = [
        np.abs(new - old).max() for new, old in zip(after_a_step(fast), start.get_weights(), strict=True)
    ]
    assert np.isfinite(changes).all()
    assert min(changes) > 0


def test_layers_of_feature_maps_are_exchanged_and_the_network_is_left_alone() -> None:
    start = network()
    fast = with_fast_gradients(start)
    assert [type(layer) for layer in fast.layers if "conv" in layer.name] == [FastConv2D] * 5
    norms = [type(layer) for layer in fast.layers if "norm" in layer.name]
    assert norms == [FusedBatchNormalization] * 4 + [layers.BatchNormalization] * 2
    assert {layer.__module__.split(".")[0] for layer in start.layers} == {"keras"}
    assert [layer.name for layer in fast.layers] == [layer.name for layer in start.layers]


@pytest.mark.parametrize(
    "options", [{"strides": 2}, {"padding": "valid"}, {"dilation_rate": 2}, {"kernel_size": 2}, {"groups": 2}]
)
def test_other_convolutions_stay_as_they_are(options: dict[str, int | str]) -> None:
    convolution = layers.Conv2D(**({"filters": 4, "kernel_size": 3, "padding": "same"} | options))
    start = keras.Sequential([layers.Input((48, 48, 2)), convolution])
    assert [type(layer) for layer in with_fast_gradients(start).layers] == [layers.Conv2D]


@pytest.mark.parametrize("options", [{"scale": False}, {"center": False}, {"renorm": True}, {"axis": 1}])
def test_other_normalisations_stay_as_they_are(options: dict[str, bool | int]) -> None:
    start = keras.Sequential([layers.Input((48, 48, 2)), layers.BatchNormalization(**options)])
    assert [type(layer) for layer in with_fast_gradients(start).layers] == [layers.BatchNormalization]


def test_a_frozen_normalisation_keeps_its_averages() -> None:
    fast = with_fast_gradients(network())
    norm = fast.get_layer("norm_64")
    norm.trainable = False
    before = [np.array(value) for value in norm.get_weights()]
    after_a_step(fast)
    assert all(np.array_equal(old, new) for old, new in zip(before, norm.get_weights(), strict=True))
