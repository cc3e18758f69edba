from itertools import pairwise

import numpy as np
import pytest

from emotion.config.schema import ModelParams
from emotion.network.blocks import shift_logits
from emotion.network.cost import multiply_adds
from emotion.network.keras_setup import keras, layers
from emotion.network.model import build
from tests.support.parameters import model_params

PARAMS = model_params(name="paper_cnn")
FAST = PARAMS.model_copy(update={"name": "fast_cnn"})
WIDE = PARAMS.model_copy(update={"name": "wide_cnn"})
STRONG = PARAMS.model_copy(update={"name": "strong_cnn"})
RESEMOTENET = PARAMS.model_copy(update={"name": "resemotenet"})
FACES = np.random.default_rng(0).random((4, 48, 48, 1), np.float32)


@pytest.fixture(scope="module")
def paper() -> keras.Model:
    return build(PARAMS)


@pytest.fixture(scope="module")
def fast() -> keras.Model:
    return build(FAST)


def test_layers_are_those_of_the_paper(paper: keras.Model) -> None:
    block = ["Conv2D", "BatchNormalization", "MaxPooling2D", "Dropout"]
    dense = ["Dense", "BatchNormalization", "Dropout"]
    expected = ["InputLayer", "Conv2D", *block * 4, "Flatten", *dense * 2, "Dense"]
    assert [type(layer).__name__ for layer in paper.layers] == expected


def test_filters_and_units_are_those_of_the_paper(paper: keras.Model) -> None:
    filters = [layer.filters for layer in paper.layers if isinstance(layer, keras.layers.Conv2D)]
    units = [layer.units for layer in paper.layers if isinstance(layer, keras.layers.Dense)]
    assert (filters, units) == ([32, 64, 128, 256, 512], [256, 128, 7])


def test_every_layer_with_weights_but_the_last_of_the_paper_ends_in_relu(paper: keras.Model) -> None:
    kinds = (layers.Conv2D, layers.Dense)
    functions = [layer.activation.__name__ for layer in paper.layers if isinstance(layer, kinds)]
    assert functions == ["relu"] * 7 + ["softmax"]


@pytest.mark.parametrize("params", [FAST, WIDE, STRONG])
def test_every_convolution_is_normalised_then_rectified(params: ModelParams) -> None:
    kinds = [type(layer) for layer in build(params).layers]
    after = [kinds[index + 1] for index, kind in enumerate(kinds) if kind is layers.BatchNormalization]
    assert after == [layers.ReLU] * kinds.count(layers.Conv2D)


def test_dropout_rates_come_from_the_params(paper: keras.Model) -> None:
    rates = [layer.rate for layer in paper.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.2, 0.25, 0.25, 0.25, 0.5, 0.5]


def test_only_the_last_two_convolutions_have_l2(paper: keras.Model) -> None:
    strengths = {
        layer.filters: float(layer.kernel_regularizer.l2)
        for layer in paper.layers
        if isinstance(layer, keras.layers.Conv2D) and layer.kernel_regularizer
    }
    assert strengths == pytest.approx({256: 0.001, 512: 0.001})


def test_number_of_parameters(paper: keras.Model) -> None:
    convolutions = sum(9 * i * o + o for i, o in [(1, 32), (32, 64), (64, 128), (128, 256), (256, 512)])
    dense = sum(i * o + o for i, o in [(9 * 512, 256), (256, 128), (128, 7)])
    norms = 4 * (64 + 128 + 256 + 512 + 256 + 128)
    assert paper.count_params() == convolutions + dense + norms == 2_787_079


def test_the_fast_network_has_its_maps_and_its_one_dropout(fast: keras.Model) -> None:
    convolutions = [layer for layer in fast.layers if isinstance(layer, layers.Conv2D)]
    shapes = [(layer.output.shape[1], layer.filters) for layer in convolutions]
    expected = [(24, 24), (24, 64), (12, 64), (12, 128), (6, 128), (6, 256)]
    assert shapes == expected
    assert [layer.rate for layer in fast.layers if isinstance(layer, layers.Dropout)] == [0.2]


def test_number_of_parameters_of_the_fast_network(fast: keras.Model) -> None:
    widths = [(24, 64), (64, 64), (64, 128), (128, 128), (128, 256)]
    convolutions = 25 * 24 + sum(9 * i * o for i, o in widths)
    norms = 4 * (24 + 2 * 64 + 2 * 128 + 256)
    assert fast.count_params() == convolutions + norms + 256 * 7 + 7 == 571_839


@pytest.mark.parametrize(("params", "pools"), [(FAST, 3), (WIDE, 2)])
def test_the_networks_for_a_cpu_pool_before_they_normalise(params: ModelParams, pools: int) -> None:
    kinds = [type(layer) for layer in build(params).layers]
    after_a_pool = [kinds[index + 1] for index, kind in enumerate(kinds) if kind is layers.MaxPooling2D]
    assert after_a_pool == [layers.BatchNormalization] * pools


def test_the_wide_network_has_its_maps_and_five_times_the_work_of_the_fast_one(fast: keras.Model) -> None:
    network = build(WIDE)
    convolutions = [layer for layer in network.layers if isinstance(layer, layers.Conv2D)]
    shapes = [(layer.output.shape[1], layer.filters) for layer in convolutions]
    assert shapes == [(24, 32), (24, 96), (24, 96), (12, 192), (12, 192), (6, 384), (6, 384)]
    assert network.count_params() < 5_000_000
    assert multiply_adds(network) / multiply_adds(fast) == pytest.approx(5, rel=0.1)


def test_the_strong_network_has_its_maps_and_fewer_than_five_million_weights() -> None:
    network = build(STRONG)
    convolutions = [layer for layer in network.layers if isinstance(layer, layers.Conv2D)]
    shapes = [(layer.output.shape[1], layer.filters) for layer in convolutions]
    assert shapes == [(48 // 2**i, 64 * 2**i) for i in range(4) for _ in range(2)]
    assert network.count_params() < 5_000_000


def test_resemotenet_has_the_blocks_and_weights_of_its_authors() -> None:
    """Counted from their description, without the biases that batch normalisation takes away."""
    widths = [(1, 64), (64, 128), (128, 256)]
    weights = sum(9 * i * o + 4 * o for i, o in widths) + 2 * 256 * 16
    blocks = [(256, 512), (512, 1024), (1024, 2048)]
    weights += sum(9 * i * o + 9 * o * o + i * o + 3 * 4 * o for i, o in blocks)
    weights += sum(i * o + o for i, o in [(2048, 1024), (1024, 512), (512, 256), (256, 7)])
    network = build(RESEMOTENET)
    assert network.count_params() == weights
    sizes = [layer.output.shape[1] for layer in network.layers if isinstance(layer, layers.Add)]
    assert sizes == [3, 2, 1]


@pytest.mark.parametrize("params", [PARAMS, FAST, WIDE, STRONG, RESEMOTENET])
def test_bfloat16_is_for_convolutions_and_the_pooling_of_what_they_give(params: ModelParams) -> None:
    network = build(params, "bfloat16")
    for before, layer in pairwise(network.layers):
        pools_it = isinstance(layer, layers.MaxPooling2D) and isinstance(before, layers.Conv2D)
        half = isinstance(layer, layers.Conv2D) or pools_it
        assert layer.compute_dtype == ("bfloat16" if half else "float32"), layer.name
    assert {variable.dtype for variable in network.weights} == {"float32"}


@pytest.mark.parametrize("params", [PARAMS, FAST, WIDE, STRONG, RESEMOTENET])
def test_shifted_logits_are_those_of_the_probabilities(params: ModelParams) -> None:
    network, shifts = build(params), np.linspace(-1, 2, 7)
    before = network.predict(FACES, verbose=0)
    shift_logits(network, shifts)
    shifted = before * np.exp(shifts)
    expected = shifted / shifted.sum(axis=1, keepdims=True)
    assert network.predict(FACES, verbose=0) == pytest.approx(expected, rel=1e-4)
